import Diagnostics
import JSON
import LanguageModel

/// What work will take at most, in bytes, to be compared with what there is before it begins.
struct MemoryNeed {
  var parts: [(use: String, bytes: Int)]

  var total: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// Logs the parts, and throws when they are more than `limit`, or than the machine has.
  func check(limit: Int?, _ reporter: any TrainingReporter) throws(TrainingError) {
    let plan =
      "memory: \(Format.bytes(total)) = "
      + parts.map { "\($0.use) \(Format.bytes($0.bytes))" }.joined(separator: " + ")
    reporter.log(plan)
    reporter.measurement("planned_memory_bytes", .int(total))
    let limit = limit ?? ProcessMemory.ofMachine
    guard total <= limit else { throw .memory(needed: total, limit: limit, plan: plan) }
  }

  /// Throws for passes beyond any machine, whose bytes might not fit in 64 bits.
  static func checkSize(
    _ configuration: GPTConfiguration, rows: Int, sequence: Int
  ) throws(TrainingError) {
    let size =
      Double(rows) * Double(sequence) * Double(configuration.layers)
      * Double(configuration.mlpWidth + configuration.width)
    guard size < 1e15 else {
      throw .badOption(name: "batch_rows", problem: "times the model's size is too large")
    }
  }
}
