import CommandLineTool
import Testing

@Suite struct ArgumentOrderTests {
  @Test(arguments: [
    (["run"], ["run"]),
    (["-C", "d", "run", "x"], ["run", "-C", "d", "x"]),
    (["--plain", "-f", "p", "status"], ["status", "--plain", "-f", "p"]),
    (["-C", "d", "cache", "stats", "--json"], ["cache", "stats", "-C", "d", "--json"]),
    (["cache", "-C", "d", "stats"], ["cache", "stats", "-C", "d"]),
    (["cache", "stats", "-C", "d"], ["cache", "stats", "-C", "d"]),
    (["-C", "d", "help", "run"], ["help", "run"]),
    (["help", "--plain", "cache", "-C", "d", "gc"], ["help", "cache", "gc"]),
    (["cache", "help", "verify"], ["help", "cache", "verify"]),
    (["cache", "--no-color", "help", "verify"], ["help", "cache", "verify"]),
    (["-f", "p", "bench", "help", "--plain", "train"], ["help", "bench", "train"]),
    (["bench", "help"], ["help", "bench"]),
    (["cache", "help", "-C"], ["help", "cache", "-C"]),
    (["-C", "d", "run", "help"], ["run", "-C", "d", "help"]),
    (["cache", "-C", "d"], ["cache", "-C", "d"]),
    (["cache", "-C", "d", "--help"], ["cache", "-C", "d", "--help"]),
    (["-C", "d", "--version"], ["-C", "d", "--version"]),
    (["-C"], ["-C"]),
    (["run", "--plain", "-C", "d"], ["run", "--plain", "-C", "d"]),
    ([], []),
  ])
  func placesBeforeTheCommandGoBehindIt(given: [String], expected: [String]) {
    #expect(Tool.reordered(given) == expected)
  }
}
