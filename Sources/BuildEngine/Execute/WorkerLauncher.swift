/// Starts workers: as processes, on threads in tests, on a cluster's nodes.
package protocol WorkerLauncher: Sendable {
  func launch(_ launch: WorkerLaunch) throws(BuildError) -> any RunningWorker
}

/// One worker to start.
package struct WorkerLaunch: Sendable {
  package var request: WorkerRequest
  /// The file that holds `request`.
  package var requestPath: String
  /// Standard output and error are appended here.
  package var logPath: String
  /// Held by the worker too, so that the key stays locked while any of its processes lives.
  package var lockDescriptor: Int32?
  package var environment: [String: String]
}

/// A worker that was started. Used from the engine's thread only.
package protocol RunningWorker: AnyObject {
  /// Poll readable when there are events to read or the worker ended.
  var descriptors: [Int32] { get }
  /// What arrived since the last call; never waits.
  func readEvents() -> [WorkerEvent]
  /// How it ended, or nil while it runs. Once it says how, nothing of the worker is running.
  func ended() -> WorkerEnd?
  /// Asks it to stop at the next safe point, or ends it at once.
  func stop(force: Bool)
}

extension RunningWorker {
  /// Memory it holds in bytes, when that can be told.
  package var residentBytes: Int? { (self as? any MeasuredWorker)?.measureResidentBytes() }
  /// The most memory it held, known once it ended.
  package var peakResidentBytes: Int? { (self as? any MeasuredWorker)?.peakBytes }
}

/// A worker whose memory can be looked at.
package protocol MeasuredWorker: RunningWorker {
  func measureResidentBytes() -> Int
  var peakBytes: Int? { get }
}

package enum WorkerEnd: Sendable, Hashable {
  case exited(Int32)
  case signalled(Int32)
}
