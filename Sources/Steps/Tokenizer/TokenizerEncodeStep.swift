package import BuildEngine
import Corpus
import JSON
package import PipelineFile
import Tokenization

/// `tokenizer.encode`: documents to token shards, each document after a `<|bos|>`.
package struct TokenizerEncodeStep: Step {
  package init() {}

  package static let schema = StepSchema(
    name: "tokenizer.encode",
    summary: "Encodes text into token shards that the trainer maps into memory.",
    revision: 3,
    inputs: [
      InputSchema("text", "parquet, JSONL or text files", kinds: [.files], acceptsMany: true),
      InputSchema("tokenizer", "a trained or imported tokenizer", kinds: [.tokenizer, .files]),
    ],
    parameters: [
      ParameterSchema("column", .string, default: "text", "the text column or JSON member")
    ],
    produces: .tokens,
    metrics: [
      NamedSummary("tokens", "tokens written"),
      NamedSummary("documents", "documents written"),
      NamedSummary("bytes_per_token", "bytes of text for each token"),
    ],
    usesAllCores: true)

  /// The one file of a result.
  package static let fileName = "text.tokens"

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    let tokenizer = try Tokenizer.load(try context.input("tokenizer").path)
    let reader = try DocumentReader(
      paths: context.paths("text"), column: try parameters.string("column"))
    let writer = try TokenShardWriter(
      path: context.singleOutput + "/" + Self.fileName,
      vocabularySize: tokenizer.vocabularySize, hasMask: false,
      tokenizerHash: tokenizer.shardHash)
    let encoder = BatchEncoder(tokenizer, threads: context.threads)
    var documents = DocumentBuffer()
    var encoded = EncodedBatch()
    var bytes = 0
    while let batch = try reader.nextBatch() {
      if context.reporter.isCancelled { throw StepInterrupted() }
      documents.removeAll()
      for index in 0..<batch.count { batch.withDocument(index) { documents.append($0) } }
      encoder.encode(documents, prefix: tokenizer.specialTokens.bos, into: &encoded)
      for index in 0..<encoded.count { try writer.append(document: Array(encoded[index])) }
      bytes += batch.byteCount
      context.reporter.progress(
        StepProgress(
          completed: Double(bytes), unit: "bytes", detail: "\(writer.tokenCount) tokens"))
    }
    guard writer.documentCount > 0 else {
      throw StepFailure("the text holds no documents", help: "look at it with `nanobuild data`")
    }
    try writer.finish()
    context.reporter.metric("tokens", .int(writer.tokenCount))
    context.reporter.metric("documents", .int(writer.documentCount))
    context.reporter.metric("bytes_per_token", .double(Double(bytes) / Double(writer.tokenCount)))
  }
}
