import JSON
import LanguageModel
import Testing

@Suite struct CalculatorTests {
  @Test(arguments: [
    ("12/60", "0.2"), ("0.2*50", "10"), ("1,000+5", "1005"), ("7//2", "3"), ("2*(3+4)", "14"),
    ("5--3", "8"), ("10/3", "3.3333333333333335"), ("3*0.1", "0.30000000000000004"),
    ("98/7", "14"), ("'strawberry'.count('r')", "3"), ("'aaaa'.count('aa')", "2"),
  ])
  func `gives the results of the specification's table`(expression: String, result: String) {
    #expect(Calculator.result(of: expression) == result)
  }

  @Test(arguments: [
    "1/0", "1//0", "1.0/0", "0.0//0", "2**8", "2* *8", "1e5", "abs(1)", "", " ", "()", "1 2", "(1",
    "1)", "007", "08+1", "1..2", ".", "1.2.3", "*3", "3*", "7/ /2", "(2)(3)", "5.(3)", "1_000",
    "0x10", "__import__('os')", "'a'.count(1)", "'a'.upper()", "'a'.count('a').count('a')",
    "'a'.count('b'", "'a\\n'.count('n')", "'a'.count('a')+1", "x", "１+１", "1\n+1",
  ])
  func `has no result where Python raises or the form is not allowed`(expression: String) {
    #expect(Calculator.result(of: expression) == nil)
  }

  @Test(arguments: [
    ("-7//2", "-4"), ("7//-2", "-4"), ("-7//-2", "3"), ("7.5//2", "3"), ("-7.5//2", "-4"),
    ("1//0.1", "9"), ("00", "0"), ("007.5", "7.5"), (".5+5.", "5.5"), ("  3 + 4 ", "7"),
    ("+-+5", "-5"), ("2-3-4", "-5"), ("100/10/5", "2"), ("2+3*4", "14"), ("-(2+3)", "-5"),
    ("1/3*3", "1"), ("0-0", "0"), ("1/8", "0.125"), ("10000000000000000.0", "1e+16"),
    ("1234567890123456.0", "1234567890123456"), ("12345678901234567.0", "1.2345678901234568e+16"),
    ("1/10000", "0.0001"), ("1/100000", "1e-05"), ("123/10000000", "1.23e-05"),
    ("9007199254740993/1", "9007199254740992"), ("9007199254740995/1", "9007199254740996"),
    ("36893488147419103233/2", "1.8446744073709552e+19"), ("1/7", "0.14285714285714285"),
    ("2/3", "0.6666666666666666"), ("22/7", "3.142857142857143"),
    ("0.1+0.2", "0.30000000000000004"),
    ("\"banana\".count(\"an\")", "2"), ("'banana'.count('')", "7"), ("'héé'.count('é')", "2"),
    ("'a' .count( 'a' )", "1"), ("\"it's\".count(\"'\")", "1"),
  ])
  func `follows Python's arithmetic`(expression: String, result: String) {
    #expect(Calculator.result(of: expression) == result)
  }

  @Test func `integers have no bound within the length of an expression`() {
    let nines = String(repeating: "9", count: 120)
    let expected =
      String(repeating: "9", count: 119) + "8" + String(repeating: "0", count: 119) + "1"
    #expect(Calculator.result(of: "\(nines)*\(nines)") == expected)
    #expect(Calculator.result(of: "\(nines)*\(nines)//\(nines)") == nil)
    #expect(Calculator.result(of: "(\(nines)+1)//10") == "1" + String(repeating: "0", count: 119))
    #expect(Calculator.result(of: "\(nines)/\(nines)") == "1")
  }

  @Test func `refuses what is longer than the limit and survives deep nesting`() {
    let deep = String(repeating: "(", count: 127) + "1" + String(repeating: ")", count: 127)
    #expect(Calculator.result(of: deep) == "1")
    #expect(Calculator.result(of: String(repeating: "-", count: 255) + "1") == "-1")
    #expect(Calculator.result(of: String(repeating: "1", count: 257)) == nil)
    #expect(Calculator.result(of: String(repeating: "(", count: 256)) == nil)
  }

  /// Recorded by `Tests/Referees/calculator.py`.
  @Test func `agrees with Python on random expressions`() throws {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
    let bytes = try CheckpointFiles.read(folder + "/Fixtures/calculator.jsonl")
    var count = 0
    for line in bytes.split(separator: 0x0a) {
      let pair = try #require(try JSONParser.parse(Array(line)).arrayValue)
      let expression = try #require(pair[0].stringValue)
      #expect(Calculator.result(of: expression) == pair[1].stringValue, "\(expression)")
      count += 1
    }
    #expect(count == 1500)
  }
}
