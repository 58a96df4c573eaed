import CommandLineTool
import Steps
import Testing

@Suite struct LineChartTests {
  private func chart(_ points: [(x: Double, y: Double)], name: String = "loss") -> LineChart {
    LineChart(
      title: "sft: loss", xLabel: "step", series: [LineChart.Series(name: name, points: points)])
  }

  @Test func aFallingLineStartsAtTheTopLeftAndEndsAtTheBottomRight() throws {
    let lines = chart([(0, 8), (100, 2)]).terminalLines(width: 40, height: 6, color: false)
    #expect(lines.first == "sft: loss")
    #expect(lines.count == 8)
    #expect(lines[1].hasPrefix("8 ┤"))
    #expect(lines[6].hasPrefix("2 ┤"))
    #expect(lines.allSatisfy { $0.count <= 46 })
    let top = try #require(lines[1].firstIndex { $0.isBraille })
    let bottom = try #require(lines[6].lastIndex { $0.isBraille })
    #expect(lines[1].distance(from: lines[1].startIndex, to: top) == 3)
    #expect(lines[6].distance(from: lines[6].startIndex, to: bottom) == lines[6].count - 1)
  }

  @Test(arguments: [
    [(x: 5.0, y: 3.0)], [(x: 0.0, y: 1.0), (x: 10.0, y: 1.0)],
    [(x: 0.0, y: .nan), (x: 1.0, y: 2.0), (x: 2.0, y: .infinity)],
  ])
  func degenerateCurvesAreDrawn(points: [(x: Double, y: Double)]) {
    let lines = chart(points).terminalLines(width: 30, height: 4, color: false)
    #expect(lines.contains { $0.contains { $0.isBraille } })
  }

  @Test func severalSeriesGetALegend() {
    let two = LineChart(
      title: "both", xLabel: "step",
      series: [
        LineChart.Series(name: "a", points: [(0, 1), (1, 2)]),
        LineChart.Series(name: "b", points: [(0, 2), (1, 1)]),
      ])
    let lines = two.terminalLines(width: 40, height: 4, color: false)
    #expect(lines.last == "━ a   ━ b")
  }

  @Test func picturesEscapeEverythingFromTheProject() {
    let hostile = LineChart(
      title: "<script>alert('x')</script>", xLabel: "a&b\"",
      series: [LineChart.Series(name: "</svg>", points: [(0, 1), (1, 2)])])
    let svg = hostile.svg()
    #expect(!svg.contains("<script"))
    #expect(svg.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
    #expect(svg.contains("a&amp;b&quot;"))
    #expect(svg.components(of: "</svg>") == 1)
  }
}

extension Character {
  fileprivate var isBraille: Bool { ("\u{2801}"..."\u{28ff}").contains(self) }
}

extension String {
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
