/// Why a text is not JSON, with the place (1-based line and column, in bytes).
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Reason: Sendable, Hashable {
    case unexpectedEnd
    case unexpectedByte(UInt8, expected: String)
    case invalidNumber
    /// A JSON number that no `Double` comes near.
    case numberOutOfRange
    case invalidEscape
    case invalidUTF8
    case controlCharacter
    case duplicateKey(String)
    case tooDeep(limit: Int)
    case trailingContent
    case byteOrderMark
  }

  package let reason: Reason
  package let offset: Int
  package let line: Int
  package let column: Int

  package var description: String { "\(line):\(column): \(message)" }

  /// What is wrong, without the place.
  package var message: String {
    switch reason {
    case .unexpectedEnd: "the JSON text ends too early"
    case .unexpectedByte(let byte, let expected): "found \(Self.name(byte)), expected \(expected)"
    case .invalidNumber: "this is no JSON number"
    case .numberOutOfRange:
      "this number is out of range: numbers are kept up to about 1.8e308"
    case .invalidEscape: "this is no JSON escape sequence"
    case .invalidUTF8: "this string is not valid UTF-8"
    case .controlCharacter: "control characters must be escaped in a JSON string"
    case .duplicateKey(let key): "the key `\(key)` stands twice in one object"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .trailingContent: "more text follows the end of the JSON value"
    case .byteOrderMark:
      "the text begins with a byte order mark (bytes EF BB BF), which JSON must not have: "
        + "save it as UTF-8 without BOM"
    }
  }

  private static func name(_ byte: UInt8) -> String {
    switch byte {
    case 0x21...0x7e: "`\(Character(Unicode.Scalar(byte)))`"
    default: "byte 0x\(String(byte, radix: 16))"
    }
  }
}
