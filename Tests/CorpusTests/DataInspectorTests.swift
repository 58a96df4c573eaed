import Corpus
import Glibc
import JSON
import Testing

@Suite struct DataInspectorTests {
  @Test func parquetIsDescribed() throws {
    let path = sampleData + "/shard_00000.parquet"
    let description = try DataInspector.describe(path)
    #expect(description["rows"] == 1551)
    #expect(description["row_groups"] == 7)
    let column = description["columns"]?.arrayValue?.first
    #expect(column?["name"] == "text" && column?["codecs"] == ["ZSTD"])
    #expect(column?["encodings"] == ["PLAIN", "RLE"])
    let text = DataInspector.text(description)
    #expect(
      text.hasPrefix("parquet file, 402,090 bytes: 1,551 rows in 7 row groups of 15 to 256\n"))
    #expect(text.contains("text    BYTE_ARRAY (text)  ZSTD"))
  }

  @Test func namesFromAFileAreOneLineAndDriveNoTerminal() throws {
    let folder = try ScratchFolder()
    var footer = FooterBytes()
    footer.createdBy = "writer \u{1b}]0;title\u{07}"
    footer.group("root", children: 3)
    footer.leaf("plain")
    footer.leaf("two\nlines\u{1b}[2J")
    footer.leaf(String(repeating: "汉", count: 200))
    let path = try folder.file("a\u{07}.parquet", footer.file)
    _ = try folder.file("b.jsonl", "{\"x\\u001b[2J\": 1}\n")
    let text = DataInspector.text(try DataInspector.describe(path))
    #expect(text.contains("written by writer \u{fffd}]0;title\u{fffd}\n"))
    #expect(text.contains("\ntwo\u{fffd}lines\u{fffd}[2J "))
    #expect(text.contains("\n" + String(repeating: "汉", count: 99) + "…  INT32"))
    let records = DataInspector.text(try DataInspector.describe(folder.path + "/b.jsonl"))
    #expect(records.contains("\nx\u{fffd}[2J  1"))
    for shown in [text, records, DataInspector.text(try DataInspector.describe(folder.path))] {
      #expect(!shown.utf8.contains { $0 < 0x20 && $0 != 0x0a })
    }
  }

  @Test func aTextInAnotherEncodingHidesNoFolder() throws {
    let folder = try ScratchFolder()
    _ = try folder.file("LICENSE.txt", [0x41, 0xe9, 0x0a])
    _ = try folder.file("a.jsonl", "{\"x\": 1}\n")
    let description = try DataInspector.describe(folder.path)
    #expect(
      description["files"]?.arrayValue?.compactMap { $0["kind"]?.stringValue } == [
        "unknown", "jsonl",
      ])
    #expect(throws: CorpusError.self) { try DataInspector.describe(folder.path + "/LICENSE.txt") }
  }

  @Test func tokenShardsAreDescribedAndStreamed() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.tokens"
    let writer = try TokenShardWriter(path: path, vocabularySize: 50, hasMask: true)
    try writer.append(document: [3, 4], mask: [0, 1])
    try writer.append(document: [5], mask: [1])
    try writer.finish()
    #expect(try DataInspector.describe(path)["tokens"] == 3)
    #expect(try RecordStream(path: path).next() == ["tokens": [3, 4], "mask": [0, 1]])
    #expect(try column("tokens", path) == "[3,4]\n[5]\n")
    #expect(try column("mask", path) == "[0,1]\n[1]\n")
    #expect(throws: CorpusError.self) { try column("ids", path) }
  }

  @Test(arguments: [0, 0x0123_4567_89ab_cdef] as [UInt64])
  func tokenShardsTellTheirTokenizer(hash: UInt64) throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.tokens"
    let writer = try TokenShardWriter(
      path: path, vocabularySize: 50, hasMask: false, tokenizerHash: hash)
    try writer.append(document: [3])
    try writer.finish()
    let description = try DataInspector.describe(path)
    #expect(description["tokenizer_hash"] == (hash == 0 ? nil : "0123456789abcdef"))
    let text = DataInspector.text(description)
    #expect(
      text.hasSuffix(
        hash == 0
          ? "no loss mask\nof a tokenizer that the file does not name"
          : "no loss mask\nmade by the tokenizer with hash 0123456789abcdef"))
  }

  @Test func jsonLinesAreDescribedAndStreamed() throws {
    let folder = try ScratchFolder()
    let path = try folder.file("a.jsonl", "{\"a\": 1, \"b\": \"x\"}\n{\"b\": null}\n")
    let description = try DataInspector.describe(path)
    #expect(description["records"] == 2)
    #expect(description["fields"]?["b"] == ["a string": 1, "null": 1])
    #expect(try column("a", path) == "1\nnull\n")
    #expect(try column("b", path) == "\"x\"\nnull\n")
    #expect(
      try DataInspector.describe(sampleData + "/mc.jsonl")["conversations"] == "arc")
  }

  @Test(arguments: [998, 3000])
  func fieldsAreCountedThroughout(records: Int) throws {
    let folder = try ScratchFolder()
    let lines = (0..<records).map { "{\"text\": \"x\", \"z\": 1, \"key\($0)\": 1}\n" }
    let path = try folder.file("a.jsonl", lines.joined())
    let description = try DataInspector.describe(path)
    #expect(description["fields"]?["text"] == ["a string": .int(records)])
    #expect(description["fields"]?["z"] == ["an integer": .int(records)])
    #expect(description["fields"]?["key997"] == ["an integer": 1])
    #expect(description["fields"]?.objectValue?.count == 1000)
    let isMore = records > 998
    #expect(description["has_more_fields"] == (isMore ? true : nil))
    let text = DataInspector.text(description)
    #expect(text.hasSuffix("\n… and more fields, which are not counted") == isMore)
  }

  @Test func recordsComeOneByOneWithTheFieldsOfTheFile() throws {
    let records = try RecordStream(path: fixtures + "/gsm8k.parquet")
    #expect(records.fields == ["question", "answer"])
    #expect(try records.next()?["question"] == "Tom has 2 bags of 3 apples. How many?")
    #expect(try records.next() == nil)
    let roles = try RecordStream(path: fixtures + "/smoltalk.parquet", column: "messages.role")
    #expect(try roles.next() == ["system", "user", "assistant"])
  }

  @Test func dottedNamesReachIntoJSON() throws {
    let folder = try ScratchFolder()
    let path = try folder.file(
      "a.json", "{\"m\": [{\"r\": 1}, {}], \"x.y\": 2}\n{\"m\": {\"r\": 3}}\n{}\n")
    #expect(try column("m.r", path) == "[1,null]\n3\nnull\n")
    #expect(try column("x.y", path) == "2\nnull\nnull\n")
    #expect(throws: CorpusError.missingColumn(path: path, column: "z", available: ["m", "x.y"])) {
      try column("z", path)
    }
  }

  @Test func valuesBeforeAFaultAreHandedOn() throws {
    let folder = try ScratchFolder()
    let path = try folder.file("a.jsonl", "{\"a\": 1}\n{\"a\": [2]}\n{\"a\": }\n")
    for (column, expected) in [("a", "1\n[2]\n"), (nil, "{\"a\":1}\n{\"a\":[2]}\n")] {
      var output: [UInt8] = []
      let error = #expect(throws: CorpusError.self) {
        try DataInspector.writeRecords(of: path, column: column, atMost: .max) {
          output.append(contentsOf: $0)
        }
      }
      #expect(String(decoding: output, as: UTF8.self) == expected)
      #expect(error?.message.hasPrefix("\(path):3:7: ") == true)
    }
    // Pages after the broken one are not looked at, those before it are there.
    var bytes = try contents(of: sampleData + "/shard_00000.parquet")
    for offset in 0..<2000 { bytes[bytes.count / 2 + offset] = 0xff }
    let broken = try folder.file("a.parquet", bytes)
    var output: [UInt8] = []
    #expect(throws: CorpusError.self) {
      try DataInspector.writeColumn("text", of: broken) { output.append(contentsOf: $0) }
    }
    let rows = try ParquetRows(ParquetFile(path: broken), column: "text")
    var count = 0
    #expect(throws: CorpusError.self) { while try rows.next() != nil { count += 1 } }
    #expect(count > 100 && output.count { $0 == 0x0a } == count)
  }

  @Test func aFolderStandsForItsFiles() throws {
    let folder = try ScratchFolder()
    try folder.file("0/a.parquet", try contents(of: fixtures + "/gsm8k.parquet"))
    _ = try folder.file("1/b.jsonl", "1\n2\n")
    let description = try DataInspector.describe(folder.path)
    #expect(description["file_count"] == 2 && description["records"] == 3)
    #expect(description["files"]?.arrayValue?.map { $0["path"] } == ["0/a.parquet", "1/b.jsonl"])
    #expect(DataInspector.text(description).contains("0/a.parquet  parquet"))
    #expect(try DataInspector.files(at: folder.path).count == 2)
    #expect(try DataInspector.describe(folder.path + "/1")["kind"] == "jsonl")
  }

  @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedAndNotWaitedFor() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/pipe.jsonl"
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: CorpusError.notRegular(path: path)) { try DataInspector.describe(path) }
    #expect(throws: CorpusError.notRegular(path: path)) {
      try DocumentReader(paths: [path]).nextBatch()
    }
  }

  @Test func threadsKeepTheOrder() throws {
    let paths = (0..<4).map { "\(sampleData)/shard_0000\($0).parquet" }
    func texts(_ threads: Int) throws -> [String] {
      let reader = try DocumentReader(paths: paths, threads: threads)
      var texts: [String] = []
      while let batch = try reader.nextBatch() {
        for index in 0..<batch.count { texts.append(batch.string(index)) }
      }
      let end = try reader.nextBatch()
      #expect(end?.count == nil)
      return texts
    }
    let serial = try texts(1)
    #expect(try texts(3) == serial)
    // A reader that is left half-way stops its threads.
    let abandoned = try DocumentReader(paths: paths, threads: 4)
    _ = try abandoned.nextBatch()
  }

  @Test func threadsGiveTheErrorInItsPlace() throws {
    let folder = try ScratchFolder()
    var bytes = try contents(of: sampleData + "/shard_00000.parquet")
    for offset in 0..<2000 { bytes[bytes.count / 2 + offset] = 0xff }
    let path = try folder.file("a.parquet", bytes)
    var outcomes: [String] = []
    for threads in [1, 3] {
      let reader = try DocumentReader(paths: [path], threads: threads)
      var count = 0
      do throws(CorpusError) {
        while let batch = try reader.nextBatch() { count += batch.count }
      } catch {
        outcomes.append("\(count) \(error.message)")
      }
    }
    #expect(outcomes.count == 2 && outcomes[0] == outcomes[1])
  }

  private func column(_ name: String, _ path: String) throws -> String {
    var output: [UInt8] = []
    try DataInspector.writeColumn(name, of: path) { output.append(contentsOf: $0) }
    return String(decoding: output, as: UTF8.self)
  }
}
