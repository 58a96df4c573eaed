import BuildEngine
import CommandLineTool
import JSON
import Testing

@Suite struct LineageGraphTests {
  private let hostile = "a\"<b>&'\\"

  private var graph: LineageGraph {
    LineageGraph(
      title: "t</title><script>", profile: "quick",
      nodes: [
        LineageGraph.Node(name: "text", step: "data.fetch", state: .fresh, files: ["data/x"]),
        LineageGraph.Node(
          name: hostile, step: "shell", state: .stale, reason: "<i>why</i>", inputs: ["text"]),
        LineageGraph.Node(name: "end", step: "report", state: .pending, inputs: ["text", hostile]),
      ])
  }

  @Test func columnsFollowTheLongestPath() {
    #expect(graph.nodes.map(\.column) == [0, 1, 2])
    #expect(graph.nodes.map(\.row) == [0, 0, 0])
  }

  @Test func thePageHoldsNothingUnescaped() {
    let page = graph.html()
    #expect(!page.contains("<script"))
    #expect(!page.contains("<b>&"))
    #expect(!page.contains("<i>why"))
    #expect(page.contains("a&quot;&lt;b&gt;&amp;&#39;\\"))
    #expect(
      !page.contains("http://")
        || page.ranges(of: "http://").count == page.ranges(of: "http://www.w3.org/2000/svg").count)
    #expect(!page.contains("src="))
    #expect(page.ranges(of: "<path ").count == 3)
  }

  @Test func graphvizStringsAreQuoted() {
    let dot = graph.dot
    #expect(dot.contains("\"text\" -> \"a\\\"<b>&'\\\\\";"))
    #expect(dot.contains("\"a\\\"<b>&'\\\\\" -> \"end\";"))
    #expect(dot.hasPrefix("digraph \"t</title><script>\" {"))
  }

  @Test func mermaidLabelsUseCharacterNumbers() {
    let text = graph.mermaid
    #expect(text.contains("n1[\"a#34;#60;b#62;#38;'\\<br/><small>shell</small>\"]:::stale"))
    #expect(text.contains("n0 --> n2"))
    #expect(text.contains("classDef pending "))
  }

  @Test func textListsSources() {
    #expect(
      graph.textLines(color: false)[0] == "text      data.fetch  fresh    ← data/x")
  }

  @Test func theJSONFormIsVersioned() {
    #expect(graph.json["version"] == 1)
    #expect(graph.json["assets"]?.arrayValue?.count == 3)
    #expect(graph.json["assets"]?.arrayValue?[1]["reason"] == "<i>why</i>")
  }
}
