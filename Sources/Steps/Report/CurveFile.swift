package import BuildEngine
import JSON

/// The points in a `metrics.jsonl`: one object a line with `step` and numbers.
package enum CurveFile {
  package static func parse(
    _ bytes: [UInt8], path: String
  ) throws(StepFailure) -> [String: [(x: Double, y: Double)]] {
    var curves: [String: [(x: Double, y: Double)]] = [:]
    for line in bytes.split(separator: 0x0a) {
      let point = try ResultFiles.object(Array(line), path: path)
      guard let step = point["step"]?.doubleValue else { continue }
      for (name, value) in point where name != "step" {
        if let number = value.doubleValue { curves[name, default: []].append((step, number)) }
      }
    }
    return curves
  }

  /// Losses and bits per byte; not rates and norms.
  package static func isWorthAPicture(_ metric: String) -> Bool {
    metric == "loss" || metric.hasSuffix("bpb") || metric.hasSuffix("_loss")
  }
}
