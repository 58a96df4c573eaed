package import JSON

/// The records of a data file one by one: rows, JSON values, documents or lines; or one column of
/// them.
package final class RecordStream {
  private enum Source {
    case rows(ParquetRows)
    case values(RecordReader)
    case tokens(TokenShard)
    case lines(LineReader)
  }

  private let path: String
  private let source: Source
  private let column: String?
  private var position = 0
  /// Of JSON objects: whether any had the column, and what they have instead.
  private var foundColumn = false
  private var members: Set<String> = []
  /// Names in the order of the file, where it has one.
  package let fields: [String]

  /// `column`: a column of a parquet file, a member of JSON objects (null where it is missing),
  /// `tokens` or `mask` of a token shard. Members of members are named with dots.
  package init(path: String, column: String? = nil) throws(CorpusError) {
    self.path = path
    self.column = column
    switch try CorpusFileKind.of(path) {
    case .parquet:
      let file = try ParquetFile(path: path)
      fields = file.schema.fields.map(\.key)
      if let column {
        source = .rows(try ParquetRows(file, column: column))
      } else {
        source = .rows(ParquetRows(file))
      }
    case .jsonLines:
      fields = []
      source = .values(try RecordReader(paths: [path]))
    case .tokenShard:
      let shard = try TokenShard(path: path)
      fields = shard.hasMask ? ["tokens", "mask"] : ["tokens"]
      if let column, !fields.contains(column) {
        throw .missingColumn(path: path, column: column, available: NameList(fields))
      }
      source = .tokens(shard)
    case .text:
      fields = []
      if let column { throw .missingColumn(path: path, column: column, available: []) }
      source = .lines(try LineReader(path: path))
    }
  }

  /// The next record, or nil after the last.
  package func next() throws(CorpusError) -> JSONValue? {
    defer { position += 1 }
    switch source {
    case .rows(let rows): return try rows.next()
    case .values(let reader):
      guard let value = try reader.next() else {
        if let column, !foundColumn, !members.isEmpty {
          throw .missingColumn(path: path, column: column, available: NameList(members.sorted()))
        }
        return nil
      }
      return column.map { pick($0, value) } ?? value
    case .tokens(let shard):
      guard position < shard.documentCount else { return nil }
      switch column {
      case "tokens": return try Self.tokens(shard, position)
      case "mask": return try Self.mask(shard, position)
      default:
        var members = ["tokens": try Self.tokens(shard, position)]
        if shard.hasMask { members["mask"] = try Self.mask(shard, position) }
        return .object(members)
      }
    case .lines(let lines):
      return try lines.nextText().map { .string(String(decoding: $0, as: UTF8.self)) }
    }
  }

  /// The member, null where there is none. Lists are looked through, as in parquet.
  private func pick(_ name: String, _ value: JSONValue) -> JSONValue {
    if let member = Self.member(name[...], of: value) {
      foundColumn = true
      return member
    }
    if !foundColumn, members.count < 1000 { members.formUnion((value.objectValue ?? [:]).keys) }
    return .null
  }

  private static func member(_ name: Substring, of value: JSONValue) -> JSONValue? {
    switch value {
    case .object(let members):
      if let member = members[String(name)] { return member }
      guard let dot = name.firstIndex(of: "."), let next = members[String(name[..<dot])] else {
        return nil
      }
      return member(name[name.index(after: dot)...], of: next)
    case .array(let list):
      let found = list.map { member(name, of: $0) }
      return found.contains { $0 != nil } ? .array(found.map { $0 ?? .null }) : nil
    default: return nil
    }
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
}
