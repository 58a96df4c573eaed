import Glibc
import TestSupport
import Testing
import Tokenization

@Suite struct PieceListingTests {
  @Test func tokensKnowTheirPieceAndBytes() throws {
    let tokenizer = try Tokenizer(vocabulary: TestVocabulary.bytesAnd([" a"]), pattern: .gpt4)
    let listed = PieceListing.tokens(of: "x a é", tokenizer)
    #expect(listed.map(\.id) == [120, 256, 32, 0xc3, 0xa9])
    #expect(listed.map(\.piece) == [0, 1, 2, 2, 2])
    #expect(listed.map(\.text) == ["x", " a", " ", "\\xc3", "\\xa9"])
    #expect(PieceListing.coloured(listed).contains("\u{1b}[30;42m a\u{1b}[0m"))
  }

  @Test func unprintableBytesAreEscaped() {
    #expect(
      PieceListing.readable([0x61, 0x0a, 0x7f, 0xff, 0xc3, 0xa9][...]) == "a\\x0a\\x7f\\xffé")
  }

  @Test func statisticsCountPiecesAndTokens() throws {
    let tokenizer = try Tokenizer(vocabulary: TestVocabulary.bytesAnd([" a"]), pattern: .gpt4)
    let text = Array("é a a".utf8)
    let statistics = text.withUnsafeBufferPointer { PieceListing.statistics(of: $0, tokenizer) }
    #expect(statistics.bytes == 6 && statistics.characters == 5)
    #expect(statistics.pieces == 3 && statistics.tokens == 4 && statistics.wholePieces == 2)
  }

  @Test func jsonLinesAreAnsweredLineByLine() throws {
    let folder = try TemporaryFolder()
    let tokenizer = try Tokenizer(vocabulary: TestVocabulary.bytesAnd([" a"]), pattern: .gpt4)
    #expect(
      try run("\"x a\"\n\"\"\n\"\\u00e9\"", tokenizer, folder) == "[120,256]\n[]\n[195,169]\n")
    #expect(throws: JSONLinesError.notAString(2, found: "an integer")) {
      try run("\"x\"\n7\n", tokenizer, folder)
    }
    #expect(throws: JSONLinesError.self) { try run("\"x\n", tokenizer, folder) }
  }

  private func run(
    _ input: String, _ tokenizer: Tokenizer, _ folder: TemporaryFolder
  ) throws -> String {
    let from = open(try folder.write("in", input), O_RDONLY)
    let to = open(folder.file("out"), O_RDWR | O_CREAT | O_TRUNC, 0o600)
    defer {
      close(from)
      close(to)
    }
    try PieceListing.runJSONLines(tokenizer, input: from, output: to)
    return String(decoding: try TestFiles.bytes(folder.file("out")), as: UTF8.self)
  }
}
