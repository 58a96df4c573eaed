import BuildEngine
import Diagnostics

/// What became of each asset in a run, from the outcomes of its tasks.
struct RunTally {
  private var outcomes: [String: Kind] = [:]

  /// From least to most remarkable: an asset counts as the most remarkable of its partitions.
  enum Kind: Int {
    case fresh, restored, ran, notStarted, blocked, interrupted, failed
  }

  mutating func add(_ asset: String, _ outcome: TaskOutcome) {
    let kind: Kind =
      switch outcome {
      case .fresh: .fresh
      case .restored: .restored
      case .ran: .ran
      case .blocked: .blocked
      case .interrupted: .interrupted
      case .notStarted: .notStarted
      case .failed: .failed
      }
    if kind.rawValue >= outcomes[asset]?.rawValue ?? 0 { outcomes[asset] = kind }
  }

  /// Counts the assets of a run that nothing was said of: they are fresh, or were never begun.
  mutating func complete(_ statuses: [AssetStatus]) {
    for status in statuses where outcomes[status.name] == nil {
      outcomes[status.name] =
        switch status.state {
        // A verdict, or that there is none, says nothing of the result: it is what it should be.
        case .fresh, .checkFailed, .unchecked: .fresh
        case .blocked: .blocked
        case .restorable, .stale, .pending: .notStarted
        }
    }
  }

  func count(_ kind: Kind) -> Int { outcomes.values.count { $0 == kind } }
  var assetCount: Int { outcomes.count }

  /// `12 assets: 3 ran, 1 restored, 8 fresh, 0 failed in 41.8 s`
  func summary(seconds: Double, failedChecks: Int = 0) -> String {
    var parts = [
      "\(count(.ran)) ran", "\(count(.restored)) restored", "\(count(.fresh)) fresh",
      "\(count(.failed)) failed",
    ]
    if count(.blocked) > 0 { parts.append("\(count(.blocked)) blocked") }
    if count(.notStarted) > 0 { parts.append("\(count(.notStarted)) not started") }
    if count(.interrupted) > 0 { parts.append("\(count(.interrupted)) interrupted") }
    if failedChecks > 0 {
      parts.append("\(failedChecks) \(failedChecks == 1 ? "check" : "checks") failed")
    }
    let noun = assetCount == 1 ? "asset" : "assets"
    return "\(assetCount) \(noun): \(parts.joined(separator: ", ")) in \(Format.duration(seconds))"
  }
}
