import JSON
import TestSupport
import Testing
import Tokenization

@Suite struct TokenizerFileTests {
  private func parse(
    _ text: String, pattern: SplitPattern? = nil
  ) throws(TokenizerError) -> Tokenizer {
    try Tokenizer.parse(Array(text.utf8), path: "t", pattern: pattern)
  }

  @Test(arguments: SplitPattern.allCases)
  func savedFilesLoadAsTheSameTokenizer(_ pattern: SplitPattern) throws {
    let tokenizer = try TestVocabulary.small(pattern)
    let folder = try TemporaryFolder()
    try tokenizer.save(to: folder.path)
    let loaded = try Tokenizer.load(folder.path)
    #expect(loaded.pattern == pattern && loaded.hash == tokenizer.hash)
    let ranks = try Tokenizer.load(folder.file("tokenizer.tiktoken"), pattern: pattern)
    #expect(ranks.hash == tokenizer.hash)
    let lengths = try JSONParser.parse(try TestFiles.bytes(folder.file("token_bytes.json")))
    #expect(lengths.arrayValue?.compactMap(\.intValue) == tokenizer.byteLengths.map { Int($0) })
  }

  @Test func theHashDependsOnPatternAndTokens() throws {
    let one = try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["ab"]), pattern: .gpt4)
    let other = try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["ac"]), pattern: .gpt4)
    let third = try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["ab"]), pattern: .gpt2)
    #expect(Set([one.hash, other.hash, third.hash]).count == 3)
    #expect(one.hash.count == 32)
  }

  @Test func huggingFaceFilesListOneMergeATokenAndTheSpecialTokens() throws {
    let tokenizer = try Tokenizer(
      vocabulary: TestVocabulary.bytesAnd(["ab", " a", " ab"]), pattern: .gpt4)
    let json = try JSONParser.parse(tokenizer.huggingFaceJSON)
    let merges = json["model"]?["merges"]?.arrayValue?.map {
      $0.arrayValue?.compactMap(\.stringValue)
    }
    #expect(merges == [["a", "b"], ["Ġ", "a"], ["Ġ", "ab"]])
    #expect(json["model"]?["ignore_merges"] == .bool(false))
    let added = try #require(json["added_tokens"]?.arrayValue)
    #expect(added.map { $0["id"]?.intValue } == (259..<268).map { $0 })
    #expect(added.allSatisfy { $0["special"] == .bool(true) && $0["normalized"] == .bool(false) })
  }

  @Test func tokensThatMergingCannotReachAreWrittenWithIgnoredMerges() throws {
    let tokenizer = try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["xyz"]), pattern: .gpt4)
    #expect(tokenizer.encode("xyz") == [256])
    #expect(tokenizer.encode("xyzx").count == 4)
    let json = try JSONParser.parse(tokenizer.huggingFaceJSON)
    #expect(json["model"]?["ignore_merges"] == .bool(true))
    let folder = try TemporaryFolder()
    try tokenizer.save(to: folder.path)
    #expect(try Tokenizer.load(folder.path).encode("xyz") == [256])
  }

  /// What our own file says of text, replaced piece by piece.
  private func edited(
    _ old: String, _ new: String, pattern: SplitPattern? = nil
  ) throws -> Tokenizer {
    let tokenizer = try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["ab"]), pattern: .gpt4)
    let text = String(decoding: tokenizer.huggingFaceJSON, as: UTF8.self)
    let parts = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(parts.count == 2, "\(old)")
    return try parse("\(parts[0])\(new)\(parts[1])", pattern: pattern)
  }

  private static let refusals: [(old: String, new: String, what: String)] = [
    (#""normalizer": null"#, #""normalizer": {"type": "NFC"}"#, #"a normalizer (`NFC`)"#),
    (#""add_prefix_space": false"#, #""add_prefix_space": true"#, #"`add_prefix_space: true`"#),
    (
      #"{"type": "ByteLevel""#, #"{"type": "Digits"}, {"type": "ByteLevel""#,
      "the pre-tokenizer `Digits`"
    ),
    (
      #"{"type": "ByteLevel""#, #"{"type": "Split"}, {"type": "ByteLevel""#,
      "more than one `Split`"
    ),
    (#""use_regex": false"#, #""use_regex": true"#, #"`use_regex: true` behind a `Split`"#),
    (#""Isolated""#, #""Contiguous""#, #"a `Split` of `behavior: Contiguous` and `invert: false`"#),
    (
      #""invert": false"#, #""invert": true"#,
      "a `Split` of `behavior: Isolated` and `invert: true`"
    ),
    (
      #""type": "ByteLevel""#, #""type": "Metaspace""#,
      "a pre-tokenizer that does not end with `ByteLevel`"
    ),
    (#""dropout": null"#, #""dropout": 0.1"#, #"`dropout`"#),
    (
      #""continuing_subword_prefix": null"#, #""continuing_subword_prefix": "x""#,
      "`continuing_subword_prefix`"
    ),
    (#""end_of_word_suffix": null"#, #""end_of_word_suffix": "</w>""#, #"`end_of_word_suffix`"#),
    (
      #""special": true"#, #""special": false"#,
      "the added token `<|bos|>`, which is not special,"
    ),
  ]

  @Test(arguments: refusals)
  func whatGivesOtherIDsIsRefusedByName(old: String, new: String, what: String) throws {
    #expect(throws: TokenizerError.malformed(path: "t", line: 0, reason: .unsupported(what))) {
      try edited(old, new)
    }
  }

  @Test func whatGivesTheSameIDsIsTaken() throws {
    let tokenizer = try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["ab"]), pattern: .gpt4)
    for (old, new) in [
      (#""Isolated", "invert": false"#, #""Removed", "invert": true"#),
      (#""dropout": null"#, #""dropout": 0.0"#),
      (#""end_of_word_suffix": null"#, #""end_of_word_suffix": """#),
    ] {
      #expect(try edited(old, new).hash == tokenizer.hash)
    }
    // A pattern that is given replaces the one in the file, but nothing beside it.
    #expect(try edited("{1,3}", "{1,7}", pattern: .gpt2).pattern == .gpt2)
    #expect(throws: TokenizerError.self) { try edited("{1,3}", "{1,7}") }
    #expect(throws: TokenizerError.self) {
      try edited(#""type": "Split""#, #""type": "Digits""#, pattern: .gpt2)
    }
  }

  @Test func mergesOfAHuggingFaceFileCountNotItsIds() throws {
    // Ids say "bc" comes before "ab"; the list of merges says the opposite.
    var vocab = "\"bc\":256,\"ab\":257"
    for (byte, character) in TokenizerFileTests.alphabet.enumerated() {
      vocab += ",\(JSONWriter.text(.string(character))):\(byte)"
    }
    let text = """
      {"model":{"type":"BPE","vocab":{\(vocab)},"merges":["a b","b c"]},
       "pre_tokenizer":{"type":"ByteLevel","use_regex":true},"added_tokens":[]}
      """
    let tokenizer = try parse(text)
    #expect(tokenizer.pattern == .gpt2)
    #expect(tokenizer.encode("abc") == [257, 99])
    #expect(try parse(text, pattern: .gpt4).pattern == .gpt4)
    let again = try Tokenizer.parse(tokenizer.huggingFaceJSON, path: "t")
    #expect(again.encode("abc") == [257, 99] && again.hash == tokenizer.hash)
  }

  private static let alphabet: [String] = {
    var extra = 256
    return (0..<256).map { byte in
      if (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174 {
        return String(Unicode.Scalar(UInt8(byte)))
      }
      defer { extra += 1 }
      return Unicode.Scalar(UInt32(extra)).map { String($0) } ?? ""
    }
  }()

  @Test func rankListsAreRead() throws {
    var ranks = (0..<256).map { "{\"bytes\":[\($0)],\"token_id\":\($0)}" }
    ranks.append("{\"bytes\":[104,105],\"token_id\":256}")
    let body = "\"mergeable_ranks\":[\(ranks.joined(separator: ","))]"
    let pattern = JSONWriter.text(.string(SplitPattern.nanochat.expression))
    let tokenizer = try parse("{\"vocab_size\":257,\"pattern\":\(pattern),\(body)}")
    #expect(tokenizer.encode("hi") == [256] && tokenizer.pattern == .nanochat)
    #expect(throws: TokenizerError.invalidVocabulary(path: "t", .declaredSize(300, entries: 257))) {
      try parse("{\"vocab_size\":300,\(body)}")
    }
    #expect(throws: TokenizerError.unknownPattern(path: "t", expression: "x+")) {
      try parse("{\"pattern\":\"x+\",\(body)}")
    }
    #expect(throws: TokenizerError.self) {
      try parse("{\"mergeable_ranks\":[{\"bytes\":[256],\"token_id\":0}]}")
    }
  }

  @Test func brokenTiktokenFilesAreNamedByLine() throws {
    #expect(throws: TokenizerError.malformed(path: "t", line: 2, reason: .notBase64)) {
      try parse("AA== 0\nA? 1\n")
    }
    #expect(throws: TokenizerError.malformed(path: "t", line: 1, reason: .notAnID("x"))) {
      try parse("AA== x\n")
    }
    #expect(throws: TokenizerError.invalidVocabulary(path: "t", .missingID(1))) {
      try parse("AA== 0\nAQ== 2\n")
    }
    #expect(throws: TokenizerError.invalidVocabulary(path: "t", .repeatedID(0))) {
      try parse("AA== 0\nAQ== 0\n")
    }
    #expect(throws: TokenizerError.invalidVocabulary(path: "t", .missingByte(1))) {
      try parse("AA== 0\n")
    }
    #expect(throws: TokenizerError.invalidVocabulary(path: "t", .idOutOfRange(-1))) {
      try parse("AA== -1\n")
    }
    #expect(throws: TokenizerError.malformed(path: "t", line: 0, reason: .unknownFormat)) {
      try parse("")
    }
  }

  @Test func otherJSONIsRefused() throws {
    #expect(throws: TokenizerError.malformed(path: "t", line: 0, reason: .unknownFormat)) {
      try parse("{}")
    }
    #expect(throws: TokenizerError.self) { try parse("{\"model\":") }
    #expect(
      throws: TokenizerError.malformed(path: "t", line: 0, reason: .unsupportedModel("Unigram"))
    ) { try parse("{\"model\":{\"type\":\"Unigram\"}}") }
    #expect(throws: TokenizerError.self) { try Tokenizer.load("/nonexistent/tokenizer.json") }
  }

  @Test func mutatedFilesNeverCrash() throws {
    let tokenizer = try Tokenizer(
      vocabulary: TestVocabulary.bytesAnd(["ab", " a", " ab"]), pattern: .gpt4)
    var generator = SeededNumbers(seed: 6)
    for round in 0..<300 {
      var bytes = tokenizer.huggingFaceJSON
      for _ in 0..<(1 + round % 4) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[index] = UInt8.random(in: 32...126, using: &generator)
      }
      if let read = try? Tokenizer.parse(bytes, path: "t") {
        #expect(read.decode(read.encode(" ab ab")) == Array(" ab ab".utf8))
      }
    }
  }

  @Test func everySpellingOfThePatternsIsKnown() {
    let original =
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    #expect(SplitPattern(expression: original) == .gpt4)
    #expect(
      SplitPattern(
        expression: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#)
        == .gpt2)
    for pattern in SplitPattern.allCases {
      #expect(SplitPattern(expression: pattern.expression) == pattern)
    }
    #expect(SplitPattern(expression: #"\s+"#) == nil)
  }
}
