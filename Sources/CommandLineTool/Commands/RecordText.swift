import Diagnostics
import JSON

/// A record of a data file for people: its members one a line, a chat as `role: text`.
///
/// Data must neither drive the terminal nor fill it for hours; `--jsonl` gives it as it is.
struct RecordText {
  /// Characters of a record's member or a message, and of the one column that was asked for.
  private static let longestMember = 600
  private static let longestColumnValue = 100_000
  /// Of names and roles.
  private static let longestLabel = 100
  /// Messages of a chat.
  private static let mostMessages = 50

  let usesColor: Bool

  /// The value of a column.
  func lines(column value: JSONValue) -> [String] {
    [Self.shown(value, atMost: Self.longestColumnValue)]
  }

  /// A whole record and the blank line behind it; `fields` are the names in the order of the file.
  func lines(record: JSONValue, fields: [String]) -> [String] {
    guard let members = record.objectValue else {
      return messages(record).map { $0 + [""] } ?? lines(column: record)
    }
    let known = Set(fields)
    let others = members.keys.filter { !known.contains($0) }.sorted()
    var lines: [String] = []
    for name in fields + others {
      guard let value = members[name] else { continue }
      if let messages = messages(value) {
        lines += [label(name)] + messages.map { "  " + $0 }
      } else {
        lines.append(label(name) + " " + Self.shown(value, atMost: Self.longestMember))
      }
    }
    return lines + [""]
  }

  /// The lines of a list of `{role, content}`, where content is a text or a list of parts; nil for
  /// anything else, also where messages have further members, which must not be left out.
  private func messages(_ value: JSONValue) -> [String]? {
    guard let list = value.arrayValue, !list.isEmpty else { return nil }
    var lines: [String] = []
    for (number, message) in list.enumerated() {
      guard message.objectValue?.count == 2, let role = message["role"]?.stringValue,
        let content = message["content"]
      else { return nil }
      let isShown = number < Self.mostMessages
      if content.stringValue != nil {
        if isShown { lines.append(line(role, content)) }
        continue
      }
      guard let parts = content.arrayValue, !parts.isEmpty, parts.count <= Self.mostMessages else {
        return nil
      }
      for part in parts {
        guard part.objectValue?.count == 2, let kind = part["type"]?.stringValue,
          let text = part["text"], text.stringValue != nil
        else { return nil }
        if isShown { lines.append(line(kind == "text" ? role : "\(role) (\(kind))", text)) }
      }
    }
    if list.count > Self.mostMessages {
      lines.append("… and \(Format.grouped(list.count - Self.mostMessages)) more messages")
    }
    return lines
  }

  private func line(_ role: String, _ text: JSONValue) -> String {
    label(role) + " " + Self.shown(text, atMost: Self.longestMember)
  }

  private func label(_ name: String) -> String {
    let isCut = name.unicodeScalars.count > Self.longestLabel
    let start = isCut ? String(name.unicodeScalars.prefix(Self.longestLabel)) + "…" : name
    return Style.accent(PrintableText.clean(start, keeping: ""), usesColor) + ":"
  }

  private static func shown(_ value: JSONValue, atMost limit: Int) -> String {
    // One character more than is shown, and the quote that a text has in JSON alone.
    let beginning = value.beginning(limit + 2)
    let scalars = (beginning.stringValue ?? JSONWriter.text(beginning)).unicodeScalars
    let isCut = scalars.count > limit
    let text = PrintableText.clean(String(scalars.prefix(limit)), keeping: "\n\t")
    return isCut ? text + "…" : text
  }
}
