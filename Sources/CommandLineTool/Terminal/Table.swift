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

    package init(_ text: String, _ style: Style? = nil) {
      self.text = text
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
        widths[column] = max(widths[column], cell.text.count)
      }
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let styled = cell.style.map { $0(cell.text, color) } ?? cell.text
        let width = column < widths.count ? widths[column] : 0
        let padding = String(repeating: " ", count: max(0, width - cell.text.count))
        let isLast = column == row.count - 1
        switch column < alignments.count ? alignments[column] : .left {
        case .left: line += isLast ? styled : styled + padding
        case .right: line += padding + styled
        }
        if !isLast { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
