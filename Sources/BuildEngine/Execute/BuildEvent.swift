package import JSON

/// An asset, or one partition of it.
package struct TaskName: Sendable, Hashable, CustomStringConvertible {
  package var asset: String
  package var partition: String?

  package init(asset: String, partition: String? = nil) {
    self.asset = asset
    self.partition = partition
  }

  package var description: String { partition.map { "\(asset)[\($0)]" } ?? asset }
}

/// How a task ended.
package enum TaskOutcome: Sendable, Hashable {
  /// Its step ran and gave this result; `isSame` when it equals the one that was in force.
  case ran(Digest, isSame: Bool)
  case restored(Digest)
  case fresh(Digest)
  case failed(TaskFailure)
  /// This asset, which it needs, failed or did not pass a check.
  case blocked(by: String)
  /// Stopped because the run was.
  case interrupted
  /// The run ended at a failure before it was this one's turn.
  case notStarted

  package var name: String {
    switch self {
    case .ran: "ran"
    case .restored: "restored"
    case .fresh: "fresh"
    case .failed: "failed"
    case .blocked: "blocked"
    case .interrupted: "interrupted"
    case .notStarted: "not_started"
    }
  }

  package var digest: Digest? {
    switch self {
    case .ran(let digest, _), .restored(let digest), .fresh(let digest): digest
    case .failed, .blocked, .interrupted, .notStarted: nil
    }
  }
}

/// Why a task failed, with what its user needs to see.
package struct TaskFailure: Sendable, Hashable {
  package var message: String
  package var help: String?
  /// The last lines it printed.
  package var logTail: [String]
  package var logPath: String

  package init(message: String, help: String? = nil, logTail: [String] = [], logPath: String = "") {
    self.message = message
    self.help = help
    self.logTail = logTail
    self.logPath = logPath
  }
}

/// What happens during a run, in order, on one thread.
package enum BuildEvent: Sendable {
  case runStarted(id: String, profile: String, taskCount: Int)
  /// One worker starts on these tasks: one, or the partitions an asset makes together.
  case started([TaskName], step: String, reasons: [StaleReason], attempt: Int, logPath: String)
  case progress([TaskName], StepProgress)
  case metric(TaskName, name: String, value: JSONValue)
  case measurement(TaskName, name: String, value: JSONValue)
  case sample(TaskName, step: Int, values: [String: Double])
  /// Another run is making it; this one waits and uses the result.
  case waiting([TaskName])
  case retrying([TaskName], failure: TaskFailure, delay: Double)
  case finished(TaskName, TaskOutcome, seconds: Double)
  case checkStarted(asset: String, check: String)
  case checkFinished(
    asset: String, check: String, severity: CheckNode.Severity, CheckVerdict, isCached: Bool)
  case notice(String)
  /// Time has passed; only for those who draw it (`RunOptions.tick`).
  case tick
  case runFinished(RunSummary)

  /// Said for those who draw the time only; not worth keeping or passing on.
  package var isTick: Bool { if case .tick = self { true } else { false } }
}

/// What a run came to.
package struct RunSummary: Sendable, Hashable {
  package enum Status: Int32, Sendable, Hashable {
    case done = 0
    case failed = 1
    case interrupted = 130
  }

  /// Nil when there was nothing to do, so that no run was recorded.
  package var id: String?
  package var status = Status.done
  package var ran = 0
  package var restored = 0
  package var fresh = 0
  package var failed = 0
  package var blocked = 0
  package var interrupted = 0
  package var notStarted = 0
  package var failedChecks = 0
  package var warnings = 0
  package var seconds = 0.0

  package init() {}

  package var taskCount: Int {
    ran + restored + fresh + failed + blocked + interrupted + notStarted
  }
}
