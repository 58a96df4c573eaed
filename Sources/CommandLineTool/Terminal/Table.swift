import Diagnostics

/// Columns aligned by spaces; the last column is left as it is.
package struct Table {
  package enum Alignment {
    case left, right
  }

  private var rows: [[Cell]] = []
  private let alignments: [Alignment]

  package struct Cell {
    package var text: String
    package var style: Style?

    /// A row is one line: breaks and tabs in the text are shown as `\n` and `\t`. What else drives a terminal
    /// is replaced.
    package init(_ text: String, _ style: Style? = nil) {
      let isOneLine = text.utf8.allSatisfy { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\t") }
      let oneLine =
        isOneLine ? text : text.replacing("\n", with: "\\n").replacing("\t", with: "\\t")
      self.text = PrintableText.clean(oneLine, keeping: "")
      self.style = style
    }
  }

  package init(_ alignments: [Alignment]) {
    self.alignments = alignments
  }

  package mutating func add(_ cells: [Cell]) {
    rows.append(cells)
  }

  package mutating func add(_ cells: String..., style: Style? = nil) {
    rows.append(cells.map { Cell($0, style) })
  }

  package var isEmpty: Bool { rows.isEmpty }

  package func lines(color: Bool) -> [String] {
    var widths = [Int](repeating: 0, count: alignments.count)
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], Self.width(cell.text))
      }
    }
    // `status` may have a hundred thousand rows: they are put together as bytes.
    var line: [UInt8] = []
    return rows.map { row in
      line.removeAll(keepingCapacity: true)
      for (column, cell) in row.enumerated() {
        let isLast = column == row.count - 1
        let width = column < widths.count ? widths[column] : 0
        let padding = repeatElement(
          UInt8(ascii: " "), count: max(0, width - Self.width(cell.text)))
        let alignment = column < alignments.count ? alignments[column] : .left
        if alignment == .right { line.append(contentsOf: padding) }
        if let style = cell.style, color {
          line.append(contentsOf: style(cell.text, color).utf8)
        } else {
          line.append(contentsOf: cell.text.utf8)
        }
        if alignment == .left, !isLast { line.append(contentsOf: padding) }
        if !isLast { line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2)) }
      }
      while line.last == UInt8(ascii: " ") { line.removeLast() }
      return String(decoding: line, as: UTF8.self)
    }
  }

  /// Characters of `text`; counted without Unicode's rules where all are ASCII.
  private static func width(_ text: String) -> Int {
    let isPlain = text.utf8.withContiguousStorageIfAvailable { $0.allSatisfy { $0 < 0x80 } }
    return isPlain == true ? text.utf8.count : text.count
  }
}
