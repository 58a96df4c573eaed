import CommandLineTool
import Testing

@Suite struct ProgressLineTests {
  private func shown(isInteractive: Bool, _ body: (inout ProgressLine) -> Void) -> String {
    var text = ""
    withoutActuallyEscaping({ text += $0 }) { write in
      var line = ProgressLine(isInteractive: isInteractive, width: 40, now: 100, write: write)
      body(&line)
    }
    return text
  }

  @Test func whatIsQuickIsNotTold() {
    let text = shown(isInteractive: true) { line in
      line.show("1/2", done: 1, total: 2, now: 100.9)
      line.end()
    }
    #expect(text.isEmpty)
  }

  @Test func onATerminalOneLineIsWrittenOver() {
    let text = shown(isInteractive: true) { line in
      line.show("1/4", done: 1, total: 4, now: 102)
      line.show("1/4", done: 1, total: 4, now: 102.05)
      line.show(String(repeating: "x", count: 50), done: 4, total: 4, now: 103)
      line.end()
    }
    let wide = String(repeating: "x", count: 39)
    #expect(
      text == "1/4 · 6.0 s left\u{1b}[K" + "\r\(wide)\u{1b}[K" + "\r\u{1b}[K")
  }

  @Test func elsewhereALineComesEveryTenSeconds() {
    let text = shown(isInteractive: false) { line in
      for second in 1...25 {
        line.show("\(second)/40", done: Double(second), total: 40, now: 100 + Double(second))
      }
      line.end()
    }
    #expect(text == "10/40 · 30.0 s left\n20/40 · 20.0 s left\n")
  }
}
