import Diagnostics
package import Steps

extension LineChart {
  private static let styles: [Style] = [.accent, .warning, .good, .bad]

  /// The curves in braille dots, two by four a character, with a y axis and a legend.
  package func terminalLines(width: Int, height: Int, color: Bool) -> [String] {
    let xRange = xRange, yRange = yRange
    let labels = (0...height - 1).map { row -> String in
      guard row == 0 || row == height - 1 || row == height / 2 else { return "" }
      let share = 1 - Double(row) / Double(max(1, height - 1))
      return Format.number(yRange.lowerBound + share * (yRange.upperBound - yRange.lowerBound))
    }
    let gutter = labels.map(\.count).max() ?? 0
    let columns = max(10, width - gutter - 3)
    var dots = [UInt8](repeating: 0, count: columns * height)
    var owner = [Int](repeating: 0, count: columns * height)
    for (index, series) in series.enumerated() {
      for (x, y) in sampled(series, columns: columns * 2, xRange: xRange) {
        let share = (y - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound)
        let dotY = height * 4 - 1 - Int((share * Double(height * 4 - 1)).rounded())
        let cell = dotY / 4 * columns + x / 2
        dots[cell] |= Self.brailleBit(x: x % 2, y: dotY % 4)
        owner[cell] = index
      }
    }
    var lines = [title]
    for row in 0..<height {
      var line = String(repeating: " ", count: gutter - labels[row].count) + labels[row] + " ┤"
      for column in 0..<columns {
        let cell = row * columns + column
        guard dots[cell] != 0 else {
          line += " "
          continue
        }
        let glyph = Unicode.Scalar(0x2800 + UInt32(dots[cell])).map { String($0) } ?? "·"
        line += Self.styles[owner[cell] % Self.styles.count](glyph, color)
      }
      while line.last == " " { line.removeLast() }
      lines.append(line)
    }
    let low = Self.label(xRange.lowerBound), high = Self.label(xRange.upperBound)
    let room = max(1, columns - low.count - high.count)
    lines.append(
      String(repeating: " ", count: gutter + 2) + low + String(repeating: " ", count: room) + high
        + "  " + xLabel)
    if series.count > 1 {
      lines.append(
        series.enumerated().map { index, series in
          Self.styles[index % Self.styles.count]("━", color) + " " + series.name
        }.joined(separator: "   "))
    }
    return lines
  }

  /// One y for each dot column the series covers, joined linearly between points.
  private func sampled(
    _ series: Series, columns: Int, xRange: ClosedRange<Double>
  ) -> [(x: Int, y: Double)] {
    let points = series.points.sorted { $0.x < $1.x }
    guard let first = points.first, let last = points.last else { return [] }
    let scale = Double(columns - 1) / (xRange.upperBound - xRange.lowerBound)
    let start = Int(((first.x - xRange.lowerBound) * scale).rounded())
    let end = Int(((last.x - xRange.lowerBound) * scale).rounded())
    var index = 0
    return (start...max(start, end)).map { column in
      let x = xRange.lowerBound + Double(column) / scale
      while index + 1 < points.count, points[index + 1].x < x { index += 1 }
      guard index + 1 < points.count, x > points[index].x else { return (column, points[index].y) }
      let (a, b) = (points[index], points[index + 1])
      let share = b.x > a.x ? min(1, (x - a.x) / (b.x - a.x)) : 1
      return (column, a.y + share * (b.y - a.y))
    }
  }

  private static func brailleBit(x: Int, y: Int) -> UInt8 {
    let bits: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
    return bits[x][y]
  }
}
