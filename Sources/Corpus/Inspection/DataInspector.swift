package import JSON

/// Looks into data files: what they are, their first records, one of their columns.
package enum DataInspector {
  /// What a file holds, from its metadata; lines of JSONL and text files are counted.
  package static func describe(_ path: String) throws(CorpusError) -> JSONValue {
    switch try CorpusFileKind.of(path) {
    case .parquet: try ParquetFile(path: path).summary
    case .jsonLines: try describeJSONLines(path)
    case .tokenShard: describe(try TokenShard(path: path))
    case .text: try describeText(path)
    }
  }

  /// The first `count` records: rows, values, documents or lines.
  package static func head(_ path: String, count: Int) throws(CorpusError) -> [JSONValue] {
    var records: [JSONValue] = []
    switch try CorpusFileKind.of(path) {
    case .parquet:
      let rows = try ParquetRows(try ParquetFile(path: path))
      while records.count < count, let row = try rows.next() { records.append(row) }
    case .jsonLines:
      let reader = try RecordReader(paths: [path])
      while records.count < count, let value = try reader.next() { records.append(value) }
    case .tokenShard:
      let shard = try TokenShard(path: path)
      for document in 0..<max(0, min(count, shard.documentCount)) {
        var members = ["tokens": try tokens(shard, document)]
        if shard.hasMask { members["mask"] = try mask(shard, document) }
        records.append(.object(members))
      }
    case .text:
      let lines = try LineReader(path: path)
      while records.count < count, let line = try lines.next() {
        records.append(.string(String(decoding: line, as: UTF8.self)))
      }
    }
    return records
  }

  /// Streams a column as one JSON value a line, null where null: a column of a parquet file, a
  /// member of JSONL objects (null where it is missing), `tokens` or `mask` of a token shard (a
  /// line a document).
  package static func writeColumn(
    _ column: String, of path: String, to sink: @escaping JSONLinesWriter.Sink
  ) throws(CorpusError) {
    var writer = JSONLinesWriter(sink: sink)
    switch try CorpusFileKind.of(path) {
    case .parquet: return try ParquetFile(path: path).writeColumn(column, to: sink)
    case .jsonLines:
      let reader = try RecordReader(paths: [path])
      while let value = try reader.next() { try writer.write(value[column] ?? .null) }
    case .tokenShard:
      let shard = try TokenShard(path: path)
      let columns = shard.hasMask ? ["tokens", "mask"] : ["tokens"]
      guard columns.contains(column) else {
        throw .missingColumn(path: path, column: column, available: columns)
      }
      for document in 0..<shard.documentCount {
        try writer.write(
          column == "mask" ? try mask(shard, document) : try tokens(shard, document))
      }
    case .text: throw .missingColumn(path: path, column: column, available: [])
    }
    try writer.finish()
  }

  private static func tokens(
    _ shard: TokenShard, _ document: Int
  ) throws(CorpusError) -> JSONValue {
    let range = shard.documentRange(document)
    var ids = [Int32](repeating: 0, count: range.count)
    try shard.read(range, into: &ids)
    return .array(ids.map { .int(Int($0)) })
  }

  private static func mask(_ shard: TokenShard, _ document: Int) throws(CorpusError) -> JSONValue {
    let range = shard.documentRange(document)
    var bytes = [UInt8](repeating: 0, count: range.count)
    try shard.readMask(range, into: &bytes)
    return .array(bytes.map { .int(Int($0)) })
  }

  // MARK: Descriptions

  private static func describe(_ shard: TokenShard) -> JSONValue {
    [
      "kind": "tokens", "bytes": .int(shard.byteCount), "tokens": .int(shard.count),
      "documents": .int(shard.documentCount), "vocabulary_size": .int(shard.vocabularySize),
      "bytes_per_token": .int(shard.bytesPerToken), "loss_mask": .bool(shard.hasMask),
    ]
  }

  private static func describeJSONLines(_ path: String) throws(CorpusError) -> JSONValue {
    let reader = try RecordReader(paths: [path])
    var count = 0
    var fields: [String: [String: Int]] = [:]
    var kinds: [String: Int] = [:]
    var formats: Set<ConversationFormat> = []
    while let value = try reader.next() {
      count += 1
      kinds[value.kindDescription, default: 0] += 1
      for (name, member) in value.objectValue ?? [:] where fields.count < 1000 {
        fields[name, default: [:]][member.kindDescription, default: 0] += 1
      }
      if let format = ConversationFormat.detect(value) { formats.insert(format) }
    }
    var summary: [String: JSONValue] = [
      "kind": "jsonl", "bytes": .int(try InputFile(path: path).size), "records": .int(count),
      "values": .object(kinds.mapValues { .int($0) }),
      "fields": .object(fields.mapValues { .object($0.mapValues { .int($0) }) }),
    ]
    if formats.count == 1, let format = formats.first {
      summary["conversations"] = .string(format.rawValue)
    }
    return .object(summary)
  }

  private static func describeText(_ path: String) throws(CorpusError) -> JSONValue {
    let lines = try LineReader(path: path)
    while try lines.next() != nil {}
    return [
      "kind": "text", "bytes": .int(try InputFile(path: path).size), "lines": .int(lines.line),
    ]
  }
}
