/// A try that failed and will be repeated.
package struct TransferRetry: Sendable, Hashable, CustomStringConvertible {
  package var error: TransferError
  /// Seconds until the next try; 0 for at once.
  package var delay: Double
  /// Failed tries so far, and how many there may be.
  package var number: Int
  package var most: Int
  /// Where the next try goes when that is another source.
  package var nextSource: String?

  /// Waits of so many seconds are worth a word each; of shorter ones many may come together.
  static let longDelay = 10.0

  package var description: String { "\(error); \(next)" }

  /// `503, next try in 300 s (1 of 5)`, with this many seconds left.
  package func summary(secondsLeft: Double) -> String {
    var retry = self
    retry.delay = secondsLeft
    return "\(error.shortName), \(retry.next)"
  }

  private var next: String {
    let when = delay < 0.5 ? "now" : "in \(Int(min(delay.rounded(.up), 1e9))) s"
    return "next try \(when)\(nextSource.map { " at \($0)" } ?? "") (\(number) of \(most))"
  }
}
