import Diagnostics
import Glibc
import TestSupport
import Testing
import YAML

@Suite struct YAMLParserTests {
  private func parse(_ text: String) -> YAMLParser.Outcome {
    YAMLParser.parse(Array(text.utf8), file: "a.yaml")
  }

  private func root(_ text: String) throws -> YAMLNode {
    let outcome = parse(text)
    #expect(outcome.errors.isEmpty)
    return try #require(outcome.document).root
  }

  @Test func readsNodesWithTheirPlaces() throws {
    let root = try root("a: 1\nlist:\n  - x\n  - \"y z\"\n")
    #expect(root.kind == .mapping)
    #expect(root.pairs.map(\.key.text) == ["a", "list"])
    let list = try #require(root["list"])
    #expect(list.elements.map(\.text) == ["x", "y z"])
    #expect(list.elements[1].location == SourceLocation(file: "a.yaml", line: 4, column: 5))
    #expect(list.elements[1].width == 5)
    #expect(list.elements[0].isPlain)
    #expect(!list.elements[1].isPlain)
    #expect(root["missing"] == nil)
  }

  @Test func columnsCountCharacters() throws {
    let root = try root("größe: {名前: x}")
    let inner = try #require(root["größe"])
    #expect(inner.pairs[0].key.column == 9)
    #expect(inner.pairs[0].value.column == 13)
  }

  @Test func aByteOrderMarkIsNoPartOfTheText() throws {
    let root = try root("\u{feff}a: 1")
    #expect(root.pairs[0].key.text == "a")
    #expect(root.pairs[0].key.column == 1)
  }

  @Test func resolvesPlainScalarsByTheCoreSchema() throws {
    let cases: [(String, YAMLScalar)] = [
      ("~", .null), ("null", .null), ("", .null), ("true", .bool(true)), ("False", .bool(false)),
      ("no", .string("no")), ("on", .string("on")), ("y", .string("y")), ("0", .int(0)),
      ("-17", .int(-17)), ("+3", .int(3)), ("007", .int(7)), ("0x1F", .int(31)), ("0o17", .int(15)),
      ("0x-1", .string("0x-1")), ("1_000", .string("1_000")), ("1.5", .double(1.5)),
      (".5", .double(0.5)), ("5.", .double(5)), ("1e3", .double(1000)), ("1e", .string("1e")),
      ("-.inf", .double(-.infinity)), ("1:30", .string("1:30")), ("0..3", .string("0..3")),
      ("-", .string("-")), (".", .string(".")), ("2026-11-23", .string("2026-11-23")),
      ("99999999999999999999", .double(1e20)), ("0b1", .string("0b1")), ("e5", .string("e5")),
    ]
    for (text, expected) in cases { #expect(YAMLScalar(plain: text) == expected, "\(text)") }
    #expect(try root("'1'").scalar == .string("1"))
    #expect(try root("!!str 1").scalar == .string("1"))
    #expect(try root("[]").scalar == nil)
  }

  @Test func anAliasIsTheNodeItNames() throws {
    let root = try root("base: &b {x: 1}\nuse: *b\n")
    #expect(root["base"] == root["use"])
  }

  @Test func mergeKeysYieldToTheirOwnAndToEarlierOnes() throws {
    let root = try root(
      """
      a: &a {x: 1, y: 2}
      b: &b {y: 3, z: 4}
      c: {<<: [*a, *b], x: 0}
      d:
        <<: *a
        <<: *b
      """)
    let merged = try #require(root["c"])
    #expect(merged.pairs.map { "\($0.key.text)\($0.value.text)" } == ["x0", "y2", "z4"])
    #expect(root["d"]?.pairs.map { "\($0.key.text)\($0.value.text)" } == ["x1", "y2", "z4"])
  }

  @Test func aDuplicateKeyNamesBothPlacesAndTheFirstCounts() throws {
    let outcome = parse("a: 1\nb: {c: 1, c: 2, c: 3}\na: 2\n")
    #expect(
      outcome.errors.map(\.diagnostic).map { "\($0.location?.description ?? "") \($0.message)" }
        == [
          "a.yaml:2:11 duplicate key `c`", "a.yaml:2:17 duplicate key `c`",
          "a.yaml:3:1 duplicate key `a`",
        ])
    #expect(
      outcome.errors.last?.diagnostic.notes.first?.location
        == SourceLocation(file: "a.yaml", line: 1, column: 1))
    #expect(try #require(outcome.document).root["a"]?.text == "1")
  }

  @Test func duplicatesAmongManyKeysAreFound() {
    var lines = (0..<5000).map { "key\($0): 1" }
    lines.append("key4711: 2")
    let errors = parse(lines.joined(separator: "\n")).errors
    #expect(errors.map(\.location.line) == [5001])
    #expect(errors.first?.diagnostic.notes.first?.location?.line == 4712)
  }

  @Test(arguments: [
    ("", "1:1 the file is empty"),
    ("# only a comment\n", "1:1 the file is empty"),
    ("a: 1\n---\nb: 2\n", "2:1 a second document begins here"),
    ("a: *x", "1:4 no anchor `&x` stands before this alias"),
    ("a: &x [*x]", "1:8 the alias `*x` stands inside its own anchor"),
    ("? [a]\n: b", "1:3 a key must be a name, not a list or a mapping"),
    ("a: !secret x", "1:4 unknown tag `!secret`"),
    ("a: {<<: 1}", "1:9 `<<` takes a mapping or a list of mappings"),
    ("a: {<<: [1]}", "1:10 `<<` takes a mapping or a list of mappings"),
    ("a: x\u{7}y", "1:5 control character U+0007 is not allowed"),
    ("a: x\u{0}y", "1:5 control character U+0000 is not allowed"),
    ("größe: \u{9f}", "1:8 control character U+009f is not allowed"),
    ("a:\n\tb: 1", "2:1 a tab can't indent or separate here"),
    ("a: [1, 2", "1:9 expected `,` or `]` here"),
    ("a: 'x", "1:4 this quoted text has no closing quote"),
    ("a: `x`", "1:4 this character can't begin a value"),
    ("a: \"\\q\"", "1:5 unknown escape sequence in a double-quoted text"),
  ])
  func saysWhatIsWrongAndWhere(text: String, expected: String) throws {
    let error = try #require(parse(text).errors.first)
    #expect(
      "\(error.location.line):\(error.location.column) \(error.diagnostic.message)" == expected)
  }

  @Test func badEncodingsHaveAPlace() throws {
    func error(_ bytes: [UInt8]) throws -> String {
      let error = try #require(YAMLParser.parse(bytes, file: "f").errors.first)
      return "\(error.location) \(error.diagnostic.message)"
    }
    #expect(try error(Array("a: é\nb: ".utf8) + [0xff]) == "f:2:4 byte 0xff is not valid UTF-8")
    #expect(try error([0x61, 0xc3]) == "f:1:2 byte 0xc3 is not valid UTF-8")
    #expect(try error([0x61, 0xed, 0xa0, 0x80]) == "f:1:2 byte 0xed is not valid UTF-8")
    #expect(try error([0x61, 0xc0, 0x80]) == "f:1:2 byte 0xc0 is not valid UTF-8")
    #expect(try error([0xff, 0xfe, 0x61, 0x00]) == "f:1:1 the file is UTF-16 or UTF-32 text")
    #expect(try error([0x61, 0x00, 0x3a, 0x00]) == "f:1:1 the file is UTF-16 or UTF-32 text")
  }

  // MARK: Limits

  @Test func deepNestingIsRefusedAtTheLimit() throws {
    for text in [
      String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 100_000),
      String(repeating: "- ", count: 100_000),
    ] {
      let error = try #require(parse(text).errors.first)
      #expect(error.reason == .tooDeep(limit: 100))
      #expect(error.location.line == 1)
    }
  }

  @Test func anAliasBombIsRefusedQuickly() throws {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<20 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    let error = try #require(parse(text).errors.first)
    #expect(error.reason == .aliasExpansion(limit: 1_000_000))
    #expect(error.diagnostic.message == "aliases expand this file by more than 1,000,000 values")
    #expect(error.location.line == 7)
  }

  @Test func aMergeBombIsRefused() throws {
    var text = "a: &a {" + (0..<1000).map { "k\($0): 1" }.joined(separator: ", ") + "}\n"
    for index in 0..<2000 { text += "b\(index): {<<: *a}\n" }
    #expect(parse(text).errors.first?.reason == .aliasExpansion(limit: 1_000_000))
  }

  /// libyaml compares each with all before it: 100,000 took half a minute.
  @Test func manyDirectivesAreRefused() {
    let text = (0..<1000).map { "%TAG !a\($0)! tag:a\n" }.joined() + "---\na: 1\n"
    #expect(parse(text).errors.first?.reason == .tooManyDirectives(limit: 100))
    #expect(parse("%YAML 1.2\n---\na: 1\n").errors.isEmpty)
  }

  @Test func limitsCanBeSet() {
    var limits = YAMLLimits()
    limits.nodes = 3
    limits.bytes = 100
    func reason(_ text: String) -> YAMLError.Reason? {
      YAMLParser.parse(Array(text.utf8), file: "f", limits: limits).errors.first?.reason
    }
    #expect(reason("[1, 2]") == nil)
    #expect(reason("[1, 2, 3]") == .tooManyNodes(limit: 3))
    #expect(reason(String(repeating: "x", count: 101)) == .tooLarge(limit: 100))
  }

  // MARK: Robustness

  /// Mutated files give a document or errors with places inside the text, and never crash.
  @Test func mutatedFilesNeverCrash() {
    let seed = Array(
      """
      nanobuild: 1
      profiles: {quick: &q {assets: {a: {with: {x: 1}}}}, full: *q}
      assets:
        a: &base
          step: shell   # comment
          with: {command: "sort \\u00e9 'x'", list: [1, 2.5, ~, true]}
          checks:
            - data.readable: {min: 3}
              severity: warn
        b:
          <<: *base
          description: >-
            folded
            text
          inputs: {? k : v}
      """.utf8)
    let plan = SeededNumbers.fuzzing(rounds: 4000, seed: 42)
    var random = plan.numbers
    let pieces = [
      "\t", "*a", "&b ", "<<: ", "{", "}", "[", "]", ": ", "- ", "\"", "'", "|\n", "\0", "---\n",
      "!!str ", "? ", "\u{feff}", "%", "#",
    ]
    for _ in 0..<plan.rounds {
      var bytes = seed
      for _ in 0..<(1 + random.below(6)) {
        let place = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: pieces[random.below(pieces.count)].utf8, at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + random.below(40)))
        default:
          let length = min(random.below(60), bytes.count - place)
          bytes.insert(contentsOf: bytes[place..<place + length], at: random.below(bytes.count))
        }
        if bytes.isEmpty { bytes = [0x61] }
      }
      let outcome = YAMLParser.parse(bytes, file: "f")
      #expect(outcome.document != nil || !outcome.errors.isEmpty)
      for error in outcome.errors { #expect(error.location.line >= 1) }
      if let root = outcome.document?.root { #expect(walk(root, depth: 0) > 0) }
    }
  }

  /// Visits every node; its count is bounded by the limits.
  private func walk(_ node: YAMLNode, depth: Int) -> Int {
    #expect(depth <= 200)
    switch node.kind {
    case .scalar: return node.text.utf8.count >= 0 && node.width >= 1 ? 1 : 0
    case .sequence: return node.elements.reduce(1) { $0 + walk($1, depth: depth + 1) }
    case .mapping:
      return node.pairs.reduce(1) {
        $0 + walk($1.key, depth: depth + 1) + walk($1.value, depth: depth + 1)
      }
    }
  }
}
