package import BuildEngine
import Corpus
import JSON
package import PipelineFile
import Tokenization

/// `tokenizer.train`: learns a byte-level BPE vocabulary from the text and writes its files.
package struct TokenizerTrainStep: Step {
  package init() {}

  package static let schema = StepSchema(
    name: "tokenizer.train",
    summary: "Trains a byte-level BPE tokenizer; special token ids are fixed here, once.",
    revision: 2,
    inputs: [
      InputSchema(
        "text", "parquet, JSONL or text files, read in order", kinds: [.files], acceptsMany: true)
    ],
    parameters: [
      ParameterSchema(
        "vocab_size", .integer(265...1_000_000), default: 4096,
        "tokens in all, the 256 bytes and the 9 special tokens included"),
      ParameterSchema(
        "pattern", .choice(SplitPattern.allCases.map(\.rawValue)), default: "gpt4",
        "how text is split before merging"),
      ParameterSchema(
        "max_chars", .integer(1...Int.max), default: 2_000_000_000,
        "stop reading after this many characters"),
      ParameterSchema(
        "doc_cap", .integer(0...Int.max), default: 10_000,
        "characters read of one document; 0 for all"),
      ParameterSchema("column", .string, default: "text", "the text column or JSON member"),
      ParameterSchema(
        "max_memory", .size, default: .int(2 << 30),
        "bound of the table of pieces; above it the rarest pieces are forgotten"),
    ],
    produces: .tokenizer,
    metrics: [
      NamedSummary("vocab_size", "tokens, special ones included"),
      NamedSummary("documents", "documents read"),
      NamedSummary("characters", "characters read"),
      NamedSummary("bytes_per_token", "average length of a learned token in the vocabulary"),
    ],
    usesAllCores: true)

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    guard let pattern = SplitPattern(rawValue: try parameters.string("pattern")) else {
      throw StepFailure("there is no pattern `\(try parameters.string("pattern"))`")
    }
    let cap = try parameters.int("doc_cap")
    let trainer = BPETrainer(
      BPETrainer.Options(
        vocabularySize: try parameters.int("vocab_size"), pattern: pattern,
        maxCharacters: try parameters.int("max_chars"), documentCap: cap > 0 ? cap : nil,
        threads: context.threads, maxMemory: try parameters.int("max_memory")))
    let reader = try DocumentReader(
      paths: context.paths("text"), column: try parameters.string("column"))
    let reporter = context.reporter
    let result: BPETrainer.Result
    do {
      result = try trainer.train(
        source: { buffer in
          guard let batch = try reader.nextBatch() else { return false }
          for index in 0..<batch.count { batch.withDocument(index) { buffer.append($0) } }
          return true
        },
        progress: { Self.report($0, to: reporter) },
        isCancelled: { reporter.isCancelled })
    } catch TokenizerError.cancelled {
      throw StepInterrupted()
    }
    try result.tokenizer.save(to: context.output)
    let learned = result.tokenizer.vocabulary
    let length = (0..<learned.count).reduce(0) { $0 + learned.length($1) }
    reporter.metric("vocab_size", .int(result.tokenizer.vocabularySize))
    reporter.metric("documents", .int(result.documents))
    reporter.metric("characters", .int(result.characters))
    reporter.metric("bytes_per_token", .double(Double(length) / Double(max(1, learned.count))))
    reporter.log(
      "\(result.documents) documents, \(result.characters) characters, "
        + "\(result.distinctPieces) distinct pieces, \(result.skippedDuplicates) merges skipped")
    if result.endedEarly {
      reporter.log("the text has no more pairs to merge: the vocabulary is smaller than asked for")
    }
    if result.forgottenOccurrences > 0 {
      reporter.log(
        "\(result.forgottenOccurrences) rare pieces were forgotten to stay in max_memory")
    }
  }

  private static func report(_ progress: BPETrainer.Progress, to reporter: any StepReporter) {
    switch progress {
    case .counting(_, let characters, _):
      reporter.progress(
        StepProgress(completed: Double(characters), unit: "characters", detail: "counting pieces"))
    case .merging(let done, let total):
      reporter.progress(
        StepProgress(completed: Double(done), total: Double(total), unit: "merges"))
    }
  }
}
