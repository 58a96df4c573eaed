import BuildEngine
import JSON
import Steps
import TestSupport
import Testing
import Tokenization

@Suite struct TokenizerEncodeStepTests {
  @Test func shardsSayWhichTokenizerMadeThem() throws {
    let folder = try TemporaryFolder("nanobuild-encode")
    let tokenizer = try Tokenizer(vocabulary: .bytes, pattern: .gpt2)
    try folder.makeFolder("out")
    try folder.makeFolder("tokenizer")
    try tokenizer.save(to: folder.file("tokenizer"))
    try folder.write("text.txt", "Hello.\n")
    try TokenizerEncodeStep().run(
      StepContext(
        step: "tokenizer.encode", asset: "tokens",
        inputs: [
          "text": [StepInput(name: "text", path: folder.file("text.txt"))],
          "tokenizer": [StepInput(name: "tokenizer", path: folder.file("tokenizer"))],
        ], parameters: ["column": "text"], output: folder.file("out"), partitionKey: nil,
        partitions: [], projectRoot: folder.path, threads: 1, memoryLimit: nil,
        reporter: MetricListener()))
    let header = try folder.read("out/text.tokens")[40..<48]
    let hash = header.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    #expect(hash == tokenizer.shardHash && hash != 0)
  }
}
