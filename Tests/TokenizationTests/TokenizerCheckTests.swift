import TestSupport
import Testing
import Tokenization

@Suite struct TokenizerCheckTests {
  @Test func aSavedTokenizerIsValid() throws {
    let folder = try TemporaryFolder()
    try TestVocabulary.small(.gpt4).save(to: folder.path)
    let verdict = TokenizerChecks.valid(folder: folder.path)
    #expect(verdict.passed, "\(verdict)")
    #expect(verdict.numbers["tokens"] == 1000)
  }

  @Test func filesThatDisagreeAreFound() throws {
    let folder = try TemporaryFolder()
    try TestVocabulary.small(.gpt4).save(to: folder.path)
    try folder.write("token_bytes.json", "[1,2,3]")
    #expect(!TokenizerChecks.valid(folder: folder.path).passed)
    try TestVocabulary.small(.gpt4).save(to: folder.path)
    let other = try TemporaryFolder()
    try Tokenizer(vocabulary: TestVocabulary.bytesAnd([]), pattern: .gpt4).save(to: other.path)
    try folder.write(
      "tokenizer.tiktoken", bytes: try TestFiles.bytes(other.file("tokenizer.tiktoken")))
    #expect(!TokenizerChecks.valid(folder: folder.path).passed)
    #expect(!TokenizerChecks.valid(folder: other.path + "/missing").passed)
  }

  @Test func aTokenNothingMergesToIsFound() throws {
    let folder = try TemporaryFolder()
    try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["xyz"]), pattern: .gpt4)
      .save(to: folder.path)
    let verdict = TokenizerChecks.valid(folder: folder.path)
    #expect(!verdict.passed && verdict.numbers["unreachable"] == 1)
  }

  @Test func roundTripsAndLettersPass() throws {
    let tokenizer = try TestVocabulary.small(.gpt4)
    #expect(TokenizerChecks.roundTrip(tokenizer).passed)
    #expect(TokenizerChecks.letters(tokenizer).passed)
  }

  @Test func compressionIsReportedForEachText() throws {
    let tokenizer = try TestVocabulary.small(.gpt4)
    let verdict = TokenizerChecks.compression(tokenizer, minimum: 1.2)
    #expect(verdict.passed && verdict.details.count == 4)
    let ratio = try #require(verdict.numbers["bytes_per_token_news"])
    #expect(ratio > 1.5 && ratio < 5)
    #expect(!TokenizerChecks.compression(tokenizer, minimum: ratio + 1).passed)
    let bytes = try Tokenizer(vocabulary: TestVocabulary.bytesAnd([]), pattern: .gpt4)
    #expect(TokenizerChecks.compression(bytes, minimum: 1).numbers["bytes_per_token"] == 1)
  }

  @Test func fewerTokensThanTheBaselineIsPositive() throws {
    let bytes = try Tokenizer(vocabulary: TestVocabulary.bytesAnd([]), pattern: .gpt4)
    let small = try TestVocabulary.small(.gpt4)
    let better = TokenizerChecks.compare(small, baseline: bytes, minimum: -0.3)
    let difference = try #require(better.numbers["relative_difference"])
    #expect(better.passed && difference > 0.2)
    let worse = TokenizerChecks.compare(bytes, baseline: small, minimum: -0.3)
    #expect(!worse.passed && (worse.numbers["relative_difference"] ?? 0) < -0.3)
  }

  @Test func theIntervalIsThatOfARatioOfSums() throws {
    let bytes = try Tokenizer(vocabulary: TestVocabulary.bytesAnd([]), pattern: .gpt4)
    let pairs = try Tokenizer(vocabulary: TestVocabulary.bytesAnd(["ab"]), pattern: .gpt4)
    // Ours 2, 4, 4 tokens of 4, 4, 4: the ratio is 10/12, the residuals -4/3, 2/3, 2/3.
    let verdict = TokenizerChecks.compare(
      pairs, baseline: bytes, documents: ["abab", "xxxx", "yyyy"], minimum: -0.3)
    let low = try #require(verdict.numbers["low"])
    let high = try #require(verdict.numbers["high"])
    let margin = 4.303 * (8.0 / 3 / 2 / 3).squareRoot() / 4
    #expect(abs(low - (1.0 / 6 - margin)) < 1e-9 && abs(high - (1.0 / 6 + margin)) < 1e-9)
    #expect(verdict.summary.contains("over 3 documents"))
  }

  @Test func nothingToCompareOnFails() throws {
    let bytes = try Tokenizer(vocabulary: TestVocabulary.bytesAnd([]), pattern: .gpt4)
    #expect(!TokenizerChecks.compare(bytes, baseline: bytes, documents: [], minimum: 0).passed)
  }
}
