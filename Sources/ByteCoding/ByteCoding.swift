/// A compact binary form for what the program keeps for itself between two starts: variable-length
/// integers, eight-byte words, length-prefixed text.
package struct ByteWriter {
  package private(set) var bytes: [UInt8] = []

  package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  /// Seven bits a byte, lowest first; the high bit says that more follow.
  package mutating func integer(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func integer(_ value: Int) { integer(UInt64(bitPattern: Int64(value))) }

  /// Eight bytes, little endian.
  package mutating func fixed(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func text(_ text: String) {
    integer(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  package mutating func append(_ other: ByteWriter) { bytes.append(contentsOf: other.bytes) }
}

/// Reads what `ByteWriter` wrote; nil from any call means the bytes are damaged.
package struct ByteReader {
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package var isAtEnd: Bool { position == bytes.count }

  package mutating func integer() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  package mutating func signedInteger() -> Int? {
    integer().map { Int(Int64(bitPattern: $0)) }
  }

  /// How many of something follow, each of at least a byte.
  package mutating func count() -> Int? {
    guard let value = integer(), value <= UInt64(bytes.count - position) else { return nil }
    return Int(value)
  }

  package mutating func fixed() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    var value: UInt64 = 0
    for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(index * 8) }
    position += 8
    return value
  }

  package mutating func text() -> String? {
    guard let length = count() else { return nil }
    let text = String(decoding: bytes[position..<position + length], as: UTF8.self)
    position += length
    return text
  }
}
