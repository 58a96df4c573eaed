import Corpus
import Glibc
import JSON
import Testing

@Suite struct ParquetTests {
  static let recorded = [
    "plain-zstd-v1", "plain-none-v2", "dictionary-snappy-v1", "fallback-gzip-v1",
    "delta-length-lz4-v1", "delta-byte-brotli-v2", "delta-int32-zstd-v2", "delta-int64-none-v1",
    "bool-rle-v2", "bool-plain-v1", "float-split-zstd", "double-dictionary-gzip",
    "fixed-delta-byte", "decimal", "list-string-snappy", "list-list-zstd-v2", "struct-v2",
    "messages-snappy", "choices-brotli", "wrapped-lz4", "map", "all-null", "uint64",
    "decimal256", "not-finite",
  ]

  /// Written and read back by pyarrow (Tests/Referees/parquet_matrix.py).
  @Test(arguments: recorded)
  func columnsAgreeWithPyarrow(name: String) throws {
    try expectAgreement("\(fixtures)/\(name)")
  }

  /// Digit for digit: a parser of JSON may round what is above 2⁶³.
  @Test(arguments: ["uint64", "decimal256"])
  func longNumbersAreExact(name: String) throws {
    var output: [UInt8] = []
    try ParquetFile(path: "\(fixtures)/\(name).parquet").writeColumn("c") {
      output.append(contentsOf: $0)
    }
    #expect(output == (try contents(of: "\(fixtures)/\(name).jsonl")))
    let text = String(decoding: output, as: UTF8.self)
    #expect(text.contains(name == "uint64" ? "\n18446744073709551615\n" : "\"-999999999999999999"))
  }

  /// The whole matrix, where `NANOBUILD_PARQUET_MATRIX` names the folder it was written to.
  @Test func matrixAgreesWithPyarrow() throws {
    guard let value = getenv("NANOBUILD_PARQUET_MATRIX") else { return }
    let folder = String(cString: value)
    guard let stream = opendir(folder) else { throw ScratchFolder.SetupFault.cannotReadFile }
    defer { closedir(stream) }
    var count = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasSuffix(".parquet") else { continue }
      try expectAgreement("\(folder)/\(name.dropLast(8))")
      count += 1
    }
    #expect(count > 1000)
  }

  @Test func rowsHaveAllColumns() throws {
    let file = try ParquetFile(path: fixtures + "/smoltalk.parquet")
    #expect(file.rowCount == 2)
    let rows = ParquetRows(file)
    let first = try rows.next()
    #expect(first?["source"] == "x")
    #expect(first?["messages"]?.arrayValue?.count == 3)
    #expect(try rows.next()?["source"] == "y")
    #expect(try rows.next() == nil)
    #expect(throws: CorpusError.self) { try ParquetRows(file, column: "nothing") }
  }

  @Test func dottedNamesReachIntoStructuresAndLists() throws {
    let wrapped = try ParquetFile(path: fixtures + "/mmlu-wrapped.parquet")
    #expect(try ParquetRows(wrapped, column: "train.question").next() == "Which is red?")
    let talk = try ParquetFile(path: fixtures + "/smoltalk.parquet")
    for name in ["messages.role", "messages.list.element.role"] {
      #expect(try ParquetRows(talk, column: name).next() == ["system", "user", "assistant"])
    }
    for name in ["messages.list", "messages.element", "messages.list.element"] {
      #expect(
        try ParquetRows(talk, column: name).next() == ParquetRows(talk, column: "messages").next())
    }
    for name in ["messages.rolle", "messages.role.x", "messages.list.rolle", "messages."] {
      #expect(throws: CorpusError.self, "\(name)") { try ParquetRows(talk, column: name) }
    }
  }

  /// What is read of one column must not be judged by the levels of another.
  @Test func columnsOfOneNameAreNotMixedUp() throws {
    // A structure `a` with `b`, all null, then a required column `a.b`: the field is meant.
    let nested = fixtures + "/nested-name.parquet"
    #expect(try values(nested, "a.b") == ["x", "y", "z"])
    #expect(try ParquetRows(ParquetFile(path: nested), column: "a.b").next() == "x")
    #expect(try DocumentReader(paths: [nested], column: "a.b").nextBatch()?.count == 3)
    // Bytes that are all null, then required texts, both named `text`: the first is meant.
    let twice = fixtures + "/twice-named.parquet"
    #expect(try values(twice, "text") == [.null, .null, .null])
    #expect(try ParquetRows(ParquetFile(path: twice), column: "text").next() == .null)
    #expect(try DocumentReader(paths: [twice], column: "text").nextBatch()?.count == nil)
    // In whole rows the second has a key of its own, by which it can be asked for as well.
    let records = try RecordStream(path: twice)
    #expect(records.fields == ["text", "text_2"])
    #expect(try records.next() == ["text": .null, "text_2": "x"])
    #expect(try values(twice, "text_2") == ["x", "y", "z"])
  }

  /// `s` twice, with `x` in both; below the first four `t`, the first two with `x`, the last two with `z`.
  @Test func membersBelowStructuresOfOneNameCanBePicked() throws {
    let path = fixtures + "/deep-twice.parquet"
    let file = try ParquetFile(path: path)
    let listed = ["s.t.x", "s.t_2.x", "s.t_2.y", "s.t_3.z", "s.t_3.t.w", "s.t_4.z", "s_2.x"]
    #expect(file.columns.map(\.name) == listed)
    for (name, first) in zip(listed, ["a", "c", "e", "g", "i", "k", "m"]) {
      #expect(try ParquetRows(file, column: name).next() == .string(first), "\(name)")
      #expect(try values(path, name).first == .string(first), "\(name)")
      let batch = try DocumentReader(paths: [path], column: name).nextBatch()
      #expect(batch?.string(0) == first, "\(name)")
    }
    // Names that fit one alone will do.
    #expect(try ParquetRows(file, column: "s.t.y").next() == "e")
    #expect(try ParquetRows(file, column: "s.x").next() == "m")
    #expect(try ParquetRows(file, column: "s.t_3").next() == ["t.w": "i", "z": "g"])
    let ambiguous = CorpusError.ambiguousColumn(
      path: path, column: "s.t.z", candidates: ["s.t_3.z", "s.t_4.z"])
    #expect(throws: ambiguous) { try ParquetRows(file, column: "s.t.z") }
    #expect(throws: ambiguous) { try values(path, "s.t.z") }
    #expect(throws: ambiguous) { try DocumentReader(paths: [path], column: "s.t.z").nextBatch() }
    #expect(throws: CorpusError.notText(path: path, column: "s.t")) {
      try DocumentReader(paths: [path], column: "s.t").nextBatch()
    }
  }

  @Test func equalNamesGetDifferentKeys() throws {
    let folder = try ScratchFolder()
    var footer = FooterBytes()
    footer.group("root", children: 40_003)
    for name in ["a_2", "a", "a_3"] + [String](repeating: "a", count: 40_000) { footer.leaf(name) }
    let path = try folder.file("a.parquet", footer.file)
    let fields = try RecordStream(path: path).fields
    #expect(fields.prefix(5) == ["a_2", "a", "a_3", "a_4", "a_5"])
    #expect(Set(fields).count == 40_003)
  }

  @Test func faultsNameFileRowGroupColumnAndPage() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.parquet"
    var bytes = try contents(of: fixtures + "/plain-none-v2.parquet")
    let found = bytes.firstRange(of: Array("naïve".utf8))
    bytes[try #require(found).lowerBound + 2] = 0xff
    try folder.file("a.parquet", bytes)
    let error = #expect(throws: CorpusError.self) { try values(path) }
    let message = error?.message ?? ""
    #expect(message.hasPrefix("\(path): row group 0, column `c`, page "), "\(message)")
    #expect(message.contains("checksum mismatch") || message.contains("UTF-8"), "\(message)")
  }

  @Test func aFaultyTextIsCountedWithTheNullsBeforeIt() throws {
    // A text and two nulls before one whose second byte is no UTF-8.
    let folder = try ScratchFolder()
    var bytes = try contents(of: fixtures + "/after-nulls.parquet")
    let found = try #require(bytes.firstRange(of: Array("three".utf8)))
    bytes[found.lowerBound + 1] = 0xff
    let path = try folder.file("a.parquet", bytes)
    let expected = CorpusError.parquet(
      path: path, place: ParquetPlace(rowGroup: 0, column: "c", page: 0),
      fault: .invalidUTF8(value: 3, byte: 1))
    #expect(throws: expected) { try values(path) }
    #expect(throws: expected) {
      let rows = try ParquetRows(ParquetFile(path: path), column: "c")
      while try rows.next() != nil {}
    }
    for threads in [1, 2] {
      let reader = try DocumentReader(paths: [path], column: "c", threads: threads)
      #expect(throws: expected) { while try reader.nextBatch() != nil {} }
    }
    // What is sound is there first, in its page as well.
    var output: [UInt8] = []
    #expect(throws: expected) {
      try DataInspector.writeColumn("c", of: path) { output.append(contentsOf: $0) }
    }
    #expect(String(decoding: output, as: UTF8.self) == "\"one\"\nnull\nnull\n")
  }

  @Test(
    arguments: [
      ("", .notParquet), ("hello, this is no parquet file", .notParquet), ("PAR1", .cutShort),
      ("PAR1abcdefgh", .cutShort), ("PARE", .encrypted), ("PAREabcdefghPARE", .encrypted),
      ("PAR1abcdefghPARE", .encrypted),
    ] as [(String, ParquetFault)])
  func otherFilesSayWhatTheyAre(content: String, fault: ParquetFault) throws {
    let folder = try ScratchFolder()
    for name in ["a.parquet", "a.bin"] {
      let path = try folder.file(name, content)
      let isKnown = name == "a.parquet" || fault != .notParquet
      #expect(
        throws: isKnown
          ? CorpusError.parquet(path: path, place: ParquetPlace(), fault: fault)
          : CorpusError.unknownFileKind(path: path)
      ) { try DataInspector.describe(path) }
    }
  }

  // MARK: Helpers

  private func expectAgreement(_ base: String) throws {
    let found = try values(base + ".parquet")
    let expected = try contents(of: base + ".jsonl").split(separator: 0x0a)
      .map { try JSONParser.parse(Array($0)) }
    #expect(found.count == expected.count, "\(base)")
    for (row, pair) in zip(found, expected).enumerated() where pair.0 != pair.1 {
      Issue.record("\(base), row \(row): \(pair.0) instead of \(pair.1)")
      return
    }
  }

  private func values(_ path: String, _ column: String = "c") throws -> [JSONValue] {
    var output: [UInt8] = []
    try ParquetFile(path: path).writeColumn(column) { output.append(contentsOf: $0) }
    return try output.split(separator: 0x0a).map { try JSONParser.parse(Array($0)) }
  }
}
