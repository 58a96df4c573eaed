package import BuildEngine
import Glibc
import JSON
package import PipelineFile
import Tokenization

/// `tokenizer.import`: a tokenizer made elsewhere, in the files that every other step reads.
package struct TokenizerImportStep: Step {
  package init() {}

  package static let schema = StepSchema(
    name: "tokenizer.import",
    summary: "Takes over a tokenizer made elsewhere, such as GPT-2's; special tokens become ours.",
    revision: 2,
    inputs: [
      InputSchema(
        "file", "tokenizer.json of Hugging Face, a .tiktoken file, or JSON with mergeable_ranks",
        kinds: [.files, .tokenizer])
    ],
    parameters: [
      ParameterSchema(
        "pattern", .choice(SplitPattern.allCases.map(\.rawValue)),
        "how text is split before merging; as the file says by default, or GPT-2's for a file of "
          + "50,256 ranks and GPT-4's for others that say nothing")
    ],
    produces: .tokenizer,
    metrics: [
      NamedSummary("vocab_size", "tokens, special ones included"),
      NamedSummary("bytes_per_token", "average length of an ordinary token in the vocabulary"),
    ])

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    var pattern: SplitPattern?
    if let name = try parameters.optionalString("pattern") {
      pattern = SplitPattern(rawValue: name)
      if pattern == nil { throw StepFailure("there is no pattern `\(name)`") }
    }
    let input = try context.input("file")
    let path = try Self.file(in: input)
    let tokenizer = try Tokenizer.load(path, pattern: pattern)
    try tokenizer.save(to: context.output)
    let vocabulary = tokenizer.vocabulary
    let length = (0..<vocabulary.count).reduce(0) { $0 + vocabulary.length($1) }
    context.reporter.metric("vocab_size", .int(tokenizer.vocabularySize))
    context.reporter.metric(
      "bytes_per_token", .double(Double(length) / Double(max(1, vocabulary.count))))
    context.reporter.log(
      "\(vocabulary.count) tokens, split as \(tokenizer.pattern.rawValue); the special tokens are "
        + "\(tokenizer.specialTokens.bos) to \(tokenizer.vocabularySize - 1)")
  }

  /// The file itself; of a folder its `tokenizer.json`, or else the only file in it.
  private static func file(in input: StepInput) throws(StepFailure) -> String {
    guard let folder = opendir(input.path) else { return input.path }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    if names.contains("tokenizer.json") { return input.path + "/tokenizer.json" }
    guard let name = names.first, names.count == 1 else {
      throw StepFailure(
        "`\(input.name)` has \(names.count) files and no tokenizer.json",
        help: "give the one file that holds the tokenizer")
    }
    return input.path + "/" + name
  }
}
