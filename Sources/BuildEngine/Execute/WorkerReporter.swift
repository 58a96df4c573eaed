import JSON
import Synchronization

/// A step's reporter that hands events to a closure, progress at most ten times a second, and
/// partitions that are done some together: a word for each would wake the engine thousands of times.
final class WorkerReporter: StepReporter {
  private struct State {
    var lastProgress = -Double.infinity
    /// The newest progress that was held back.
    var heldProgress: StepProgress?
    /// Partitions that are done and not told yet, and when some were told last.
    var heldDone: [WorkerEvent] = []
    var lastDone = -Double.infinity
  }

  private static let interval = 0.1
  private static let doneInterval = 0.005

  private let state = Mutex(State())
  private let cancelled: @Sendable () -> Bool
  private let send: @Sendable ([WorkerEvent]) -> Void
  private let writeLog: @Sendable (String) -> Void

  init(
    cancelled: @escaping @Sendable () -> Bool,
    send: @escaping @Sendable ([WorkerEvent]) -> Void,
    log: @escaping @Sendable (String) -> Void
  ) {
    self.cancelled = cancelled
    self.send = send
    writeLog = log
  }

  var isCancelled: Bool { cancelled() }

  func progress(_ progress: StepProgress) {
    let now = Clock.seconds()
    let due: [WorkerEvent] = state.withLock { state in
      let done = Self.takeDone(&state)
      guard now - state.lastProgress >= Self.interval else {
        state.heldProgress = progress
        return done
      }
      state.lastProgress = now
      state.heldProgress = nil
      return done + [.progress(progress)]
    }
    if !due.isEmpty { send(due) }
  }

  func metric(_ name: String, _ value: JSONValue) { tell(.metric(name: name, value: value)) }
  func measurement(_ name: String, _ value: JSONValue) {
    tell(.measurement(name: name, value: value))
  }
  func sample(step: Int, _ values: [String: Double]) { tell(.sample(step: step, values: values)) }
  func log(_ line: String) { writeLog(line) }
  func written(_ output: WrittenOutput) { tell(.written(output)) }
  func partitionFailed(_ value: String, _ message: String) {
    tell(.partitionFailed(value, message: message))
  }

  func partitionDone(_ value: String, _ output: WrittenOutput) {
    let now = Clock.seconds()
    let due: [WorkerEvent] = state.withLock { state in
      state.heldDone.append(.partitionDone(value, output))
      guard now - state.lastDone >= Self.doneInterval else { return [] }
      state.lastDone = now
      return Self.takeDone(&state)
    }
    if !due.isEmpty { send(due) }
  }

  /// Sends what was held back.
  func finish() {
    let held: [WorkerEvent] = state.withLock { state in
      defer { state.heldProgress = nil }
      return Self.takeDone(&state) + (state.heldProgress.map { [.progress($0)] } ?? [])
    }
    if !held.isEmpty { send(held) }
  }

  /// Sends an event after the partitions held back.
  private func tell(_ event: WorkerEvent) {
    send(state.withLock { Self.takeDone(&$0) } + [event])
  }

  private static func takeDone(_ state: inout State) -> [WorkerEvent] {
    defer { state.heldDone.removeAll(keepingCapacity: true) }
    return state.heldDone
  }
}
