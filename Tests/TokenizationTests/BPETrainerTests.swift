import TestSupport
import Testing
import Tokenization

@Suite struct BPETrainerTests {
  private func train(
    _ documents: [[UInt8]], _ options: BPETrainer.Options, batch: Int = 7
  ) throws -> BPETrainer.Result {
    var rest = documents[...]
    return try BPETrainer(options).train(source: { buffer in
      for document in rest.prefix(batch) { buffer.append(document) }
      rest = rest.dropFirst(batch)
      return !rest.isEmpty
    })
  }

  private func options(
    _ merges: Int, _ pattern: SplitPattern = .gpt4, threads: Int = 1
  ) -> BPETrainer.Options {
    BPETrainer.Options(
      vocabularySize: 256 + merges + SpecialTokens.count, pattern: pattern, threads: threads)
  }

  private func learned(_ result: BPETrainer.Result) -> [[UInt8]] {
    (256..<result.tokenizer.vocabulary.count).map { Array(result.tokenizer.vocabulary[$0]) }
  }

  /// Lines of the sample conversations, as documents.
  private func sample() throws -> [[UInt8]] {
    try TestFiles.bytes(TestFiles.data + "/conversations.jsonl").split(separator: 0x0a).map {
      Array($0)
    }
  }

  /// `rustbpe.tiktoken` was written by rustbpe from the same lines: see Tests/Referees.
  @Test func ranksEqualThoseOfRustbpe() throws {
    let result = try train(sample(), options(3_000 - 256))
    let folder = try TemporaryFolder()
    try result.tokenizer.save(to: folder.path)
    let ours = try TestFiles.bytes(folder.file("tokenizer.tiktoken"))
    #expect(ours == (try TestFiles.bytes(TestFiles.fixtures + "/rustbpe.tiktoken")))
  }

  @Test func theNumberOfThreadsChangesNothing() throws {
    let documents = try sample()
    let one = try train(documents, options(500))
    let three = try train(documents, options(500, threads: 3), batch: 100)
    #expect(one.tokenizer.hash == three.tokenizer.hash)
    #expect(one.characters == three.characters && one.documents == three.documents)
  }

  @Test func tiesGoToTheSmallerPairAndOverlapsFromTheLeft() throws {
    var generator = SeededNumbers(seed: 3)
    for round in 0..<60 {
      let letters = 2 + round % 4
      let documents = (0..<(1 + round % 7)).map { _ in
        (0..<Int.random(in: 1...40, using: &generator)).map { _ in
          UInt8(97 + Int.random(in: 0..<letters, using: &generator))
        }
      }
      let found = learned(try train(documents, options(25)))
      try #require(found == ReferenceTrainer.learn(documents, merges: 25), "\(documents)")
    }
  }

  @Test func noTwoTokensSpellTheSame() throws {
    // (a, bb) and (ab, b) can both become "abb"; the second would be a duplicate.
    let documents = ["abb", "abb", "bb", "bb", "bb", "xab", "ab", "ab", "ab", "abb"].map {
      Array($0.utf8)
    }
    let result = try train(documents, options(40))
    let spellings = learned(result)
    #expect(Set(spellings).count == spellings.count)
    #expect(result.endedEarly)
    #expect(result.tokenizer.vocabulary.count == 256 + spellings.count)
  }

  @Test func readingStopsAfterTheDocumentThatReachesTheLimit() throws {
    var options = options(10)
    options.maxCharacters = 25
    let documents = ["ééééé ééééé", "ééééé ééééé", "aaaaa aaaaa", "bbbbb"].map { Array($0.utf8) }
    let result = try train(documents, options)
    #expect(result.documents == 3)
    #expect(result.characters == 33)
  }

  @Test func documentsAreCutByCharacters() throws {
    var options = options(10)
    options.documentCap = 3
    let result = try train([Array("ééééé".utf8), Array("ab".utf8)], options)
    #expect(result.characters == 5 && result.bytes == 8)
  }

  @Test func memoryStaysBoundedTheSameWayOnAnyThreads() throws {
    var generator = SeededNumbers(seed: 11)
    let documents = (0..<400).map { _ in
      Array(
        (0..<900).map { _ in
          String((0..<7).map { _ in "abcdefghijklmnop".randomElement(using: &generator) ?? "a" })
        }.joined(separator: " ").utf8) + Array(" common words stay".utf8)
    }
    var options = options(60)
    options.maxMemory = 1 << 20
    let one = try train(documents, options)
    options.threads = 3
    let three = try train(documents, options)
    #expect(one.forgottenOccurrences > 0)
    #expect(one.forgottenOccurrences == three.forgottenOccurrences)
    #expect(one.tokenizer.hash == three.tokenizer.hash)
  }

  /// 500 pieces of 20 bytes once and 500 twice.
  private func longPieces() -> [[UInt8]] {
    (0..<1500).map { number in
      let letters = Array("abcdefghij".utf8)
      let digits = [number % 1000 / 100, number % 100 / 10, number % 10].map { letters[$0] }
      return Array("aSeventeenLetters".utf8) + digits
    }
  }

  /// 4096 slots of 24 bytes for short pieces, then slots of 32 bytes for long ones, and their text.
  private static let allLongPieces = 4096 * 24 + 2048 * 32 + 1000 * 20
  private static let frequentLongPieces = 4096 * 24 + 1024 * 32 + 500 * 20

  @Test(arguments: [1, 2, 3, 8])
  func whatFitsExactlyIsKeptOnAnyThreads(threads: Int) throws {
    var options = options(60, threads: threads)
    options.maxMemory = Self.allLongPieces
    #expect(try train(longPieces(), options).forgottenOccurrences == 0)
    #expect(try train(longPieces().reversed(), options).forgottenOccurrences == 0)
    for bound in [Self.allLongPieces - 1, Self.frequentLongPieces] {
      options.maxMemory = bound
      #expect(try train(longPieces(), options).forgottenOccurrences == 500)
    }
  }

  @Test(arguments: [frequentLongPieces - 1, 0])
  func aBoundBelowTheMostFrequentPiecesIsAnError(bound: Int) throws {
    var options = options(60)
    options.maxMemory = bound
    let error = TokenizerError.memoryTooSmall(limit: bound, needed: Self.frequentLongPieces)
    #expect(throws: error) { try train(longPieces(), options) }
    #expect("\(error)".contains("`max_memory` of \(bound) bytes is too small"))
  }

  @Test func aMegabyteOfOneLetterTrains() throws {
    let result = try train([[UInt8](repeating: 97, count: 1 << 20)], options(50))
    #expect(result.endedEarly)
    #expect(result.tokenizer.vocabulary.length(result.tokenizer.vocabulary.count - 1) == 1 << 20)
    let folder = try TemporaryFolder()
    try result.tokenizer.save(to: folder.path)
    #expect(try Tokenizer.load(folder.path).hash == result.tokenizer.hash)
  }

  @Test func wrongOptionsAndNoTextAreErrors() throws {
    #expect(throws: TokenizerError.vocabularyTooSmall(requested: 264, minimum: 265)) {
      try train([[97]], options(-1))
    }
    #expect(throws: TokenizerError.noText) { try train([], options(5)) }
    #expect(throws: TokenizerError.noText) { try train([[]], options(5)) }
    #expect(throws: TokenizerError.cancelled) {
      try BPETrainer(options(5)).train(source: { _ in true }, isCancelled: { true })
    }
  }

  @Test func errorsOfTheSourceArePassedOn() throws {
    struct Broken: Error {}
    #expect(throws: Broken.self) {
      try BPETrainer(options(5, threads: 3)).train(source: { _ in throw Broken() })
    }
  }
}
