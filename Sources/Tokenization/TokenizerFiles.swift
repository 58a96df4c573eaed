import FoundationEssentials

/// Names and bytes of the files a tokenizer is kept in.
enum TokenizerFiles {
  static let huggingFace = "tokenizer.json"
  static let tiktoken = "tokenizer.tiktoken"
  static let tokenBytes = "token_bytes.json"

  static func read(_ path: String) throws(TokenizerError) -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw .unreadable(path: path, reason: reason(error))
    }
  }

  static func write(_ bytes: [UInt8], _ path: String) throws(TokenizerError) {
    do {
      try Data(bytes).write(to: URL(filePath: path))
    } catch {
      throw .unwritable(path: path, reason: reason(error))
    }
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? CocoaError else { return "\(error)" }
    return switch error.code {
    case .fileReadNoSuchFile, .fileNoSuchFile: "no such file"
    case .fileReadNoPermission, .fileWriteNoPermission: "permission denied"
    case .fileWriteOutOfSpace: "no space left"
    default: "\(error)"
    }
  }
}

/// The printable characters GPT-2 stands bytes for, in which `tokenizer.json` spells tokens.
enum ByteAlphabet {
  /// The character of each byte.
  static let characters: [Unicode.Scalar] = {
    var extra: UInt32 = 0x100
    return (0..<256).map { byte in
      let isPrintable =
        (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || (0xae...0xff).contains(byte)
      if isPrintable { return Unicode.Scalar(UInt8(byte)) }
      defer { extra += 1 }
      return Unicode.Scalar(extra) ?? " "
    }
  }()

  /// By code point: the byte, or -1. All characters are below U+0144.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, character) in characters.enumerated() { bytes[Int(character.value)] = Int16(byte) }
    return bytes
  }()

  static func spell(_ token: ArraySlice<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in token { text.append(characters[Int(byte)]) }
    return String(text)
  }

  /// The bytes that `text` stands for; nil if it has a character outside the alphabet.
  static func parse(_ text: some StringProtocol) -> [UInt8]? {
    var token: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard scalar.value < 0x144, bytes[Int(scalar.value)] >= 0 else { return nil }
      token.append(UInt8(bytes[Int(scalar.value)]))
    }
    return token
  }
}

/// Base64 with padding, as `.tiktoken` files have it.
enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
  }()

  static func encode(_ bytes: ArraySlice<UInt8>, into output: inout [UInt8]) {
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let first = bytes[index]
      let second = index + 1 < bytes.endIndex ? bytes[index + 1] : 0
      let third = index + 2 < bytes.endIndex ? bytes[index + 2] : 0
      output.append(digits[Int(first >> 2)])
      output.append(digits[Int((first & 3) << 4 | second >> 4)])
      output.append(
        index + 1 < bytes.endIndex
          ? digits[Int((second & 15) << 2 | third >> 6)] : UInt8(ascii: "="))
      output.append(index + 2 < bytes.endIndex ? digits[Int(third & 63)] : UInt8(ascii: "="))
      index += 3
    }
  }

  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard !text.isEmpty, text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    let padding = text.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
    guard text.last == UInt8(ascii: "=") || padding == 0 else { return nil }
    var bits: UInt32 = 0
    for (offset, digit) in text.enumerated() {
      let value = values[Int(digit)]
      if value == 0xff {
        guard digit == UInt8(ascii: "="), offset >= text.count - padding else { return nil }
      }
      bits = bits << 6 | UInt32(value == 0xff ? 0 : value)
      if offset % 4 == 3 {
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bits = 0
      }
    }
    bytes.removeLast(padding)
    return bytes
  }
}
