import Diagnostics
import Testing

@Suite struct SuggestionTests {
  @Test(arguments: [
    ("inptus", "inputs"), ("dept", "depth"), ("dephtt", "depth"), ("Depth", "depth"),
    ("stepz", "steps"), ("vocabsize", "vocab_size"), ("tokenizr.train", "tokenizer.train"),
  ])
  func findsTheNameThatWasMeant(name: String, expected: String) {
    let known = ["inputs", "depth", "steps", "vocab_size", "tokenizer.train", "with", "x"]
    #expect(Suggestion.nearest(to: name, among: known) == expected)
  }

  @Test(arguments: ["", "q", "checkpoint", "inputs"])
  func saysNothingWhenNothingIsNear(name: String) {
    #expect(Suggestion.nearest(to: name, among: ["inputs", "depth", "ab"]) == nil)
  }

  @Test func theNearestWinsAndTheFirstOfEquals() {
    #expect(Suggestion.nearest(to: "abcdef", among: ["abcxyf", "abcxef", "abcdxf"]) == "abcxef")
  }

  @Test func aSwapIsOneEdit() {
    #expect(Suggestion.nearest(to: "ab", among: ["ba"]) == "ba")
    #expect(Suggestion.nearest(to: "txet", among: ["text"]) == "text")
  }

  @Test func longNamesCostLittle() {
    let name = String(repeating: "a", count: 1_000_000)
    #expect(Suggestion.nearest(to: name, among: ["b", name + "c"]) != nil)
  }
}

@Suite struct WordingTests {
  @Test func listsReadAsSentences() {
    #expect(Wording.list([]) == "nothing")
    #expect(Wording.list(["a"]) == "`a`")
    #expect(Wording.list(["a", "b"]) == "`a` or `b`")
    #expect(Wording.list(["a", "b", "c"], "and") == "`a`, `b` and `c`")
  }

  @Test func numbersAndCounts() {
    #expect(Wording.count(1, "asset") == "1 asset")
    #expect(Wording.count(0, "asset") == "0 assets")
    #expect(
      [7, 1234, 12345, 1_000_000, -123456].map(Wording.number)
        == ["7", "1234", "12,345", "1,000,000", "-123,456"])
    #expect(Wording.number(.min) == "-9,223,372,036,854,775,808")
  }

  @Test func longNamesAreShortened() {
    #expect(Wording.quoted(String(repeating: "x", count: 100)).count == 62)
    #expect(Wording.quoted("a\nb") == "`a…`")
    #expect(Wording.quoted("") == "`\"\"`")
  }
}
