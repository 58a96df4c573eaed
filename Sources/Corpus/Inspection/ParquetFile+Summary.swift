package import JSON

extension ParquetFile {
  /// Schema, counts, codecs, encodings and sizes, from the footer.
  package var summary: JSONValue {
    var described: [JSONValue] = []
    for column in columns {
      let chunks = metadata.rowGroups.map { $0.columns[column.index] }
      let mask = chunks.reduce(0) { $0 | $1.encodings }
      let encodings = (0..<32).filter { mask & 1 << UInt32($0) != 0 }
      let codecs = Set(chunks.map(\.codec.description)).sorted()
      described.append([
        "name": .string(column.name), "type": .string(column.type.name),
        "meaning": column.annotation.name.map { .string($0) } ?? .null,
        "maximum_definition_level": .int(column.maximumDefinition),
        "maximum_repetition_level": .int(column.maximumRepetition),
        "codecs": .array(codecs.map { .string($0) }),
        "encodings": .array(
          encodings.map { .string(ParquetEncoding(rawValue: $0)?.name ?? "\($0)") }),
        "values": .int(Self.sum(chunks.map(\.valueCount))),
        "stored_bytes": .int(Self.sum(chunks.map(\.compressedSize))),
        "decoded_bytes": .int(Self.sum(chunks.map(\.uncompressedSize))),
      ])
    }
    let rows = metadata.rowGroups.map(\.rowCount)
    return [
      "kind": "parquet", "bytes": .int(byteCount), "rows": .int(rowCount),
      "row_groups": .int(rowGroupCount),
      "rows_per_group": [.int(rows.min() ?? 0), .int(rows.max() ?? 0)],
      "created_by": metadata.createdBy.map { .string($0) } ?? .null,
      "columns": .array(described),
    ]
  }

  /// Sizes come from the file and may be anything: their sum stops at the largest number.
  private static func sum(_ numbers: [Int]) -> Int {
    numbers.reduce(0) {
      let (sum, overflow) = $0.addingReportingOverflow(max($1, 0))
      return overflow ? .max : sum
    }
  }
}

extension ParquetMetadata.Annotation {
  var name: String? {
    switch self {
    case .none: nil
    case .string: "text"
    case .list: "list"
    case .map: "map"
    case .unsigned(let bits): "unsigned \(bits) bit"
    case .decimal(let scale): "decimal with \(scale) places"
    case .float16: "half precision"
    case .date: "date"
    case .other(let name): name.lowercased()
    }
  }
}
