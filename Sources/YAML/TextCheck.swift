import Diagnostics

/// Finds what libyaml's reader would refuse, so that the error has a line and a column: libyaml
/// gives a byte offset only.
enum TextCheck {
  static func firstError(in bytes: [UInt8], file: String, limits: YAMLLimits) -> YAMLError? {
    guard bytes.count <= limits.bytes else {
      return YAMLError(
        .tooLarge(limit: limits.bytes), at: SourceLocation(file: file, line: 1, column: 1))
    }
    if isWide(bytes) {
      return YAMLError(.utf16, at: SourceLocation(file: file, line: 1, column: 1))
    }
    return bytes.withUnsafeBufferPointer { bytes in
      guard let (offset, reason) = firstFault(bytes) ?? excessiveDirective(bytes, limits) else {
        return nil
      }
      let place = place(of: offset, in: bytes)
      return YAMLError(
        reason, at: SourceLocation(file: file, line: place.line, column: place.column))
    }
  }

  private static func isWide(_ bytes: [UInt8]) -> Bool {
    if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) { return true }
    // ASCII text in UTF-16 without a mark has NUL as every other byte.
    return bytes.count >= 2 && (bytes[0] == 0) != (bytes[1] == 0) && bytes.count % 2 == 0
  }

  /// The first line past the limit that would be a directive. Only lines before the document are, but
  /// no pipeline file has so many others that begin like one.
  private static func excessiveDirective(
    _ bytes: UnsafeBufferPointer<UInt8>, _ limits: YAMLLimits
  ) -> (Int, YAMLError.Reason)? {
    var count = 0
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
      guard index == 0 || bytes[index - 1] == 0x0a || bytes[index - 1] == 0x0d else { continue }
      count += 1
      if count > limits.directives {
        return (index, .tooManyDirectives(limit: limits.directives))
      }
    }
    return nil
  }

  private static func firstFault(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) -> (Int, YAMLError.Reason)? {
    var index = 0
    let count = bytes.count
    while index < count {
      let byte = bytes[index]
      if byte < 0x80 {
        if byte < 0x20 ? byte != 0x0a && byte != 0x09 && byte != 0x0d : byte == 0x7f {
          return (index, .controlCharacter(UInt32(byte)))
        }
        index += 1
        continue
      }
      guard let (value, length) = decode(bytes, at: index) else {
        return (index, .invalidUTF8(byte: byte))
      }
      if value < 0xa0 && value != 0x85 || value == 0xfffe || value == 0xffff {
        return (index, .controlCharacter(value))
      }
      index += length
    }
    return nil
  }

  /// The scalar value of a sequence of two to four bytes, or nil when it is malformed.
  private static func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, at index: Int
  ) -> (value: UInt32, length: Int)? {
    let lead = bytes[index]
    let length: Int
    var value: UInt32
    switch lead {
    case 0xc2...0xdf: (length, value) = (2, UInt32(lead & 0x1f))
    case 0xe0...0xef: (length, value) = (3, UInt32(lead & 0x0f))
    case 0xf0...0xf4: (length, value) = (4, UInt32(lead & 0x07))
    default: return nil
    }
    guard index + length <= bytes.count else { return nil }
    for offset in 1..<length {
      let byte = bytes[index + offset]
      guard byte & 0xc0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3f)
    }
    let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    guard value >= least, value <= 0x10ffff, !(0xd800...0xdfff).contains(value) else { return nil }
    return (value, length)
  }

  /// 1-based line and column of a byte.
  static func place(
    of offset: Int, in bytes: UnsafeBufferPointer<UInt8>
  ) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    var index = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    while index < offset {
      let byte = bytes[index]
      let endsPair = byte == 0x0d && index + 1 < bytes.count && bytes[index + 1] == 0x0a
      if byte == 0x0a || byte == 0x0d && !endsPair {
        line += 1
        column = 1
      } else if byte & 0xc0 != 0x80, !endsPair {
        column += 1
      }
      index += 1
    }
    return (line, column)
  }
}
