extension PageDecoder {
  /// Decodes `count` values that are not null and begin at `start` of a page's content.
  func values(
    _ content: PageBuffer, from start: Int, count: Int, encoding: Int, _ page: RawPage
  ) throws(ParquetFault) -> ColumnVector {
    let column = page.column
    guard let known = ParquetEncoding(rawValue: encoding) else {
      throw .unsupportedEncoding(encoding)
    }
    if count == 0 {
      return ColumnVector(
        count: 0, storage: content, width: column.width,
        spans: column.type == .byteArray ? try pool.buffer(count: 0) : nil)
    }
    switch (known, column.type) {
    case (.plain, _): return try plain(content, from: start, count: count, column)
    case (.plainDictionary, _), (.rleDictionary, _):
      return try dictionaryValues(content, from: start, count: count, page.dictionary)
    case (.rle, .boolean): return try runLengthBooleans(content, from: start, count: count)
    case (.deltaBinaryPacked, .int32):
      return try delta(content, from: start, count: count, as: Int32.self)
    case (.deltaBinaryPacked, .int64):
      return try delta(content, from: start, count: count, as: Int64.self)
    case (.deltaLengthByteArray, .byteArray):
      return try deltaLengths(content, from: start, count: count).vector
    case (.deltaByteArray, .byteArray), (.deltaByteArray, .fixedLengthByteArray):
      return try deltaTexts(content, from: start, count: count, column)
    case (.byteStreamSplit, .int32), (.byteStreamSplit, .int64), (.byteStreamSplit, .float),
      (.byteStreamSplit, .double), (.byteStreamSplit, .fixedLengthByteArray):
      return try streamSplit(content, from: start, count: count, width: column.width)
    default: throw .unsupportedEncoding(encoding)
    }
  }

  func plain(
    _ content: PageBuffer, from start: Int, count: Int, _ column: ParquetColumn
  ) throws(ParquetFault) -> ColumnVector {
    switch column.type {
    case .byteArray: return try plainTexts(content, from: start, count: count)
    case .boolean:
      guard (count + 7) / 8 <= content.count - start else { throw .truncated(.values) }
      let output = try pool.buffer(count: count)
      for index in 0..<count {
        let byte = content.base.load(fromByteOffset: start + (index >> 3), as: UInt8.self)
        output.base.storeBytes(
          of: (byte >> UInt8(index & 7)) & 1, toByteOffset: index, as: UInt8.self)
      }
      return ColumnVector(count: count, storage: output, width: 1)
    default:
      guard count <= (content.count - start) / max(column.width, 1) else {
        throw .truncated(.values)
      }
      return ColumnVector(count: count, storage: content, offset: start, width: column.width)
    }
  }

  private func plainTexts(
    _ content: PageBuffer, from start: Int, count: Int
  ) throws(ParquetFault) -> ColumnVector {
    // Each text has a length of four bytes: this bounds what a count can make us reserve.
    guard count <= (content.count - start) / 4 else { throw .truncated(.values) }
    let spans = try pool.buffer(count: count * MemoryLayout<ByteSpan>.stride)
    let pointer = spans.base.assumingMemoryBound(to: ByteSpan.self)
    let end = content.count
    var position = start
    for index in 0..<count {
      guard end - position >= 4 else { throw .truncated(.values) }
      let length = (content.base + position).loadUnaligned(as: UInt32.self)
      position += 4
      guard Int(length) <= end - position else {
        throw .invalid(.stringLength, value: Int(length))
      }
      pointer[index] = ByteSpan(start: UInt32(position), length: length)
      position += Int(length)
    }
    return ColumnVector(count: count, storage: content, width: 0, spans: spans)
  }

  private func dictionaryValues(
    _ content: PageBuffer, from start: Int, count: Int, _ dictionary: ColumnVector?
  ) throws(ParquetFault) -> ColumnVector {
    guard let dictionary else { throw .missing(.dictionary) }
    guard start < content.count else { throw .truncated(.values) }
    let bitWidth = Int((content.base + start).load(as: UInt8.self))
    let bytes = UnsafeRawBufferPointer(
      start: content.base + start + 1, count: content.count - start - 1)
    var decoder = try RunLengthDecoder(bytes, bitWidth: bitWidth)
    let indices = try pool.buffer(count: count * 4)
    let pointer = indices.base.assumingMemoryBound(to: UInt32.self)
    try decoder.decode(into: pointer, count: count)
    var largest: UInt32 = 0
    for index in 0..<count { largest = max(largest, pointer[index]) }
    guard Int(largest) < dictionary.count else {
      throw .dictionaryIndex(Int(largest), count: dictionary.count)
    }
    if let known = dictionary.spans {
      let source = known.base.assumingMemoryBound(to: ByteSpan.self)
      let spans = try pool.buffer(count: count * MemoryLayout<ByteSpan>.stride)
      let target = spans.base.assumingMemoryBound(to: ByteSpan.self)
      for index in 0..<count { target[index] = source[Int(pointer[index])] }
      return ColumnVector(count: count, storage: dictionary.storage, width: 0, spans: spans)
    }
    let width = dictionary.width
    guard count * width <= ParquetLimits.pageBytes else {
      throw .tooLarge(.page, size: count * width, limit: ParquetLimits.pageBytes)
    }
    let output = try pool.buffer(count: count * width)
    let source = dictionary.storage.base + dictionary.offset
    for index in 0..<count {
      (output.base + index * width).copyMemory(
        from: source + Int(pointer[index]) * width, byteCount: width)
    }
    return ColumnVector(count: count, storage: output, width: width)
  }

  private func runLengthBooleans(
    _ content: PageBuffer, from start: Int, count: Int
  ) throws(ParquetFault) -> ColumnVector {
    guard content.count - start >= 4 else { throw .truncated(.values) }
    let length = Int((content.base + start).loadUnaligned(as: UInt32.self))
    guard length <= content.count - start - 4 else { throw .invalid(.runs, value: length) }
    var decoder = try RunLengthDecoder(
      UnsafeRawBufferPointer(start: content.base + start + 4, count: length), bitWidth: 1)
    let output = try pool.buffer(count: count)
    try decoder.decode(into: output.base.assumingMemoryBound(to: UInt8.self), count: count)
    return ColumnVector(count: count, storage: output, width: 1)
  }

  private func streamSplit(
    _ content: PageBuffer, from start: Int, count: Int, width: Int
  ) throws(ParquetFault) -> ColumnVector {
    guard width > 0, count <= (content.count - start) / width else { throw .truncated(.values) }
    let output = try pool.buffer(count: count * width)
    let source = content.base.assumingMemoryBound(to: UInt8.self) + start
    let target = output.base.assumingMemoryBound(to: UInt8.self)
    for byte in 0..<width {
      for index in 0..<count { target[index * width + byte] = source[byte * count + index] }
    }
    return ColumnVector(count: count, storage: output, width: width)
  }
}
