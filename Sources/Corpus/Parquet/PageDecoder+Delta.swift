extension PageDecoder {
  func delta<Value: FixedWidthInteger & BitwiseCopyable>(
    _ content: PageBuffer, from start: Int, count: Int, as type: Value.Type
  ) throws(ParquetFault) -> ColumnVector {
    let width = MemoryLayout<Value>.size
    let output = try pool.buffer(count: count * width)
    var decoder = DeltaDecoder(rest(content, start))
    try decoder.decode(into: output.base.assumingMemoryBound(to: Value.self), count: count)
    return ColumnVector(count: count, storage: output, width: width)
  }

  /// Texts one after the other, behind their lengths; also says where the texts end.
  func deltaLengths(
    _ content: PageBuffer, from start: Int, count: Int
  ) throws(ParquetFault) -> (vector: ColumnVector, end: Int) {
    let lengths = try pool.buffer(count: count * 4)
    let length = lengths.base.assumingMemoryBound(to: Int32.self)
    var decoder = DeltaDecoder(rest(content, start))
    try decoder.decode(into: length, count: count)
    let spans = try pool.buffer(count: count * MemoryLayout<ByteSpan>.stride)
    let span = spans.base.assumingMemoryBound(to: ByteSpan.self)
    var position = start + decoder.position
    for index in 0..<count {
      let size = Int(length[index])
      guard size >= 0, size <= content.count - position else {
        throw .invalid(.stringLength, value: size)
      }
      span[index] = ByteSpan(start: UInt32(position), length: UInt32(size))
      position += size
    }
    return (ColumnVector(count: count, storage: content, width: 0, spans: spans), position)
  }

  /// Each text is a number of bytes of the one before it, and a rest.
  func deltaTexts(
    _ content: PageBuffer, from start: Int, count: Int, _ column: ParquetColumn
  ) throws(ParquetFault) -> ColumnVector {
    let prefixes = try pool.buffer(count: count * 4)
    let prefix = prefixes.base.assumingMemoryBound(to: Int32.self)
    var decoder = DeltaDecoder(rest(content, start))
    try decoder.decode(into: prefix, count: count)
    let suffixes = try deltaLengths(content, from: start + decoder.position, count: count).vector
    var total = 0
    var previous = 0
    for index in 0..<count {
      let shared = Int(prefix[index])
      guard shared >= 0, shared <= previous else {
        throw .invalid(.prefixLength, value: shared)
      }
      previous = shared + suffixes.bytes(index).count
      total += previous
      guard total <= ParquetLimits.pageBytes else {
        throw .tooLarge(.page, size: total, limit: ParquetLimits.pageBytes)
      }
      if column.type == .fixedLengthByteArray, previous != column.width {
        throw .invalid(.stringLength, value: previous)
      }
    }
    let output = try pool.buffer(count: total)
    let spans = try pool.buffer(count: count * MemoryLayout<ByteSpan>.stride)
    let span = spans.base.assumingMemoryBound(to: ByteSpan.self)
    var before = 0
    var position = 0
    for index in 0..<count {
      let shared = Int(prefix[index])
      let suffix = suffixes.bytes(index)
      (output.base + position).copyMemory(from: output.base + before, byteCount: shared)
      if let source = suffix.baseAddress {
        (output.base + position + shared).copyMemory(from: source, byteCount: suffix.count)
      }
      before = position
      let size = shared + suffix.count
      span[index] = ByteSpan(start: UInt32(position), length: UInt32(size))
      position += size
    }
    if column.type == .fixedLengthByteArray {
      return ColumnVector(count: count, storage: output, width: column.width)
    }
    return ColumnVector(count: count, storage: output, width: 0, spans: spans)
  }

  private func rest(_ content: PageBuffer, _ start: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: content.base + start, count: content.count - start)
  }
}
