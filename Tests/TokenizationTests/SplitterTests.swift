import JSON
import TestSupport
import Testing
import Tokenization

@Suite struct SplitterTests {
  private func pieces(_ text: String, _ pattern: SplitPattern) -> [String] {
    let bytes = Array(text.utf8)
    var start = 0
    return bytes.withUnsafeBufferPointer { Splitter(pattern).pieceLengths($0) }.map { length in
      defer { start += length }
      return String(decoding: bytes[start..<(start + length)], as: UTF8.self)
    }
  }

  static func reference() throws -> ReferenceSplitter {
    let json = try JSONParser.parse(try TestFiles.bytes(TestFiles.data + "/unicode_classes.json"))
    func ranges(_ key: String) -> [[Int]] {
      (json[key]?.arrayValue ?? []).map { ($0.arrayValue ?? []).compactMap(\.intValue) }
    }
    return ReferenceSplitter(
      letters: ranges("L"), numbers: ranges("N"), whitespace: ranges("s"))
  }

  @Test func wordsKeepTheSpaceBeforeThem() {
    #expect(pieces("Hello world, it's me", .gpt4) == ["Hello", " world", ",", " it", "'s", " me"])
    #expect(pieces("a  b", .gpt4) == ["a", " ", " b"])
    #expect(pieces("(a) _b", .gpt4) == ["(a", ")", " _", "b"])
  }

  @Test func numbersAreCutByThePatternsLimit() {
    #expect(pieces("1234567", .gpt4) == ["123", "456", "7"])
    #expect(pieces("1234567", .nanochat) == ["12", "34", "56", "7"])
    #expect(pieces(" 1234567", .gpt2) == [" 1234567"])
  }

  @Test func contractionsFoldCaseOnlyInTheLaterPatterns() {
    #expect(pieces("I'LL", .gpt4) == ["I", "'LL"])
    #expect(pieces("I'LL", .gpt2) == ["I", "'", "LL"])
    #expect(pieces("it'ſ", .gpt4) == ["it", "'ſ"])
    #expect(pieces("it'ſ", .gpt2) == ["it", "'", "ſ"])
    #expect(pieces("'storm", .gpt4) == ["'s", "torm"])
  }

  @Test func whiteSpaceEndsAtTheLastLineEnd() {
    #expect(pieces("a \n\n  b", .gpt4) == ["a", " \n\n", " ", " b"])
    #expect(pieces("a \n\n  b", .gpt2) == ["a", " \n\n ", " b"])
    #expect(pieces("x;\n\n y", .gpt4) == ["x", ";\n\n", " y"])
    #expect(pieces("x  ", .gpt4) == ["x", "  "])
    #expect(pieces("x \n ", .gpt4) == ["x", " \n", " "])
  }

  @Test func brokenBytesAreSymbols() {
    let bytes: [UInt8] = [0x61, 0xff, 0xc3, 0x62, 0xe2, 0x82]
    let lengths = bytes.withUnsafeBufferPointer { Splitter(.gpt4).pieceLengths($0) }
    #expect(lengths == [1, 2, 1, 2])
  }

  @Test(arguments: SplitPattern.allCases)
  func agreesWithTheReferenceOnMixedText(_ pattern: SplitPattern) throws {
    let reference = try Self.reference()
    let splitter = Splitter(pattern)
    var generator = SeededNumbers(seed: 7)
    for round in 0..<6_000 {
      let bytes =
        round % 3 == 0
        ? MixedText.makeBroken(&generator, parts: 1 + round % 24)
        : Array(MixedText.make(&generator, parts: 1 + round % 24).utf8)
      let found = bytes.withUnsafeBufferPointer { splitter.pieceLengths($0) }
      try #require(found == reference.pieceLengths(bytes, pattern), "\(bytes)")
    }
  }

  @Test func everyCodePointHasItsClass() throws {
    let reference = try Self.reference()
    let splitter = Splitter(.gpt4)
    for code in UInt32(0)..<0x110000 {
      // Each sampled beyond the blocks where classes mix, to keep the test short.
      guard code < 0x3400 || (0xa000..<0x20000).contains(code) || code % 61 == 0,
        let scalar = Unicode.Scalar(code)
      else { continue }
      let bytes = Array("a\(scalar)1\(scalar) \(scalar)".utf8)
      let found = bytes.withUnsafeBufferPointer { splitter.pieceLengths($0) }
      try #require(found == reference.pieceLengths(bytes, .gpt4), "U+\(String(code, radix: 16))")
    }
  }

  /// Runs for as many minutes as NANOBUILD_FUZZ_MINUTES says, by default not at all.
  @Test(.enabled(if: FuzzTime.minutes > 0))
  func fuzzesAgainstTheReferenceAndRoundTrips() throws {
    let reference = try Self.reference()
    let tokenizers = try SplitPattern.allCases.map { try TestVocabulary.small($0) }
    var generator = SeededNumbers(seed: FuzzTime.seed)
    let clock = ContinuousClock()
    let end = clock.now + .seconds(FuzzTime.minutes * 60)
    var rounds = 0
    while clock.now < end {
      rounds += 1
      let size = Int.random(in: 1...60, using: &generator)
      let bytes =
        rounds % 2 == 0
        ? MixedText.makeBroken(&generator, parts: size)
        : Array(MixedText.make(&generator, parts: size).utf8)
      for tokenizer in tokenizers {
        let found = bytes.withUnsafeBufferPointer {
          Splitter(tokenizer.pattern).pieceLengths($0)
        }
        try #require(found == reference.pieceLengths(bytes, tokenizer.pattern), "\(bytes)")
        let ids = tokenizer.encode(bytes)
        try #require(tokenizer.decode(ids) == bytes, "\(bytes)")
      }
    }
    print("fuzzed \(rounds) texts under \(tokenizers.count) patterns")
  }
}
