import CSystem
import Synchronization

/// What to bring up to date, and how.
package struct RunOptions: Sendable {
  /// Names of assets; empty for all.
  package var targets: [String]
  /// Cores the run may use; nil for all.
  package var jobs: Int?
  package var keepGoing: Bool
  /// Assets that run whatever their state.
  package var force: [String]
  /// Make only the targets, from the current results of what they need.
  package var only: Bool
  /// Judge again even what was judged for this very content.
  package var recheck: Bool
  package var interruption: Interruption
  package var limits: ExecutionLimits
  /// Seconds after which the passing of time is told again; nil for never.
  package var tick: Double?

  package init(
    targets: [String] = [], jobs: Int? = nil, keepGoing: Bool = false, force: [String] = [],
    only: Bool = false, recheck: Bool = false, interruption: Interruption = Interruption(),
    limits: ExecutionLimits = ExecutionLimits()
  ) {
    self.targets = targets
    self.jobs = jobs
    self.keepGoing = keepGoing
    self.force = force
    self.only = only
    self.recheck = recheck
    self.interruption = interruption
    self.limits = limits
  }
}

/// Times of the executor, in seconds; tests shorten them.
package struct ExecutionLimits: Sendable {
  /// Before the first retry; doubles with each.
  package var retryDelay = 1.0
  package var longestRetryDelay = 60.0
  /// From asking a worker that ran out of time to stop until ending it.
  package var graceTime = 10.0
  package var memoryInterval = 0.25
  /// A task that took at least this long has its result flushed to the disk before it is recorded;
  /// quicker ones are read again after a restart of the system.
  package var flushAfter = 1.0
  /// Bytes of a partition that are flushed when all partitions together took that long.
  package var flushedSize: Int64 = 32 << 20
  package var lockInterval = 0.05

  package init() {}
}

/// The user's wish to stop: once for a safe stop, twice for at once.
package final class Interruption: Sendable {
  private let mailbox: Mailbox<Void>?
  private let requests = Atomic<Int>(0)
  private let usesSignals: Bool

  package init() {
    mailbox = try? Mailbox()
    usesSignals = false
  }

  /// Counts this process's SIGINT, SIGTERM and SIGHUP; outside `whileHeld` they end it at once.
  package init(installingSignalHandlers: Void) {
    nb_signals_install()
    mailbox = nil
    usesSignals = true
  }

  /// Runs `body`, which sees to requests itself.
  func whileHeld<Result>(_ body: () throws(BuildError) -> Result) throws(BuildError) -> Result {
    if usesSignals { nb_signals_hold(1) }
    defer { if usesSignals { nb_signals_hold(0) } }
    return try body()
  }

  /// From any thread.
  package func request() {
    requests.wrappingAdd(1, ordering: .relaxed)
    mailbox?.post([()])
  }

  package var count: Int {
    requests.load(ordering: .relaxed) + (usesSignals ? Int(nb_signals_count()) : 0)
  }

  /// Polls readable after a request.
  var descriptor: Int32? { usesSignals ? nb_signals_install() : mailbox?.descriptor }
}
