package import JSON

/// Looks into data files: what they are, their first records, one of their columns.
package enum DataInspector {
  private static let kinds: [CorpusFileKind] = [.parquet, .jsonLines, .text, .tokenShard]

  /// What a file holds, from its metadata; lines of JSONL and text files are counted. Of a folder,
  /// the files in it and below.
  package static func describe(_ path: String) throws(CorpusError) -> JSONValue {
    if try DocumentFiles.isFolder(path) { return try describeFolder(path) }
    return switch try CorpusFileKind.of(path) {
    case .parquet: try ParquetFile(path: path).summary
    case .jsonLines: try describeJSONLines(path)
    case .tokenShard: describe(try TokenShard(path: path))
    case .text: try describeText(path)
    }
  }

  /// Streams a column as one JSON value a line, null where null; see `RecordStream`.
  package static func writeColumn(
    _ column: String, of path: String, to sink: @escaping JSONLinesWriter.Sink
  ) throws(CorpusError) {
    if try CorpusFileKind.of(path) == .parquet {
      return try ParquetFile(path: path).writeColumn(column, to: sink)
    }
    try writeRecords(of: path, column: column, atMost: .max, to: sink)
  }

  /// Streams the first records, or their column, as one JSON value a line; gives their number.
  @discardableResult
  package static func writeRecords(
    of path: String, column: String?, atMost limit: Int, to sink: @escaping JSONLinesWriter.Sink
  ) throws(CorpusError) -> Int {
    var count = 0
    try JSONLinesWriter.stream(to: sink) { writer throws(CorpusError) in
      let records = try RecordStream(path: path, column: column)
      while count < limit, let value = try records.next() {
        try writer.write(value)
        count += 1
      }
    }
    return count
  }

  /// The data files that `path` stands for: itself, or those in the folder and below it.
  package static func files(at path: String) throws(CorpusError) -> [String] {
    guard try DocumentFiles.isFolder(path) else { return [path] }
    return try DocumentFiles.expand([path], kinds: kinds).map(\.path)
  }

  // MARK: Descriptions

  /// Files of unknown kinds are listed with their sizes: a look at a folder may find anything.
  private static func describeFolder(_ path: String) throws(CorpusError) -> JSONValue {
    let paths = try DocumentFiles.all(in: path)
    if paths.isEmpty { throw .nothingToRead(paths: [path], accepted: kinds) }
    if let only = paths.first, paths.count == 1 {
      if let data = try described(only) { return data }
    }
    var list: [JSONValue] = []
    var bytes = 0
    var records = 0
    for file in paths {
      let description: JSONValue
      if let data = try described(file) {
        description = data
      } else {
        description = ["kind": "unknown", "bytes": .int(try InputFile(path: file).size)]
      }
      // Each kind has its own word for them; one is there at most.
      let count =
        ["rows", "records", "documents", "lines"].lazy
        .compactMap { description[$0]?.intValue }.first ?? 0
      let size = description["bytes"]?.intValue ?? 0
      let name = file.dropFirst(path.count).drop { $0 == "/" }
      list.append([
        "path": .string(String(name)), "kind": description["kind"] ?? .null, "bytes": .int(size),
        "records": .int(count),
      ])
      bytes += size
      records += count
    }
    return [
      "kind": "folder", "bytes": .int(bytes), "records": .int(records),
      "file_count": .int(paths.count), "files": .array(list),
    ]
  }

  /// Nil for what is no data: neither is a licence in Latin-1.
  private static func described(_ file: String) throws(CorpusError) -> JSONValue? {
    switch try CorpusFileKind.find(file) {
    case nil: return nil
    case .text?:
      do throws(CorpusError) { return try describeText(file) } catch {
        if case .line(_, _, _, .invalidUTF8) = error { return nil }
        throw error
      }
    case .parquet?, .jsonLines?, .tokenShard?: return try describe(file)
    }
  }

  private static func describe(_ shard: TokenShard) -> JSONValue {
    var summary: [String: JSONValue] = [
      "kind": "tokens", "bytes": .int(shard.byteCount), "tokens": .int(shard.count),
      "documents": .int(shard.documentCount), "vocabulary_size": .int(shard.vocabularySize),
      "bytes_per_token": .int(shard.bytesPerToken), "loss_mask": .bool(shard.hasMask),
    ]
    if shard.tokenizerHash != 0 {
      summary["tokenizer_hash"] = .string(shard.tokenizerHash.hexadecimal)
    }
    return .object(summary)
  }

  private static func describeJSONLines(_ path: String) throws(CorpusError) -> JSONValue {
    let reader = try RecordReader(paths: [path])
    var count = 0
    var fields = FieldCounts()
    var kinds: [String: Int] = [:]
    var formats: Set<ConversationFormat> = []
    while let value = try reader.next() {
      count += 1
      kinds[value.kindDescription, default: 0] += 1
      if let members = value.objectValue { fields.add(members) }
      if let format = ConversationFormat.detect(value) { formats.insert(format) }
    }
    var summary: [String: JSONValue] = [
      "kind": "jsonl", "bytes": .int(try InputFile(path: path).size), "records": .int(count),
      "values": .object(kinds.mapValues { .int($0) }),
      "fields": .object(fields.counts.mapValues { .object($0.mapValues { .int($0) }) }),
    ]
    if !fields.isComplete { summary["has_more_fields"] = true }
    if formats.count == 1, let format = formats.first {
      summary["conversations"] = .string(format.rawValue)
    }
    return .object(summary)
  }

  private static func describeText(_ path: String) throws(CorpusError) -> JSONValue {
    let lines = try LineReader(path: path)
    while try lines.nextText() != nil {}
    return [
      "kind": "text", "bytes": .int(try InputFile(path: path).size), "lines": .int(lines.line),
    ]
  }
}
