import JSON

/// Streams checked conversations from JSONL and parquet files.
///
/// The format is found from each record's members unless it is given. Errors name the file and
/// the line and column, or the row.
package final class ConversationReader {
  private let records: RecordReader
  private let format: ConversationFormat?

  /// Paths are files or folders, which are walked in the order of names.
  package init(paths: [String], format: ConversationFormat? = nil) throws(CorpusError) {
    records = try RecordReader(paths: paths)
    self.format = format
  }

  /// The file that the last conversation came from.
  package var currentPath: String { records.path }

  /// The next conversation, or nil after the last.
  package func next() throws(CorpusError) -> Conversation? {
    guard let value = try records.next() else { return nil }
    guard let format = format ?? ConversationFormat.detect(value) else {
      throw records.unknownFormat(value)
    }
    do throws(LocatedFault) { return try format.conversation(value) } catch {
      throw records.error(error)
    }
  }
}

extension RecordReader {
  /// The error for a record whose members belong to no known format.
  func unknownFormat(_ value: JSONValue) -> CorpusError {
    if let columns {
      return .unknownConversationFormat(path: path, columns: columns)
    }
    return error(
      LocatedFault(
        .expected(
          "a list of messages, or an object with `messages` or with `question` and its answer",
          found: value.kindDescription)))
  }
}
