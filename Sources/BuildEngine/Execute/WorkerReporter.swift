import JSON
import Synchronization

/// A step's reporter that hands events to a closure, progress at most ten times a second.
final class WorkerReporter: StepReporter {
  private struct State {
    var lastProgress = -Double.infinity
    /// The newest progress that was held back.
    var heldProgress: StepProgress?
  }

  private static let interval = 0.1

  private let state = Mutex(State())
  private let cancelled: @Sendable () -> Bool
  private let send: @Sendable (WorkerEvent) -> Void
  private let writeLog: @Sendable (String) -> Void

  init(
    cancelled: @escaping @Sendable () -> Bool, send: @escaping @Sendable (WorkerEvent) -> Void,
    log: @escaping @Sendable (String) -> Void
  ) {
    self.cancelled = cancelled
    self.send = send
    writeLog = log
  }

  var isCancelled: Bool { cancelled() }

  func progress(_ progress: StepProgress) {
    let now = Clock.seconds()
    let isDue = state.withLock { state in
      guard now - state.lastProgress >= Self.interval else {
        state.heldProgress = progress
        return false
      }
      state.lastProgress = now
      state.heldProgress = nil
      return true
    }
    if isDue { send(.progress(progress)) }
  }

  func metric(_ name: String, _ value: JSONValue) { send(.metric(name: name, value: value)) }
  func measurement(_ name: String, _ value: JSONValue) {
    send(.measurement(name: name, value: value))
  }
  func sample(step: Int, _ values: [String: Double]) { send(.sample(step: step, values: values)) }
  func log(_ line: String) { writeLog(line) }
  func partitionDone(_ value: String) { send(.partitionDone(value)) }
  func partitionFailed(_ value: String, _ message: String) {
    send(.partitionFailed(value, message: message))
  }

  /// Sends what was held back.
  func finish() {
    let held = state.withLock { state in
      defer { state.heldProgress = nil }
      return state.heldProgress
    }
    if let held { send(.progress(held)) }
  }
}
