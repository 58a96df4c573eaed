import JSON

/// Reads the items of evaluations.
package enum ItemReader {
  /// Multiple-choice items in ARC's or MMLU's shape, from parquet or JSONL, at most `limit`.
  package static func multipleChoice(
    paths: [String], limit: Int? = nil
  ) throws(CorpusError) -> [MultipleChoiceItem] {
    try read(paths, limit) { value throws(LocatedFault) in
      let format = ConversationFormat.detect(value)
      guard format == .arc || format == .mmlu, let format else {
        throw LocatedFault(
          .expected("`question`, `choices` and the answer", found: value.kindDescription))
      }
      return try MultipleChoiceItem(value, format: format)
    }
  }

  /// Questions with worked answers in GSM8K's shape, from parquet or JSONL, at most `limit`. One
  /// without a result is refused: no reply to it could be judged right.
  package static func questions(
    paths: [String], limit: Int? = nil
  ) throws(CorpusError) -> [QuestionItem] {
    try read(paths, limit) { value throws(LocatedFault) in
      let item = try QuestionItem(value)
      guard !item.answer.isEmpty else { throw LocatedFault(.noResult) }
      return item
    }
  }

  private static func read<Item>(
    _ paths: [String], _ limit: Int?, _ item: (JSONValue) throws(LocatedFault) -> Item
  ) throws(CorpusError) -> [Item] {
    let records = try RecordReader(paths: paths)
    var items: [Item] = []
    while items.count < limit ?? .max, let value = try records.next() {
      do throws(LocatedFault) { items.append(try item(value)) } catch {
        throw records.error(error)
      }
    }
    return items
  }
}
