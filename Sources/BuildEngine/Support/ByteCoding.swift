/// A compact binary form for what the index keeps in blobs: variable-length integers, digests,
/// length-prefixed text.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  mutating func integer(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func integer(_ value: Int) { integer(UInt64(bitPattern: Int64(value))) }

  mutating func fixed(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func digest(_ digest: Digest) {
    fixed(digest.high)
    fixed(digest.low)
  }

  mutating func text(_ text: String) {
    integer(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func stamp(_ stamp: FileGuard) {
    integer(UInt64(bitPattern: stamp.size))
    fixed(UInt64(bitPattern: stamp.modified))
    fixed(UInt64(bitPattern: stamp.changed))
    integer(stamp.inode)
  }
}

/// Reads what `ByteWriter` wrote; nil from any call means the bytes are damaged.
struct ByteReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func integer() -> UInt64? {
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

  mutating func count() -> Int? {
    guard let value = integer(), value <= UInt64(bytes.count) else { return nil }
    return Int(value)
  }

  mutating func fixed() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    var value: UInt64 = 0
    for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(index * 8) }
    position += 8
    return value
  }

  mutating func digest() -> Digest? {
    guard let high = fixed(), let low = fixed() else { return nil }
    return Digest(high: high, low: low)
  }

  mutating func text() -> String? {
    guard let length = count(), bytes.count - position >= length else { return nil }
    let text = String(decoding: bytes[position..<position + length], as: UTF8.self)
    position += length
    return text
  }

  mutating func stamp() -> FileGuard? {
    guard let size = integer(), let modified = fixed(), let changed = fixed(),
      let inode = integer()
    else { return nil }
    return FileGuard(
      size: Int64(bitPattern: size), modified: Int64(bitPattern: modified),
      changed: Int64(bitPattern: changed), inode: inode)
  }
}
