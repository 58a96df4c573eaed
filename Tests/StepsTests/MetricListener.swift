import BuildEngine
import JSON
import Synchronization

/// Keeps the metrics of a step that runs in a test.
final class MetricListener: StepReporter {
  let metrics = Mutex<[String: JSONValue]>([:])
  var isCancelled: Bool { false }
  func progress(_ progress: StepProgress) {}
  func metric(_ name: String, _ value: JSONValue) { metrics.withLock { $0[name] = value } }
  func measurement(_ name: String, _ value: JSONValue) {}
  func sample(step: Int, _ values: [String: Double]) {}
  func log(_ line: String) {}
  func partitionDone(_ value: String, _ output: WrittenOutput) {}
  func written(_ output: WrittenOutput) {}
  func partitionFailed(_ value: String, _ message: String) {}
}
