/// Columns aligned by spaces; the last column is left as it is.
struct Table {
  enum Alignment {
    case left, right
  }

  private var rows: [[Cell]] = []
  private let alignments: [Alignment]

  struct Cell {
    var text: String
    var style: Style?

    init(_ text: String, _ style: Style? = nil) {
      self.text = text
      self.style = style
    }
  }

  init(_ alignments: [Alignment]) {
    self.alignments = alignments
  }

  mutating func add(_ cells: [Cell]) {
    rows.append(cells)
  }

  mutating func add(_ cells: String..., style: Style? = nil) {
    rows.append(cells.map { Cell($0, style) })
  }

  var isEmpty: Bool { rows.isEmpty }

  func lines(color: Bool) -> [String] {
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
