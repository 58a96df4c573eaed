/// Curves over a common x axis, such as losses over steps.
package struct LineChart: Sendable {
  package struct Series: Sendable {
    package var name: String
    package var points: [(x: Double, y: Double)]

    package init(name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
    }
  }

  package var title: String
  package var xLabel: String
  package var series: [Series]

  package init(title: String, xLabel: String, series: [Series]) {
    self.title = title
    self.xLabel = xLabel
    self.series = series.filter { !$0.points.isEmpty }
  }

  package var isEmpty: Bool { series.isEmpty }

  /// The smallest and largest x; never empty, so that scaling is defined.
  package var xRange: ClosedRange<Double> { Self.range(series.flatMap { $0.points.map(\.x) }) }

  /// The smallest and largest y, with a little room when they are the same.
  package var yRange: ClosedRange<Double> { Self.range(series.flatMap { $0.points.map(\.y) }) }

  private static func range(_ values: [Double]) -> ClosedRange<Double> {
    guard let low = values.min(), let high = values.max() else { return 0...1 }
    return low < high ? low...high : (low - 0.5)...(high + 0.5)
  }

  /// Round numbers inside `range`, about `count` of them, one, two or five times a power of ten apart.
  package static func ticks(_ range: ClosedRange<Double>, count: Int) -> [Double] {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite, count > 0 else { return [range.lowerBound] }
    var step = 1.0
    while step * Double(count) < span { step *= 10 }
    while step * Double(count) > span * 10 { step /= 10 }
    if step * Double(count) > span * 5 {
      step /= 5
    } else if step * Double(count) > span * 2 {
      step /= 2
    }
    let first = Int((range.lowerBound / step).rounded(.up))
    let last = Int((range.upperBound / step).rounded(.down))
    guard first <= last else { return [range.lowerBound] }
    return (first...last).map { Double($0) * step }
  }

  /// A tick's number without digits it does not need.
  package static func label(_ value: Double) -> String {
    if let whole = Int(exactly: value) { return "\(whole)" }
    let text = "\((value * 1e6).rounded() / 1e6)"
    return text
  }
}
