import BuildEngine
import Diagnostics

/// Tasks that one worker makes together, as the progress display sees them.
struct RunningGroup {
  /// Up to here every partition gets a line of its own.
  static let mostLines = 16
  static let mostFailuresShown = 10

  let first: TaskName
  let count: Int
  let started: Double
  var progress: StepProgress?
  private(set) var made = 0
  private(set) var failed = 0
  private var ended = 0

  init(first: TaskName, count: Int, started: Double) {
    self.first = first
    self.count = count
    self.started = started
  }

  var isLarge: Bool { count > Self.mostLines }
  var isOver: Bool { ended == count }

  mutating func add(_ outcome: TaskOutcome) {
    ended += 1
    switch outcome {
    case .fresh, .ran, .restored: made += 1
    case .failed: failed += 1
    case .blocked, .interrupted, .notStarted: break
    }
  }

  /// One line for a large group that is over.
  func summary(_ now: Double, color: Bool) -> String {
    let total = Format.grouped(count)
    let time = Format.duration(now - started)
    if made == count {
      return "\(Style.good("✓", color)) \(first.asset)  \(total) partitions  \(time)"
    }
    let done = "\(Format.grouped(made)) of \(total) partitions done"
    if failed == 0 {
      return "\(Style.warning("‖", color)) \(first.asset)  \(done), interrupted; "
        + "the next run continues"
    }
    return "\(Style.bad("✗", color)) \(first.asset)  \(done), \(Format.grouped(failed)) failed; "
      + "the next run makes only what is missing  \(time)"
  }
}
