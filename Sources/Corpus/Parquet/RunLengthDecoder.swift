/// Decodes the hybrid of run lengths and bit-packed groups that levels and indices are kept in.
///
/// The bytes must lie in a `PageBuffer`: packed values are taken from eight-byte loads that may
/// reach into the slack behind it.
struct RunLengthDecoder {
  private let bytes: UnsafeRawBufferPointer
  private let bitWidth: Int
  private var position = 0
  private var repeated = 0
  private var repeatedValue: UInt32 = 0
  private var packed = 0
  private var packedBit = 0

  init(_ bytes: UnsafeRawBufferPointer, bitWidth: Int) throws(ParquetFault) {
    guard (0...32).contains(bitWidth) else { throw .invalid(.bitWidth, value: bitWidth) }
    self.bytes = bytes
    self.bitWidth = bitWidth
  }

  /// Writes the next `count` values, and throws when the bytes do not hold that many.
  mutating func decode<Value: FixedWidthInteger & UnsignedInteger>(
    into output: UnsafeMutablePointer<Value>, count: Int
  ) throws(ParquetFault) {
    var done = 0
    while done < count {
      if repeated > 0 {
        let run = min(repeated, count - done)
        (output + done).update(repeating: Value(truncatingIfNeeded: repeatedValue), count: run)
        repeated -= run
        done += run
      } else if packed > 0 {
        let run = min(packed, count - done)
        guard packedBit + run * bitWidth <= bytes.count * 8 else { throw .truncated(.runs) }
        unpack(into: output + done, count: run)
        packed -= run
        done += run
      } else {
        try nextRun()
      }
    }
  }

  private mutating func nextRun() throws(ParquetFault) {
    let header = try readHeader()
    if header & 1 == 1 {
      let groups = Int(header >> 1)
      // More than the bytes can hold is possible only where a value takes no bits.
      packed = min(groups, ParquetLimits.valuesPerPage / 8 + 1) * 8
      packedBit = position * 8
      position = min(bytes.count, position + groups * bitWidth)
    } else {
      repeated = Int(header >> 1)
      repeatedValue = 0
      let width = (bitWidth + 7) / 8
      guard bytes.count - position >= width else { throw .truncated(.runs) }
      for index in 0..<width {
        repeatedValue |= UInt32(bytes[position + index]) << UInt32(8 * index)
      }
      position += width
      if bitWidth < 32, repeatedValue >> UInt32(bitWidth) != 0 {
        throw .invalid(.runs, value: Int(repeatedValue))
      }
    }
  }

  private mutating func readHeader() throws(ParquetFault) -> UInt32 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 28, by: 7) {
      guard position < bytes.count else { throw .truncated(.runs) }
      let next = bytes[position]
      position += 1
      value |= UInt64(next & 0x7f) << shift
      if next < 0x80 {
        guard let result = UInt32(exactly: value) else { break }
        return result
      }
    }
    throw .invalid(.runs, value: position)
  }

  private mutating func unpack<Value: FixedWidthInteger & UnsignedInteger>(
    into output: UnsafeMutablePointer<Value>, count: Int
  ) {
    guard let base = bytes.baseAddress, bitWidth > 0 else {
      output.update(repeating: 0, count: count)
      return
    }
    let mask = (UInt64(1) << UInt64(bitWidth)) - 1
    var bit = packedBit
    for index in 0..<count {
      let word = (base + (bit >> 3)).loadUnaligned(as: UInt64.self)
      output[index] = Value(truncatingIfNeeded: (word >> UInt64(bit & 7)) & mask)
      bit += bitWidth
    }
    packedBit = bit
  }
}
