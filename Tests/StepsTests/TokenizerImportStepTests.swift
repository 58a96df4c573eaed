import BuildEngine
import JSON
import Steps
import Synchronization
import TestSupport
import Testing
import Tokenization

@Suite struct TokenizerImportStepTests {
  let folder: TemporaryFolder
  private let listener = MetricListener()

  init() throws {
    folder = try TemporaryFolder("nanobuild-import")
    try folder.makeFolder("out")
  }

  /// Every byte, then `ab` and `abc`.
  private let tokens = (UInt8.min...UInt8.max).map { [$0] } + [Array("ab".utf8), Array("abc".utf8)]

  /// The ranks as JSON with `mergeable_ranks`.
  private func rankList(_ pattern: String?) -> String {
    let ranks = tokens.enumerated().map { id, bytes in
      "{\"bytes\": [\(bytes.map { "\($0)" }.joined(separator: ","))], \"token_id\": \(id)}"
    }
    let line = pattern.map { "\"pattern\": \(JSONWriter.text(.string($0)))," } ?? ""
    return "{\(line) \"mergeable_ranks\": [\(ranks.joined(separator: ","))]}"
  }

  private func run(_ path: String, _ parameters: [String: JSONValue] = [:]) throws {
    let context = StepContext(
      step: "tokenizer.import", asset: "theirs",
      inputs: ["file": [StepInput(name: "theirs", path: folder.file(path))]],
      parameters: parameters, output: folder.file("out"), partitionKey: nil, partitions: [],
      projectRoot: folder.path, threads: 1, memoryLimit: nil, reporter: listener)
    try TokenizerImportStep().run(context)
  }

  @Test func aRankListBecomesAllOfOurFiles() throws {
    try folder.write("theirs.json", rankList(SplitPattern.gpt2.expression))
    try run("theirs.json")
    let tokenizer = try Tokenizer.load(folder.file("out"))
    #expect(tokenizer.pattern == .gpt2)
    #expect(tokenizer.vocabularySize == 258 + SpecialTokens.count)
    #expect(tokenizer.encode("abcab") == [257, 256])
    #expect(TokenizerChecks.valid(folder: folder.file("out")).passed)
    #expect(listener.metrics.withLock { $0["vocab_size"] } == .int(267))
  }

  @Test func whatWeSaveCanBeImportedInBothForms() throws {
    try folder.write("theirs.json", rankList(nil))
    try run("theirs.json", ["pattern": "nanochat"])
    let first = try folder.readText("out/tokenizer.json")
    try folder.makeFolder("again")
    for (name, parameters) in [
      ("tokenizer.json", [:]), ("tokenizer.tiktoken", ["pattern": "nanochat"]),
    ] as [(String, [String: JSONValue])] {
      try folder.write("again/\(name)", try folder.readText("out/\(name)"))
      try run("again/\(name)", parameters)
      #expect(try folder.readText("out/tokenizer.json") == first)
    }
  }

  @Test func aFolderWithOneFileIsThatFile() throws {
    try folder.write("fetched/ranks.json", rankList(nil))
    try run("fetched")
    #expect(try Tokenizer.load(folder.file("out")).pattern == .gpt4)
    try folder.write("fetched/second.json", "{}")
    #expect(throws: StepFailure.self) { try run("fetched") }
  }

  @Test func aFileThatIsNoTokenizerIsRefused() throws {
    try folder.write("other.json", "{\"a\": 1}")
    #expect(throws: TokenizerError.self) { try run("other.json") }
    #expect(throws: TokenizerError.self) { try run("missing.json") }
  }
}
