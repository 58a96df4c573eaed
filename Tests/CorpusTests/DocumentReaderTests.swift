import Corpus
import JSON
import Testing

@Suite struct DocumentReaderTests {
  @Test func sampleShardGivesItsDocuments() throws {
    let reader = try DocumentReader(paths: [sampleData + "/shard_00000.parquet"])
    var count = 0
    while let batch = try reader.nextBatch() { count += batch.count }
    #expect(count == 1551)
  }

  @Test func foldersAreWalkedInOrderOfNames() throws {
    let folder = try ScratchFolder()
    _ = try folder.file("00001/b.txt", "third\n")
    _ = try folder.file("00000/z.txt", "second")
    _ = try folder.file("00000/a.jsonl", "{\"text\": \"first\"}\n")
    _ = try folder.file("00000/.hidden.txt", "never")
    #expect(try documents([folder.path]) == ["first", "second", "third"])
  }

  @Test func filesInFoldersAreRecognisedAsThoseGivenByName() throws {
    let folder = try ScratchFolder()
    try folder.file("part-0", contents(of: fixtures + "/gsm8k.parquet"))
    _ = try folder.file("part-1.json", "{\"question\": \"second\"}\n")
    #expect(
      try documents([folder.path], column: "question") == [
        "Tom has 2 bags of 3 apples. How many?", "second",
      ])
    // A name without a dot has no ending.
    let unknown = try folder.file("parquet", "notes")
    #expect(throws: CorpusError.unknownFileKind(path: unknown)) {
      try documents([folder.path], column: "question")
    }
    let files = try DataInspector.describe(folder.path)["files"]?.arrayValue ?? []
    #expect(files.map { $0["kind"]?.stringValue } == ["unknown", "parquet", "jsonl"])
  }

  @Test func jsonLinesTakeTheFieldOrAStringAndLeaveOutNulls() throws {
    let folder = try ScratchFolder()
    let path = try folder.file(
      "a.jsonl", "{\"body\": \"one\", \"n\": 1}\r\n\n\"two\"\n{\"body\": null}\n{\"body\": \"\"}")
    #expect(try documents([path], column: "body") == ["one", "two", ""])
  }

  @Test func faultsInJSONLinesNameLineAndColumn() throws {
    let folder = try ScratchFolder()
    let cases: [(String, String)] = [
      ("\"ok\"\n{\"text\": tru}\n", "a.jsonl:2:"),
      ("\"ok\"\n{\"body\": \"x\"}\n", "a.jsonl:2:1: the field `text` is missing"),
      ("[1]\n", "a.jsonl:1:1: expected an object with `text` or a string, found an array"),
      ("{\"text\": 3}", "a.jsonl:1:1: expected a string in `text`, found an integer"),
    ]
    for (text, message) in cases {
      let path = try folder.file("a.jsonl", text)
      let error = #expect(throws: CorpusError.self) { try documents([path]) }
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "nothing")")
    }
  }

  @Test func invalidUTF8InTextNamesItsPlace() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.txt"
    try folder.file("a.txt", Array("good\nab".utf8) + [0xff, 0x0a])
    #expect(
      throws: CorpusError.line(path: path, line: 2, column: 3, fault: .invalidUTF8)
    ) { try documents([path]) }
  }

  @Test func largeTextIsCutAtBlankLines() throws {
    let folder = try ScratchFolder()
    let passage = String(repeating: "word and another word\n", count: 1000) + "\n"
    let path = try folder.file("a.txt", String(repeating: passage, count: 120))
    let found = try documents([path])
    #expect(found.count == 3)
    #expect(found.allSatisfy { $0.hasSuffix("another word") && $0.utf8.count <= 1 << 20 })
    #expect(found.reduce(0) { $0 + $1.split(separator: "\n").count } == 120_000)
  }

  @Test func missingColumnsAndFilesAreNamed() throws {
    let shard = sampleData + "/shard_00004.parquet"
    #expect(
      throws: CorpusError.missingColumn(path: shard, column: "body", available: ["text"])
    ) { try documents([shard], column: "body") }
    let folder = try ScratchFolder()
    #expect(
      throws: CorpusError.nothingToRead(
        paths: [folder.path], accepted: [.parquet, .jsonLines, .text])
    ) { try documents([folder.path]) }
    #expect(throws: CorpusError.self) { try documents([folder.path + "/absent.parquet"]) }
    let unknown = try folder.file("a.xyz", "abc")
    #expect(throws: CorpusError.unknownFileKind(path: unknown)) { try documents([unknown]) }
  }

  @Test func aFileOfAnotherKindSaysWhichItIs() throws {
    let folder = try ScratchFolder()
    let words = try folder.file("words.txt", "apple\n")
    func message(_ body: () throws -> Void) -> String? {
      (#expect(throws: CorpusError.self) { try body() })?.message
    }
    #expect(
      message { _ = try ConversationReader(paths: [words]) }
        == "\(words): this is a text file, and a parquet or JSONL file is needed")
    #expect(
      message { _ = try ConversationReader(paths: [folder.path]) }
        == "no parquet or JSONL file in `\(folder.path)`")
    #expect(
      message { _ = try TokenDataset(paths: [words]) }
        == "\(words): this is a text file, and a token file is needed")
    let tokens = try folder.file("a.tokens", "")
    #expect(
      message { _ = try documents([tokens]) }
        == "\(tokens): this is a token file, and a parquet, JSONL or text file is needed")
  }

  private func documents(_ paths: [String], column: String = "text") throws -> [String] {
    let reader = try DocumentReader(paths: paths, column: column)
    var texts: [String] = []
    while let batch = try reader.nextBatch() {
      for index in 0..<batch.count { texts.append(batch.string(index)) }
    }
    return texts
  }
}
