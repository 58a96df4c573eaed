package import BuildEngine
import JSON
import LanguageModel
package import PipelineFile
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
    let reporter = DomainReporter(context.reporter)
    let model = try context.input("model").path
    let rows = try parameters.int("batch_rows")
    let sequence = try parameters.optionalInt("sequence_length")
    try EvaluationSuite.checkMemory(
      model, threads: context.threads, rows: rows, sequence: sequence, limit: context.memoryLimit,
      reporter: reporter)
    let loaded = try EvaluationSuite.load(
      model, threads: context.threads, rows: rows, sequence: sequence)
    let result = try EvaluationSuite.loss(
      loaded, text: context.paths("tokens"), tokenLimit: try parameters.int("tokens"),
      reporter: reporter)
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
