import Diagnostics
package import JSON

extension DataInspector {
  /// A description for people, lines without a last line end.
  package static func text(_ description: JSONValue) -> String {
    func number(_ name: String) -> String { grouped(description[name]?.intValue ?? 0) }
    switch description["kind"]?.stringValue {
    case "parquet":
      let range = description["rows_per_group"]?.arrayValue?.compactMap(\.intValue) ?? []
      let span = Set(range).sorted().map(grouped).joined(separator: " to ")
      let groups = description["row_groups"]?.intValue ?? 0
      var text =
        "parquet file, \(number("bytes")) bytes: \(number("rows")) rows in "
        + (groups == 1 ? "one row group\n" : "\(grouped(groups)) row groups of \(span)\n")
      if let writer = description["created_by"]?.stringValue {
        text += "written by \(cell(writer))\n"
      }
      return text + "\n" + columnTable(description["columns"]?.arrayValue ?? [])
    case "folder":
      var rows = [["file", "kind", "bytes", "records"]]
      for file in description["files"]?.arrayValue ?? [] {
        rows.append([
          file["path"]?.stringValue ?? "", file["kind"]?.stringValue ?? "",
          grouped(file["bytes"]?.intValue ?? 0), grouped(file["records"]?.intValue ?? 0),
        ])
      }
      return "\(number("file_count")) files, \(number("bytes")) bytes: "
        + "\(number("records")) records\n\n" + table(rows)
    case "tokens":
      return "token shard, \(number("bytes")) bytes: \(number("tokens")) tokens in "
        + "\(number("documents")) documents\nvocabulary of \(number("vocabulary_size")), "
        + "\(number("bytes_per_token")) bytes a token, "
        + (description["loss_mask"]?.boolValue == true ? "with a loss mask" : "no loss mask")
        + "\n" + tokenizer(description["tokenizer_hash"]?.stringValue)
    case "jsonl":
      var text = "JSONL file, \(number("bytes")) bytes: \(number("records")) records"
      if let format = description["conversations"]?.stringValue {
        text += ", conversations in the format `\(format)`"
      }
      let fields = description["fields"]?.objectValue ?? [:]
      if description["records"] == 0 {
        return text
      }
      if fields.isEmpty {
        text += "\nevery record is " + kinds(description["values"])
      } else {
        var rows = [["field", "records", "holds"]]
        for (name, values) in fields.sorted(by: { $0.key < $1.key }) {
          let count = values.objectValue?.values.reduce(0) { $0 + ($1.intValue ?? 0) } ?? 0
          rows.append([name, grouped(count), kinds(values)])
        }
        text += "\n\n" + table(rows)
        if description["has_more_fields"]?.boolValue == true {
          text += "\n… and more fields, which are not counted"
        }
      }
      return text
    default:
      return "text file, \(number("bytes")) bytes, \(number("lines")) lines"
    }
  }

  private static func tokenizer(_ hash: String?) -> String {
    hash.map { "made by the tokenizer with hash \($0)" }
      ?? "of a tokenizer that the file does not name"
  }

  private static func kinds(_ value: JSONValue?) -> String {
    (value?.objectValue ?? [:]).keys.sorted().joined(separator: " or ")
  }

  private static func columnTable(_ columns: [JSONValue]) -> String {
    var rows = [["column", "type", "codec", "encodings", "values", "stored", "decoded"]]
    for column in columns {
      func list(_ name: String) -> String {
        (column[name]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: " ")
      }
      var type = column["type"]?.stringValue ?? ""
      if let meaning = column["meaning"]?.stringValue { type += " (\(meaning))" }
      rows.append([
        column["name"]?.stringValue ?? "", type, list("codecs"), list("encodings"),
        grouped(column["values"]?.intValue ?? 0), grouped(column["stored_bytes"]?.intValue ?? 0),
        grouped(column["decoded_bytes"]?.intValue ?? 0),
      ])
    }
    return table(rows)
  }

  /// What is longer is cut: a name of a megabyte would make every row as long.
  private static let longestCell = 100

  private static func table(_ rows: [[String]]) -> String {
    let rows = rows.map { $0.map(cell) }
    let widths = (rows.first ?? []).indices.map { column in
      rows.map { PrintableText.width(of: $0[column]) }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - PrintableText.width(of: cell) + 2)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }

  /// A name on one line, which must not drive the terminal.
  private static func cell(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let isWhole =
      text.utf8.count <= longestCell || scalars.prefix(longestCell + 1).count <= longestCell
    let shown = isWhole ? text : String(scalars.prefix(longestCell - 1)) + "…"
    return PrintableText.clean(shown, keeping: "")
  }

  /// `1234567` → `1,234,567`.
  private static func grouped(_ number: Int) -> String {
    var text = ""
    let digits = "\(number.magnitude)"
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return number < 0 ? "-" + text : text
  }
}
