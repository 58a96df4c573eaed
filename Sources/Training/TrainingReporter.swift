package import JSON

/// How training and evaluation speak while they run.
package protocol TrainingReporter: Sendable {
  /// True once the work should stop at its next safe point.
  var isCancelled: Bool { get }
  func progress(_ progress: TrainingProgress)
  /// A number of the result; depends on the result only.
  func metric(_ name: String, _ value: JSONValue)
  /// A number of this run: rates, seconds, memory.
  func measurement(_ name: String, _ value: JSONValue)
  /// A point of a curve.
  func sample(step: Int, _ values: [String: Double])
  func log(_ line: String)
}

package struct TrainingProgress: Sendable, Hashable {
  package var completed: Int
  package var total: Int
  /// "steps", "items" …
  package var unit: String
  /// Loss, rate, time left: for the end of a line.
  package var detail: String
}
