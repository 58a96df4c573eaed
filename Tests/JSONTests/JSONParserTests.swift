import JSON
import Testing

@Suite struct JSONParserTests {
  @Test func readsEveryKindOfValue() throws {
    let value = try JSONParser.parse(
      #"{"a": [1, -2.5, 1e3, true, false, null, "x\n\u00e9\ud83d\ude00"], "b": {}}"#)
    #expect(value["a"]?.arrayValue == [1, -2.5, 1000.0, true, false, nil, "x\né😀"])
    #expect(value["b"] == [:])
  }

  @Test func keepsIntegersExactAndFallsBackToDouble() throws {
    #expect(try JSONParser.parse("9223372036854775807") == .int(.max))
    #expect(try JSONParser.parse("9223372036854775808") == .double(9223372036854775808))
  }

  @Test(arguments: [
    ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("{\n \"a\" 1}", 2, 6), ("01", 1, 1), ("1.", 1, 1),
    ("\"\\x\"", 1, 2), ("\"\\ud800\"", 1, 2), ("\"a\nb\"", 1, 3), ("{\"a\":1,\"a\":2}", 1, 8),
    ("1 2", 1, 3), ("nul", 1, 4), ("+1", 1, 1), ("1e999", 1, 1), ("'a'", 1, 1),
  ])
  func saysWhereATextIsWrong(text: String, line: Int, column: Int) {
    let error = #expect(throws: JSONError.self) { try JSONParser.parse(text) }
    #expect(error?.line == line)
    #expect(error?.column == column)
  }

  /// What is JSON but can't be taken is not called wrong.
  @Test(arguments: [
    ("1e400", JSONError.Reason.numberOutOfRange), ("-1e400", .numberOutOfRange),
    (String(repeating: "9", count: 400), .numberOutOfRange), ("01", .invalidNumber),
    ("\u{feff}{}", .byteOrderMark),
    (" \u{feff}{}", .unexpectedByte(0xef, expected: "a JSON value")),
  ])
  func saysWhatIsWrong(text: String, reason: JSONError.Reason) {
    let error = #expect(throws: JSONError.self) { try JSONParser.parse(text) }
    #expect(error?.reason == reason)
  }

  @Test(arguments: ["1e-400", "1.7976931348623157e308"])
  func takesWhatIsInRange(text: String) throws {
    #expect(try JSONParser.parse(text).doubleValue == Double(text))
  }

  @Test func refusesDeepNestingWithoutOverflowingTheStack() {
    let text = String(repeating: "[", count: 1_000_000)
    #expect(throws: JSONError.self) { try JSONParser.parse(text) }
  }

  @Test func refusesInvalidUTF8() {
    #expect(throws: JSONError.self) { try JSONParser.parse([0x22, 0xff, 0x22]) }
  }

  @Test func writingAndReadingAgainGivesTheSameValue() throws {
    let value: JSONValue = [
      "text": "quote \" slash \\ tab \t nul \u{0} é 😀",
      "numbers": [0, -1, 0.1, 1e-300, 12345678901234],
      "nested": ["empty": [], "none": nil],
    ]
    #expect(try JSONParser.parse(JSONWriter.text(value)) == value)
    #expect(try JSONParser.parse(JSONWriter.text(value, pretty: true)) == value)
  }

  @Test func membersAreWrittenInByteOrder() {
    #expect(JSONWriter.text(["b": 1, "a": 2, "B": 3]) == #"{"B":3,"a":2,"b":1}"#)
  }
}
