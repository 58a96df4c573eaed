import CZlib

/// A page as it stands in the file, with all that decoding it needs.
struct RawPage: Sendable {
  var header: PageHeader
  var body: PageBuffer
  var column: ParquetColumn
  var codec: ParquetCodec
  /// Of the page's column chunk, when it has one.
  var dictionary: ColumnVector?
  var place: ParquetPlace
}

/// Turns raw pages into levels and values. For one thread at a time; pages are independent.
final class PageDecoder {
  let pool: BufferPool
  private let decompressor = Decompressor()

  init(pool: BufferPool) {
    self.pool = pool
  }

  func decode(_ page: RawPage) throws(ParquetFault) -> DecodedPage {
    try verifyChecksum(page)
    let count = page.header.valueCount
    let column = page.column
    let maximumDefinition = column.maximumDefinition
    var repetition: PageBuffer?
    var definition: PageBuffer?
    let content: PageBuffer
    var position = 0
    if page.header.kind == .dataV2 {
      let header = page.header
      guard header.repetitionLength >= 0, header.definitionLength >= 0,
        header.repetitionLength <= page.body.count,
        header.definitionLength <= page.body.count - header.repetitionLength
      else { throw .invalid(.definitionLevels, value: header.definitionLength) }
      let levels = header.repetitionLength + header.definitionLength
      repetition = try self.levels(
        slice(page.body, 0, header.repetitionLength), column.maximumRepetition, count)
      definition = try self.levels(
        slice(page.body, header.repetitionLength, header.definitionLength), maximumDefinition,
        count)
      guard header.uncompressedSize >= levels else {
        throw .invalid(.pageSize, value: header.uncompressedSize)
      }
      if header.isCompressed, page.codec != .uncompressed {
        let size = header.uncompressedSize - levels
        content = try pool.buffer(count: size)
        let input = slice(page.body, levels, page.body.count - levels)
        // A page of nulls only may have no compressed bytes at all.
        if !(size == 0 && input.isEmpty) {
          try decompressor.decompress(page.codec, input, into: content.mutableBytes)
        }
      } else {
        content = page.body
        position = levels
      }
    } else {
      content = try decompressed(page)
      repetition = try prefixedLevels(
        content, &position, column.maximumRepetition, count, page.header.repetitionEncoding,
        .repetitionLevels)
      definition = try prefixedLevels(
        content, &position, maximumDefinition, count, page.header.definitionEncoding,
        .definitionLevels)
    }
    let present = try presentCount(definition, count, maximumDefinition)
    if present == count { definition = nil }
    let values = try self.values(
      content, from: position, count: present, encoding: page.header.encoding, page)
    return DecodedPage(
      count: count, definitionLevels: definition, repetitionLevels: repetition, values: values,
      place: page.place)
  }

  func decodeDictionary(_ page: RawPage) throws(ParquetFault) -> ColumnVector {
    try verifyChecksum(page)
    let content = try decompressed(page)
    switch ParquetEncoding(rawValue: page.header.encoding) {
    case .plain, .plainDictionary: break
    default: throw .unsupportedEncoding(page.header.encoding)
    }
    return try plain(content, from: 0, count: page.header.valueCount, page.column)
  }

  // MARK: Parts of a page

  private func verifyChecksum(_ page: RawPage) throws(ParquetFault) {
    guard let stored = page.header.checksum else { return }
    let bytes = page.body.bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    let computed = UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(page.body.count)))
    guard stored == computed else { throw .checksum(stored: stored, computed: computed) }
  }

  private func decompressed(_ page: RawPage) throws(ParquetFault) -> PageBuffer {
    let size = page.header.uncompressedSize
    if page.codec == .uncompressed {
      guard size == page.body.count else {
        throw .decompressedSize(expected: size, found: page.body.count)
      }
      return page.body
    }
    let content = try pool.buffer(count: size)
    try decompressor.decompress(page.codec, page.body.bytes, into: content.mutableBytes)
    return content
  }

  private func slice(_ buffer: PageBuffer, _ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer.base + start, count: count)
  }

  /// Levels behind a four-byte length, as version 1 pages have them.
  private func prefixedLevels(
    _ content: PageBuffer, _ position: inout Int, _ maximum: Int, _ count: Int, _ encoding: Int,
    _ part: ParquetFault.Part
  ) throws(ParquetFault) -> PageBuffer? {
    if maximum == 0 { return nil }
    guard encoding == ParquetEncoding.rle.rawValue else { throw .unsupportedEncoding(encoding) }
    guard content.count - position >= 4 else { throw .truncated(part) }
    let length = Int((content.base + position).loadUnaligned(as: UInt32.self))
    position += 4
    guard length <= content.count - position else { throw .invalid(part, value: length) }
    defer { position += length }
    return try levels(slice(content, position, length), maximum, count)
  }

  private func levels(
    _ bytes: UnsafeRawBufferPointer, _ maximum: Int, _ count: Int
  ) throws(ParquetFault) -> PageBuffer? {
    if maximum == 0 { return nil }
    var decoder = try RunLengthDecoder(bytes, bitWidth: Int.bitWidth - maximum.leadingZeroBitCount)
    let buffer = try pool.buffer(count: count)
    try decoder.decode(into: buffer.base.assumingMemoryBound(to: UInt8.self), count: count)
    return buffer
  }

  /// Counts the levels that carry a value, and refuses levels above `maximum`.
  private func presentCount(
    _ levels: PageBuffer?, _ count: Int, _ maximum: Int
  ) throws(ParquetFault) -> Int {
    guard let levels else { return count }
    let pointer = levels.base.assumingMemoryBound(to: UInt8.self)
    let limit = UInt8(maximum)
    var present = 0
    var largest: UInt8 = 0
    for index in 0..<count {
      let level = pointer[index]
      present &+= level == limit ? 1 : 0
      largest = max(largest, level)
    }
    guard largest <= limit else { throw .invalid(.definitionLevels, value: Int(largest)) }
    return present
  }
}
