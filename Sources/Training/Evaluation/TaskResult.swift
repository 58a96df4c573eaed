package import JSON

/// How a model did on the items of one task.
package struct TaskResult: Sendable {
  package let name: String
  package let correct: Int
  /// At least 1.
  package let total: Int
  /// What guessing reaches.
  package let baseline: Double
  /// One object an item, in order.
  package let details: [JSONValue]

  package var accuracy: Double { Double(correct) / Double(total) }
  package var interval: WilsonInterval { WilsonInterval(successes: correct, total: total) }
  /// 0 for guessing, 1 for perfect.
  package var centred: Double { (accuracy - baseline) / (1 - baseline) }

  /// `0.312 (80 of 256, 0.259 to 0.372, guessing 0.25)`
  package var text: String {
    func short(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
    return "\(short(accuracy)) (\(correct) of \(total), \(short(interval.lower)) to "
      + "\(short(interval.upper)), guessing \(short(baseline)))"
  }
}
