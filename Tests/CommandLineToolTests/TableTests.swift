import CommandLineTool
import Testing

@Suite struct TableTests {
  @Test func columnsAlignAndLinesHaveNoTrailingSpaces() {
    var table = Table([.left, .right, .left])
    table.add("a", "1", "x")
    table.add("long", "1,000", "")
    #expect(table.lines(color: false) == ["a         1  x", "long  1,000"])
  }

  @Test func coloursDoNotCountInWidths() {
    var table = Table([.left, .left])
    table.add([.init("ok", .good), .init("one")])
    table.add([.init("failed", .bad), .init("two")])
    #expect(table.lines(color: false) == ["ok      one", "failed  two"])
    #expect(
      table.lines(color: true) == [
        "\u{1b}[32mok\u{1b}[0m      one", "\u{1b}[31mfailed\u{1b}[0m  two",
      ])
  }

  @Test func rowsMayBeShorterOrLongerThanTheAlignments() {
    var table = Table([.left])
    table.add("a", "b", "c")
    table.add("only")
    #expect(table.lines(color: false) == ["a     b  c", "only"])
  }
}
