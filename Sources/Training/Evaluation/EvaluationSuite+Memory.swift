import LanguageModel

extension EvaluationSuite {
  /// Logs what the model at `path` takes for passes of `rows` rows of `sequence` tokens (its own length
  /// by default), and throws when that is more than `limit`, or than the machine has. To be called
  /// before the model is loaded.
  package static func checkMemory(
    _ path: String, threads: Int, rows: Int, sequence: Int? = nil, limit: Int?,
    reporter: any TrainingReporter
  ) throws(TrainingError) {
    let configuration = try checkpoint { () throws(CheckpointError) in
      try ModelFolder.describe(path).configuration
    }
    let sequence = sequence ?? configuration.sequenceLength
    try MemoryNeed.checkSize(configuration, rows: rows, sequence: sequence)
    let model = GPT.plannedBytes(
      configuration: configuration, maximumBatch: rows, trainingSequence: sequence,
      threads: threads, inferenceOnly: true)
    let weights = configuration.parameterCount * MemoryLayout<Float>.stride
    try MemoryNeed(parts: [
      ("weights", weights), ("activations and scratch", max(0, model - weights)),
      ("program and data", ProcessMemory.resident),
    ]).check(limit: limit, reporter)
  }
}
