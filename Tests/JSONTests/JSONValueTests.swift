import JSON
import Testing

@Suite struct JSONValueTests {
  @Test(arguments: [
    "[1,[2,[3,\"four\"]],{\"b\":[],\"a\":\"long text\"},null,true]",
    "{\"name\":\"汉字 and more\",\"list\":[{\"x\":1.5,\"y\":[]},{\"x\":2,\"y\":[\"\\u0001\\u0002\"]}]}",
    "\"a text\"",
  ])
  func aBeginningHasTheTextsFirstCharacters(text: String) throws {
    let value = try JSONParser.parse(text)
    let whole = Array(JSONWriter.text(value).unicodeScalars)
    for count in 0..<whole.count + 2 {
      let beginning = Array(JSONWriter.text(value.beginning(count)).unicodeScalars)
      #expect(beginning.prefix(count) == whole.prefix(count))
      if count > whole.count { #expect(beginning == whole) }
    }
  }

  @Test func aBeginningIsSmall() {
    let text = JSONValue.string(String(repeating: "x", count: 1_000_000))
    let value = JSONValue.array([text, .array([JSONValue](repeating: text, count: 1000))])
    #expect(JSONWriter.text(value.beginning(100)).utf8.count < 200)
    #expect(JSONWriter.text(JSONValue.array([text]).beginning(5)) == "[\"xxx\"]")
  }

  @Test func integersAboveTheLargestSignedOneKeepTheirDigits() {
    #expect(
      JSONWriter.text([.unsigned(.max), .int(.max)]) == "[18446744073709551615,9223372036854775807]"
    )
    #expect(JSONValue.unsigned(.max).intValue == nil)
    #expect(JSONValue.unsigned(1 << 63).doubleValue == 0x1p63)
  }
}
