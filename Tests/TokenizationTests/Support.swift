import FoundationEssentials
import TestSupport
import Tokenization

/// Files beside the tests and in the repository.
enum TestFiles {
  static let folder = String(#filePath.dropLast("/Support.swift".count))
  static let fixtures = folder + "/Fixtures"
  static let data = folder + "/../../data"

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
  }
}

/// Strings that mix scripts, white space, symbols, contractions and numbers.
enum MixedText {
  static let parts = [
    "the", " the", "don't", "WE'LL", "'ve", "'RE", "'ſ", "'S", "'", "''s", "ſ", "a", "B", "naïve",
    "12", "1234567", "½", "٣٤٥", "Ⅷ", " ", "  ", "    ", "\t", "\n", "\n\n", "\r\n", "\r", " \n ",
    "\u{a0}", "\u{3000}", "\u{2028}", "\u{85}", "\u{200b}", "\u{180e}", "!", "...", "_", "(", "==",
    "/*", "€", "😀", "👩‍👩‍👧", "e\u{301}", "안녕", "你好", "שלום", "नमस्ते", "K", "ß", "x1y2", " (a",
    "\u{0}", "\u{7f}", "\u{e000}", "\u{10ffff}", "𝒜", "\u{1f1e9}\u{1f1ea}",
  ]

  static func make(_ generator: inout SeededNumbers, parts count: Int) -> String {
    (0..<count).map { _ in parts[Int.random(in: 0..<parts.count, using: &generator)] }.joined()
  }

  /// Bytes that are well-formed UTF-8 only in parts.
  static func makeBroken(_ generator: inout SeededNumbers, parts count: Int) -> [UInt8] {
    var bytes = Array(make(&generator, parts: count).utf8)
    for _ in 0..<max(1, count / 3) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      if Bool.random(using: &generator) {
        bytes[index] = UInt8.random(in: 0...255, using: &generator)
      } else {
        bytes.remove(at: index)
      }
    }
    return bytes
  }
}

/// Vocabularies for tests.
enum TestVocabulary {
  static func bytesAnd(_ tokens: [String]) -> Vocabulary {
    var vocabulary = Vocabulary()
    for byte in UInt8.min...UInt8.max { vocabulary.append([byte]) }
    for token in tokens { vocabulary.append(Array(token.utf8)) }
    return vocabulary
  }

  static func small(_ pattern: SplitPattern) throws -> Tokenizer {
    try Tokenizer.load(TestFiles.fixtures + "/small.tiktoken", pattern: pattern)
  }
}
