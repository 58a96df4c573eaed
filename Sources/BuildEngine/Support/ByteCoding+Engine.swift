import ByteCoding

extension ByteWriter {
  mutating func digest(_ digest: Digest) {
    fixed(digest.high)
    fixed(digest.low)
  }

  mutating func stamp(_ stamp: FileGuard) {
    integer(UInt64(bitPattern: stamp.size))
    fixed(UInt64(bitPattern: stamp.modified))
    fixed(UInt64(bitPattern: stamp.changed))
    integer(stamp.inode)
  }
}

extension ByteReader {
  mutating func digest() -> Digest? {
    guard let high = fixed(), let low = fixed() else { return nil }
    return Digest(high: high, low: low)
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
