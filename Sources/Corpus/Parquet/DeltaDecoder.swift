/// Decodes DELTA_BINARY_PACKED: blocks of bit-packed differences above a smallest difference.
///
/// Sums wrap around, as the format says. The bytes must lie in a `PageBuffer`.
struct DeltaDecoder {
  private let bytes: UnsafeRawBufferPointer
  /// Where the encoded numbers end, once they are decoded.
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Writes exactly `count` values, and throws when the data holds another number of them.
  mutating func decode<Value: FixedWidthInteger & BitwiseCopyable>(
    into output: UnsafeMutablePointer<Value>, count: Int
  ) throws(ParquetFault) {
    let blockSize = try unsigned()
    let miniblocks = try unsigned()
    let total = try unsigned()
    let first = try signed()
    guard blockSize > 0, blockSize <= 1 << 20, blockSize % 128 == 0 else {
      throw .invalid(.deltaHeader, value: Int(truncatingIfNeeded: blockSize))
    }
    guard miniblocks > 0, blockSize % miniblocks == 0, blockSize / miniblocks % 32 == 0 else {
      throw .invalid(.deltaHeader, value: Int(truncatingIfNeeded: miniblocks))
    }
    guard total == UInt64(count) else {
      throw .invalid(.valueCount, value: Int(truncatingIfNeeded: total))
    }
    if count == 0 { return }
    var value = Value(truncatingIfNeeded: first)
    output[0] = value
    var done = 1
    let miniblockSize = Int(blockSize / miniblocks)
    while done < count {
      let smallest = Value(truncatingIfNeeded: try signed())
      let widths = position
      guard bytes.count - position >= Int(miniblocks) else { throw .truncated(.deltaData) }
      position += Int(miniblocks)
      for miniblock in 0..<Int(miniblocks) where done < count {
        let width = Int(bytes[widths + miniblock])
        guard width <= Value.bitWidth else { throw .invalid(.bitWidth, value: width) }
        let size = miniblockSize * width / 8
        guard bytes.count - position >= size else { throw .truncated(.deltaData) }
        let run = min(miniblockSize, count - done)
        for index in 0..<run {
          let delta = Value(truncatingIfNeeded: packed(bit: position * 8 + index * width, width))
          value = value &+ smallest &+ delta
          output[done + index] = value
        }
        position += size
        done += run
      }
    }
  }

  private func packed(bit: Int, _ width: Int) -> UInt64 {
    guard width > 0, let base = bytes.baseAddress else { return 0 }
    let shift = UInt64(bit & 7)
    let pointer = base + (bit >> 3)
    var word = pointer.loadUnaligned(as: UInt64.self) >> shift
    if width + Int(shift) > 64 {
      word |= UInt64(pointer.loadUnaligned(fromByteOffset: 8, as: UInt8.self)) << (64 - shift)
    }
    return width == 64 ? word : word & ((1 << UInt64(width)) - 1)
  }

  private mutating func unsigned() throws(ParquetFault) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard position < bytes.count else { throw .truncated(.deltaHeader) }
      let next = bytes[position]
      position += 1
      value |= UInt64(next & 0x7f) << shift
      if next < 0x80 { return value }
    }
    throw .invalid(.deltaHeader, value: position)
  }

  private mutating func signed() throws(ParquetFault) -> Int64 {
    let raw = try unsigned()
    return Int64(bitPattern: raw >> 1) ^ -Int64(raw & 1)
  }
}
