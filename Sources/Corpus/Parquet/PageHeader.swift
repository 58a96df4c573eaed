/// The Thrift structure in front of every page.
struct PageHeader: Sendable {
  enum Kind: Sendable {
    case data, dataV2, dictionary
    /// Index pages and kinds of later format versions, which a reader passes over.
    case other
  }

  var kind: Kind = .other
  var uncompressedSize = 0
  var compressedSize = 0
  var checksum: UInt32?
  var valueCount = 0
  var encoding = 0
  /// Version 1 only.
  var definitionEncoding = ParquetEncoding.rle.rawValue
  var repetitionEncoding = ParquetEncoding.rle.rawValue
  /// Version 2 only: lengths of the uncompressed levels in front of the values.
  var definitionLength = 0
  var repetitionLength = 0
  var isCompressed = true

  /// Throws `.truncated(.pageHeader)` when `bytes` end too early, which more bytes may cure.
  static func parse(
    _ bytes: UnsafeRawBufferPointer
  ) throws(ParquetFault) -> (header: PageHeader, length: Int) {
    var reader = ThriftReader(bytes, part: .pageHeader)
    var header = PageHeader()
    var number = 0
    var type = -1
    var details: Set<Int> = []
    while let kind = try reader.field(after: &number) {
      switch number {
      case 1: type = try reader.integer(kind)
      case 2: header.uncompressedSize = try reader.integer(kind)
      case 3: header.compressedSize = try reader.integer(kind)
      case 4: header.checksum = UInt32(truncatingIfNeeded: try reader.integer(kind))
      case 5, 7, 8:
        try reader.expect(kind, .structure)
        details.insert(number)
        try header.readDetails(number, &reader)
      default: try reader.skip(kind)
      }
    }
    switch type {
    case 0: header.kind = .data
    case 2: header.kind = .dictionary
    case 3: header.kind = .dataV2
    default: header.kind = .other
    }
    let needed = [0: 5, 2: 7, 3: 8][type]
    if let needed, !details.contains(needed) { throw .missing(.pageHeader) }
    for size in [header.uncompressedSize, header.compressedSize] {
      guard size >= 0 else { throw .invalid(.pageSize, value: size) }
      guard size <= ParquetLimits.pageBytes else {
        throw .tooLarge(.page, size: size, limit: ParquetLimits.pageBytes)
      }
    }
    guard header.valueCount >= 0 else { throw .invalid(.valueCount, value: header.valueCount) }
    guard header.valueCount <= ParquetLimits.valuesPerPage else {
      throw .tooLarge(.valueCount, size: header.valueCount, limit: ParquetLimits.valuesPerPage)
    }
    return (header, reader.position)
  }

  private mutating func readDetails(
    _ structure: Int, _ reader: inout ThriftReader
  ) throws(ParquetFault) {
    var number = 0
    while let kind = try reader.field(after: &number) {
      switch (structure, number) {
      case (_, 1): valueCount = try reader.integer(kind)
      case (5, 2), (7, 2), (8, 4): encoding = try reader.integer(kind)
      case (5, 3): definitionEncoding = try reader.integer(kind)
      case (5, 4): repetitionEncoding = try reader.integer(kind)
      case (8, 5): definitionLength = try reader.integer(kind)
      case (8, 6): repetitionLength = try reader.integer(kind)
      case (8, 7): isCompressed = kind != .no
      default: try reader.skip(kind)
      }
    }
  }
}
