import Diagnostics
import Testing

@Suite struct DiagnosticRendererTests {
  private func render(
    _ text: String, line: Int, column: Int, width: Int = 1, color: Bool = false
  ) -> String {
    DiagnosticRenderer(files: [SourceFile(name: "a.yaml", text: text)], usesColor: color).render(
      Diagnostic(
        "wrong", at: SourceLocation(file: "a.yaml", line: line, column: column), width: width))
  }

  @Test func showsPlaceLineCaretHelpAndNotes() {
    let file = SourceFile(name: "pipeline.yaml", text: "a: 1\nb: 2\n")
    let diagnostic = Diagnostic(
      "duplicate key `b`", at: SourceLocation(file: "pipeline.yaml", line: 2, column: 1),
      help: "remove it",
      notes: [.init("first here", at: SourceLocation(file: "pipeline.yaml", line: 1, column: 4))])
    #expect(
      DiagnosticRenderer(files: [file]).render(diagnostic) == """
        pipeline.yaml:2:1: error: duplicate key `b`
         2 | b: 2
           | ^
        help: remove it
        pipeline.yaml:1:4: note: first here
         1 | a: 1
           |    ^

        """)
  }

  @Test func severalAreParted() {
    let renderer = DiagnosticRenderer(files: [])
    #expect(
      renderer.render([Diagnostic("one"), Diagnostic("two", severity: .warning)])
        == "error: one\n\nwarning: two\n")
    #expect(renderer.render([]) == "")
  }

  @Test func tabsAreExpandedAndTheCaretFollows() {
    #expect(
      render("\tab: x\n", line: 1, column: 2, width: 2) == """
        a.yaml:1:2: error: wrong
         1 |     ab: x
           |     ^^

        """)
  }

  @Test func wideAndCombiningCharactersKeepTheCaretInPlace() {
    #expect(
      render("한국: e\u{301}x y", line: 1, column: 8).contains("\n   |         ^"))
    #expect(
      render("漢字: x", line: 1, column: 1, width: 2) == """
        a.yaml:1:1: error: wrong
         1 | 漢字: x
           | ^^^^

        """)
  }

  @Test func longLinesAreCutAroundTheCaret() {
    let text = String(repeating: "a", count: 500) + "X" + String(repeating: "b", count: 500)
    let lines = render(text, line: 1, column: 501).split(separator: "\n")
    #expect(lines[1].count < 130)
    let caret = lines[2].firstIndex(of: "^").map {
      lines[2].distance(from: lines[2].startIndex, to: $0)
    }
    let wanted = lines[1].firstIndex(of: "X").map {
      lines[1].distance(from: lines[1].startIndex, to: $0)
    }
    #expect(caret == wanted)
    #expect(caret != nil)
  }

  @Test func controlCharactersNeverReachTheTerminal() {
    let text = render("a\u{1b}[31mb\u{7}", line: 1, column: 1)
    #expect(!text.unicodeScalars.contains("\u{1b}"))
    #expect(!text.unicodeScalars.contains("\u{7}"))
    #expect(PrintableText.clean("x\u{202e}y") == "x\u{fffd}y")
    #expect(PrintableText.clean("x\ty\u{1b}\n", keeping: "\n\t") == "x\ty\u{fffd}\n")
  }

  @Test(arguments: [(0, 0), (1, 99), (7, 1), (2, 0), (1, 1_000_000_000)])
  func placesOutsideTheTextDoNoHarm(line: Int, column: Int) {
    #expect(render("ab", line: line, column: column, width: .max).contains("error: wrong"))
  }

  @Test func endsOfLinesOfEveryKindCount() {
    let text = "one\r\ntwo\rthree\nfour"
    #expect(render(text, line: 3, column: 1).contains(" 3 | three\n"))
    #expect(render(text, line: 4, column: 1).contains(" 4 | four\n"))
  }

  @Test func colorsOnlyWhenAsked() {
    #expect(!render("x", line: 1, column: 1).contains("\u{1b}["))
    #expect(render("x", line: 1, column: 1, color: true).contains("\u{1b}[1;31merror:\u{1b}[0m"))
  }

  @Test func aPlaceWithoutLinesIsTheNameAlone() {
    let location = SourceLocation(file: "--set a.b=1", line: 0, column: 0)
    #expect(
      DiagnosticRenderer(files: []).render(Diagnostic("no", at: location))
        == "--set a.b=1: error: no\n")
  }
}
