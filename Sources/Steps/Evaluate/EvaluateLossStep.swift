package import BuildEngine
import Corpus
import JSON
import Kernels
import LanguageModel
package import PipelineFile
import Tokenization
import Training

/// `eval.loss`: bits per byte of a model on token shards it was not trained on.
package struct EvaluateLossStep: Step {
  package init() {}

  package static let schema = StepSchema(
    name: "eval.loss",
    summary: "Measures bits per byte, which does not depend on the vocabulary.",
    inputs: [
      InputSchema("model", "the model to measure", kinds: [.checkpoint]),
      InputSchema("tokens", "token shards of other text", kinds: [.tokens], acceptsMany: true),
    ],
    parameters: [
      ParameterSchema(
        "tokens", .integer(1...Int.max), default: 10_485_760, "most tokens to measure on"),
      ParameterSchema(
        "sequence_length", .integer(2...1_048_576), "tokens of one row (default: the model's)"),
      ParameterSchema("batch_rows", .integer(1...65_536), default: 16, "rows computed at a time"),
    ],
    produces: .metrics,
    metrics: [
      NamedSummary("bpb", "bits per byte"), NamedSummary("loss", "nats a token"),
      NamedSummary("tokens", "tokens measured"), NamedSummary("bytes", "bytes they stand for"),
    ],
    usesAllCores: true)

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    _ = try BLAS.load()
    let pool = try ThreadPool(threads: context.threads)
    let rows = try parameters.int("batch_rows")
    let sequence = try parameters.optionalInt("sequence_length")
    let loaded = try ModelFolder.load(
      try context.input("model").path, pool: pool, maximumBatch: rows, sequence: sequence,
      inferenceOnly: true)
    let tokens = try TokenDataset(paths: context.paths("tokens"))
    guard tokens.vocabularySize == loaded.tokenizer.vocabularySize else {
      throw StepFailure(
        "the tokens are of a vocabulary of \(tokens.vocabularySize), the model's has "
          + "\(loaded.tokenizer.vocabularySize)",
        help: "encode the text with the model's tokenizer")
    }
    let lengths = (0..<Int32(loaded.tokenizer.vocabularySize)).map {
      Int32(loaded.tokenizer.byteLength(of: $0))
    }
    let result = try LossEvaluation.measure(
      loaded.model, on: .text(tokens), byteLengths: lengths,
      sequence: sequence ?? loaded.model.configuration.sequenceLength, rows: rows,
      tokenLimit: try parameters.int("tokens"),
      isCancelled: { context.reporter.isCancelled })
    guard let result else { throw StepInterrupted() }
    let numbers: [String: JSONValue] = [
      "bpb": .double(result.bitsPerByte), "loss": .double(result.mean),
      "tokens": .int(result.total.count), "bytes": .int(result.bytes),
    ]
    for (name, value) in numbers.sorted(by: { $0.key < $1.key }) {
      context.reporter.metric(name, value)
    }
    try ResultFiles.write(
      JSONWriter.bytes(.object(numbers), pretty: true),
      to: context.output + "/" + ResultFiles.metrics)
  }
}
