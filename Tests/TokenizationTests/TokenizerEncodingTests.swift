import JSON
import TestSupport
import Testing
import Tokenization

@Suite struct TokenizerEncodingTests {
  /// `tiktoken.jsonl` holds tiktoken's ids for the same ranks: see Tests/Referees.
  @Test(arguments: SplitPattern.allCases)
  func idsEqualThoseOfTiktoken(_ pattern: SplitPattern) throws {
    let tokenizer = try TestVocabulary.small(pattern)
    let lines = try TestFiles.bytes(TestFiles.fixtures + "/tiktoken.jsonl").split(separator: 0x0a)
    #expect(lines.count == 300)
    for line in lines {
      let row = try JSONParser.parse(Array(line))
      let text = try #require(row["text"]?.stringValue)
      let expected = row[pattern.rawValue]?.arrayValue?.map { Int32($0.intValue ?? -1) }
      try #require(tokenizer.encode(text) == expected, "\(text)")
    }
  }

  /// The plain method: the lowest id of any two neighbours that make a token, leftmost first.
  private func plainMerge(_ piece: [UInt8], _ ids: [[UInt8]: Int32]) -> [Int32] {
    if let whole = ids[piece] { return [whole] }
    var parts = piece.map { [$0] }
    while true {
      var best: (index: Int, id: Int32)?
      for index in 0..<max(parts.count - 1, 0) {
        if let id = ids[parts[index] + parts[index + 1]], id < best?.id ?? .max {
          best = (index, id)
        }
      }
      guard let best else { return parts.compactMap { ids[$0] } }
      parts[best.index] += parts[best.index + 1]
      parts.remove(at: best.index + 1)
    }
  }

  @Test func mergingEqualsThePlainMethodForAnyVocabulary() throws {
    var generator = SeededNumbers(seed: 5)
    for round in 0..<150 {
      // Not a trained vocabulary: ids stand in any order and some tokens cannot be reached.
      var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { [$0] }
      for _ in 0..<(5 + round) {
        let token = (0..<Int.random(in: 2...6, using: &generator)).map { _ in
          UInt8(97 + Int.random(in: 0..<3, using: &generator))
        }
        if !tokens.contains(token) { tokens.append(token) }
      }
      tokens.shuffle(using: &generator)
      var vocabulary = Vocabulary()
      for token in tokens { vocabulary.append(token) }
      let tokenizer = try Tokenizer(vocabulary: vocabulary, pattern: .gpt4)
      let ids = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, Int32($0)) })
      for length in [1, 2, 3, 8, 15, 16, 40, 48, 49, 60, 200] {
        let piece = (0..<length).map { _ in UInt8(97 + Int.random(in: 0..<3, using: &generator)) }
        try #require(tokenizer.encode(piece) == plainMerge(piece, ids), "\(piece)")
      }
    }
  }

  @Test func longPiecesTakeLinearTime() throws {
    let tokenizer = try TestVocabulary.small(.gpt4)
    let emoji = Array("😀".utf8)
    var generator = SeededNumbers(seed: 2)
    let texts: [[UInt8]] = [
      [UInt8](repeating: 97, count: 1_000_000), [UInt8](repeating: 32, count: 1_000_000),
      (0..<1_000_000).map { emoji[$0 & 3] },
      (0..<1_000_000).map { _ in UInt8.random(in: 0...255, using: &generator) },
      (0..<1_000_000).map { _ in UInt8.random(in: 97...122, using: &generator) },
    ]
    let clock = ContinuousClock()
    for text in texts {
      var ids: [Int32] = []
      let time = clock.measure { ids = tokenizer.encode(text) }
      // Quadratic merging takes minutes; the bound leaves room for a busy machine.
      #expect(time < .seconds(5))
      #expect(tokenizer.decode(ids) == text)
    }
  }

  @Test func anyBytesComeBack() throws {
    let tokenizer = try TestVocabulary.small(.nanochat)
    var generator = SeededNumbers(seed: 9)
    for size in 0..<500 {
      let bytes = MixedText.makeBroken(&generator, parts: 1 + size % 40)
      try #require(tokenizer.decode(tokenizer.encode(bytes)) == bytes)
    }
  }

  @Test func spellingsOfSpecialTokensAreText() throws {
    let tokenizer = try TestVocabulary.small(.gpt4)
    let ids = tokenizer.encode("<|bos|><|assistant_end|>")
    #expect(ids.count > 2 && ids.allSatisfy { $0 < tokenizer.specialTokens.bos })
  }

  @Test func specialTokensHaveNoBytes() throws {
    let tokenizer = try TestVocabulary.small(.gpt4)
    #expect(tokenizer.vocabularySize == 1009)
    #expect(tokenizer.specialTokens.outputEnd == 1008)
    #expect(tokenizer.byteLength(of: tokenizer.specialTokens.bos) == 0)
    #expect(tokenizer.byteLength(of: 97) == 1)
    #expect(tokenizer.byteLengths.count == 1009 && tokenizer.byteLengths.last == 0)
    #expect(tokenizer.decode([104, 1000, 105, -4, 99_999]) == Array("hi".utf8))
  }

  @Test func batchesGiveTheSameIdsOnAnyThreads() throws {
    let tokenizer = try TestVocabulary.small(.gpt4)
    var generator = SeededNumbers(seed: 4)
    var documents = DocumentBuffer()
    var expected: [[Int32]] = []
    let large = (0..<90_000).map { "word\($0 % 97) and more" }.joined(separator: " ")
    for index in 0..<40 {
      let text = index == 7 ? large : MixedText.make(&generator, parts: index * 5)
      documents.append(Array(text.utf8))
      expected.append([tokenizer.specialTokens.bos] + tokenizer.encode(text))
    }
    for threads in 1...3 {
      let encoder = BatchEncoder(tokenizer, threads: threads)
      var batch = EncodedBatch()
      for _ in 0..<2 {
        encoder.encode(documents, prefix: tokenizer.specialTokens.bos, into: &batch)
        #expect(batch.count == 40)
        for index in 0..<40 { try #require(Array(batch[index]) == expected[index]) }
      }
    }
  }

  @Test(arguments: SplitPattern.allCases)
  func largeDocumentsMayBeCutForThreads(_ pattern: SplitPattern) throws {
    let tokenizer = try TestVocabulary.small(pattern)
    var generator = SeededNumbers(seed: 8)
    let text = (0..<60_000).map { _ in
      MixedText.parts[Int.random(in: 0..<MixedText.parts.count, using: &generator)]
        + (Bool.random(using: &generator) ? " some words" : "")
    }.joined()
    var documents = DocumentBuffer()
    documents.append(Array(text.utf8))
    var batch = EncodedBatch()
    BatchEncoder(tokenizer, threads: 2).encode(documents, into: &batch)
    #expect(batch.ids == tokenizer.encode(text))
  }

  @Test func streamingHoldsBackUnfinishedCharacters() throws {
    let tokenizer = try TestVocabulary.small(.gpt4)
    var decoder = StreamingDecoder(tokenizer)
    let bytes = Array("é€😀".utf8)
    let parts = bytes.map { decoder.append(Int32($0)) }
    #expect(parts == ["", "é", "", "", "€", "", "", "", "😀"])
    #expect(decoder.finish() == "")
    #expect(decoder.append(0xe2) == "" && decoder.append(97) == "\u{fffd}a")
    #expect(decoder.append(0xf0) == "" && decoder.finish() == "\u{fffd}")
    #expect(decoder.append(0xed) == "" && decoder.append(0xa0) == "\u{fffd}\u{fffd}")
    #expect(decoder.append(0xff) == "\u{fffd}")
  }
}
