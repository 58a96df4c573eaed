// Field numbers are those of parquet.thrift (apache/parquet-format).

extension ParquetMetadata {
  init(footer: UnsafeRawBufferPointer) throws(ParquetFault) {
    var reader = ThriftReader(footer, part: .metadata)
    var number = 0
    while let kind = try reader.field(after: &number) {
      switch number {
      case 2:
        let count = try reader.structures(kind, limit: ParquetLimits.schemaElements, .schema)
        for _ in 0..<count { schema.append(try SchemaElement(&reader)) }
      case 3: rowCount = try reader.integer(kind)
      case 4:
        let count = try reader.structures(kind, limit: ParquetLimits.rowGroups, .rowGroup)
        for _ in 0..<count { rowGroups.append(try RowGroup(&reader)) }
      case 6: createdBy = try reader.string(kind)
      case 8: throw .encrypted
      default: try reader.skip(kind)
      }
    }
    guard rowCount >= 0 else { throw .invalid(.rowCount, value: rowCount) }
  }
}

extension ThriftReader {
  /// The number of structures in a list of them.
  fileprivate mutating func structures(
    _ kind: Kind, limit: Int = .max, _ part: ParquetFault.Part = .metadata
  ) throws(ParquetFault) -> Int {
    try expect(kind, .list)
    let header = try listHeader()
    guard header.count == 0 || header.kind == .structure else {
      throw .invalid(part, value: Int(header.kind.rawValue))
    }
    guard header.count <= limit else {
      throw .tooLarge(part, size: header.count, limit: limit)
    }
    return header.count
  }
}

extension ParquetMetadata.SchemaElement {
  fileprivate init(_ reader: inout ThriftReader) throws(ParquetFault) {
    var number = 0
    var scale = 0
    var converted: Int?
    while let kind = try reader.field(after: &number) {
      switch number {
      case 1:
        let code = try reader.integer(kind)
        guard let known = ParquetType(rawValue: code) else { throw .invalid(.schema, value: code) }
        type = known
      case 2: typeLength = try reader.integer(kind)
      case 3:
        let code = try reader.integer(kind)
        guard let known = ParquetMetadata.Repetition(rawValue: code) else {
          throw .invalid(.schema, value: code)
        }
        repetition = known
      case 4: name = try reader.string(kind)
      case 5: childCount = try reader.integer(kind)
      case 6: converted = try reader.integer(kind)
      case 7: scale = try reader.integer(kind)
      case 10:
        try reader.expect(kind, .structure)
        annotation = try Self.logicalType(&reader)
      default: try reader.skip(kind)
      }
    }
    if annotation == .none, let converted {
      annotation = Self.annotation(converted: converted, scale: scale)
    }
  }

  private static func logicalType(
    _ reader: inout ThriftReader
  ) throws(ParquetFault) -> ParquetMetadata.Annotation {
    var number = 0
    var result: ParquetMetadata.Annotation = .none
    while let kind = try reader.field(after: &number) {
      switch number {
      case 1, 4, 12:
        result = .string
        try reader.skip(kind)
      case 2:
        result = .map
        try reader.skip(kind)
      case 3:
        result = .list
        try reader.skip(kind)
      case 5, 10:
        try reader.expect(kind, .structure)
        let (first, isSigned) = try parameters(&reader)
        if number == 5 {
          result = .decimal(scale: first)
        } else if !isSigned {
          result = .unsigned(bits: first)
        }
      case 6:
        result = .date
        try reader.skip(kind)
      case 15:
        result = .float16
        try reader.skip(kind)
      default:
        let names = [7: "TIME", 8: "TIMESTAMP", 11: "NULL", 13: "BSON", 14: "UUID"]
        result = names[number].map { .other($0) } ?? .none
        try reader.skip(kind)
      }
    }
    return result
  }

  /// Field 1 as a number and field 2 as a truth value: scale of a decimal, or width and sign.
  private static func parameters(
    _ reader: inout ThriftReader
  ) throws(ParquetFault) -> (Int, Bool) {
    var number = 0
    var first = 0
    var isSigned = true
    while let kind = try reader.field(after: &number) {
      switch (number, kind) {
      case (1, _): first = try reader.integer(kind)
      case (2, .no): isSigned = false
      default: try reader.skip(kind)
      }
    }
    return (first, isSigned)
  }

  private static func annotation(
    converted: Int, scale: Int
  ) -> ParquetMetadata.Annotation {
    switch converted {
    case 0, 4, 19: .string
    case 1, 2: .map
    case 3: .list
    case 5: .decimal(scale: scale)
    case 6: .date
    case 7, 8: .other("TIME")
    case 9, 10: .other("TIMESTAMP")
    case 11: .unsigned(bits: 8)
    case 12: .unsigned(bits: 16)
    case 13: .unsigned(bits: 32)
    case 14: .unsigned(bits: 64)
    default: .none
    }
  }
}

extension ParquetMetadata.RowGroup {
  fileprivate init(_ reader: inout ThriftReader) throws(ParquetFault) {
    var number = 0
    while let kind = try reader.field(after: &number) {
      switch number {
      case 1:
        let count = try reader.structures(kind)
        for _ in 0..<count { columns.append(try ParquetMetadata.ColumnChunk(&reader)) }
      case 2: byteCount = try reader.integer(kind)
      case 3: rowCount = try reader.integer(kind)
      default: try reader.skip(kind)
      }
    }
    guard rowCount >= 0 else { throw .invalid(.rowCount, value: rowCount) }
  }
}

extension ParquetMetadata.ColumnChunk {
  fileprivate init(_ reader: inout ThriftReader) throws(ParquetFault) {
    var number = 0
    var hasMetadata = false
    while let kind = try reader.field(after: &number) {
      switch number {
      case 1: throw .externalFile(try reader.string(kind))
      case 3:
        try reader.expect(kind, .structure)
        try readMetadata(&reader)
        hasMetadata = true
      case 8, 9: throw .encrypted
      default: try reader.skip(kind)
      }
    }
    guard hasMetadata else { throw .missing(.columnChunk) }
  }

  private mutating func readMetadata(_ reader: inout ThriftReader) throws(ParquetFault) {
    var number = 0
    var seen = 0
    while let kind = try reader.field(after: &number) {
      if number < 32 { seen |= 1 << number }
      switch number {
      case 1:
        let code = try reader.integer(kind)
        guard let known = ParquetType(rawValue: code) else {
          throw .invalid(.columnChunk, value: code)
        }
        type = known
      case 2:
        try reader.expect(kind, .list)
        let header = try reader.listHeader()
        for _ in 0..<header.count {
          let code = try reader.integer(header.kind)
          if (0..<32).contains(code) { encodings |= 1 << UInt32(code) }
        }
      case 4:
        let code = try reader.integer(kind)
        guard let known = ParquetCodec(rawValue: code) else { throw .unsupportedCodec(code) }
        codec = known
      case 5: valueCount = try reader.integer(kind)
      case 6: uncompressedSize = try reader.integer(kind)
      case 7: compressedSize = try reader.integer(kind)
      case 9: dataPageOffset = try reader.integer(kind)
      case 11: dictionaryPageOffset = try reader.integer(kind)
      default: try reader.skip(kind)
      }
    }
    let needed = [1, 4, 5, 7, 9].reduce(0) { $0 | 1 << $1 }
    guard seen & needed == needed else { throw .missing(.columnChunk) }
    guard valueCount >= 0 else { throw .invalid(.valueCount, value: valueCount) }
  }
}
