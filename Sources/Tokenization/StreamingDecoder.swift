/// Turns ids into text piece by piece, holding back bytes until they form whole characters.
///
/// Bytes that can never become a character are replaced by U+FFFD as soon as that is certain.
package struct StreamingDecoder {
  private let tokenizer: Tokenizer
  private var pending: [UInt8] = []

  package init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// The text that `id` completes; empty while a character is unfinished.
  package mutating func append(_ id: Int32) -> String {
    pending.append(contentsOf: tokenizer.bytes(of: id))
    let complete = pending.count - Self.unfinishedLength(pending)
    guard complete > 0 else { return "" }
    let text = String(decoding: pending[..<complete], as: UTF8.self)
    pending.removeFirst(complete)
    return text
  }

  /// What is left when no more ids follow; an unfinished character becomes U+FFFD.
  package mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }

  /// The number of bytes at the end that start a character whose other bytes may still come.
  private static func unfinishedLength(_ bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let byte = bytes[bytes.count - length]
      if byte & 0xc0 == 0x80 { continue }
      let needed =
        switch byte {
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        default: 1
        }
      guard length < needed else { return 0 }
      return canContinue(bytes.suffix(length)) ? length : 0
    }
    return 0
  }

  /// Whether the second byte keeps the sequence well-formed: no overlong form, no surrogate.
  private static func canContinue(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first, let second = bytes.dropFirst().first else { return true }
    return switch first {
    case 0xe0: second >= 0xa0
    case 0xed: second < 0xa0
    case 0xf0: second >= 0x90
    case 0xf4: second < 0x90
    default: true
    }
  }
}
