extension LineChart {
  private static let palette = ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2"]

  /// A self-contained SVG picture, `width` by `height` units, readable on white and on black.
  package func svg(width: Double = 640, height: Double = 280) -> String {
    let left = 52.0, right = 14.0, top = 30.0, bottom = 40.0
    let xRange = xRange, yRange = yRange
    func x(_ value: Double) -> Double {
      left + (value - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
        * (width - left - right)
    }
    func y(_ value: Double) -> Double {
      height - bottom - (value - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound)
        * (height - top - bottom)
    }
    var out = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.label(width)) \(Self.label(height))" \
      font-family="system-ui, sans-serif" font-size="11" role="img">
      <title>\(Self.escaped(title))</title>
      <text x="\(left)" y="16" font-size="13" font-weight="600" fill="#808890">\(Self.escaped(title))</text>

      """
    for tick in Self.ticks(yRange, count: 5) {
      out += """
        <line x1="\(left)" x2="\(width - right)" y1="\(short(y(tick)))" y2="\(short(y(tick)))" \
        stroke="#80889040"/><text x="\(left - 6)" y="\(short(y(tick) + 4))" text-anchor="end" \
        fill="#808890">\(Self.label(tick))</text>

        """
    }
    for tick in Self.ticks(xRange, count: 8) {
      out += """
        <text x="\(short(x(tick)))" y="\(height - bottom + 16)" text-anchor="middle" \
        fill="#808890">\(Self.label(tick))</text>

        """
    }
    out += """
      <text x="\((left + width - right) / 2)" y="\(height - 6)" text-anchor="middle" \
      fill="#808890">\(Self.escaped(xLabel))</text>

      """
    for (index, series) in series.enumerated() {
      let color = Self.palette[index % Self.palette.count]
      let points = series.points.map { "\(short(x($0.x))),\(short(y($0.y)))" }.joined(
        separator: " ")
      if series.points.count == 1, let point = series.points.first {
        out +=
          "<circle cx=\"\(short(x(point.x)))\" cy=\"\(short(y(point.y)))\" r=\"3\" fill=\"\(color)\"/>\n"
      } else {
        out +=
          "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.6\"/>\n"
      }
      let legendX = width - right - 110 * Double(self.series.count - index) + 10
      out += """
        <rect x="\(short(legendX))" y="8" width="10" height="10" rx="2" fill="\(color)"/>\
        <text x="\(short(legendX + 15))" y="17" fill="#808890">\(Self.escaped(series.name))</text>

        """
    }
    return out + "</svg>\n"
  }

  private func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  /// Text that may stand in HTML and XML, in content and in quoted attributes.
  package static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
