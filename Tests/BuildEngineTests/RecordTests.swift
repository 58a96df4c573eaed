import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is left of results without the index.
@Suite struct RecordTests {
  let lab: EngineLab
  let log: RecordLog

  init() throws {
    lab = try EngineLab()
    log = RecordLog(path: lab.root + "/records.jsonl")
  }

  func line(_ number: Int, key: Int? = nil) -> RecordLog.Line {
    RecordLog.Line(
      digest: Digest(of: "result \(number)"), key: Digest(of: "key \(key ?? number)"),
      step: "a \"step\"", createdAt: Double(number) + 0.25, metrics: ["n": .int(number)])
  }

  private func addBytes(_ bytes: [UInt8]) {
    let file = open(log.path, O_WRONLY | O_APPEND)
    #expect(write(file, bytes, bytes.count) == bytes.count)
    close(file)
  }

  @Test func linesComeBackInTheirOrder() throws {
    #expect(try log.lines().isEmpty)
    try log.append([line(1), line(2)], durable: false)
    try log.append([], durable: true)
    try log.append([line(3)], durable: true)
    #expect(try log.lines() == [line(1), line(2), line(3)])
  }

  @Test func everyTornEndLosesItsOwnLineOnly() throws {
    try log.append([line(1), line(2)], durable: false)
    let whole = try Disk.read(log.path)
    let first = try #require(whole.dropFirst().firstIndex(of: UInt8(ascii: "\n"))) + 1
    for length in 0...whole.count {
      try Disk.writeWhole(Array(whole[..<length]), to: log.path)
      try log.append([line(3)], durable: false)
      // A line that lacks its line end only is whole.
      let before =
        length >= whole.count - 1 ? [line(1), line(2)] : length >= first - 1 ? [line(1)] : []
      #expect(try log.lines() == before + [line(3)], "cut at \(length)")
    }
  }

  @Test func everyFlippedByteLosesItsOwnLineOnly() throws {
    try log.append([line(1), line(2), line(3)], durable: false)
    let whole = try Disk.read(log.path)
    for place in whole.indices where whole[place] != UInt8(ascii: "\n") {
      var bytes = whole
      bytes[place] ^= 1
      try Disk.writeWhole(bytes, to: log.path)
      let found = try log.lines()
      // Of a digit that became a letter of the other case the meaning is the same.
      #expect(found.count == 2 || found == [line(1), line(2), line(3)], "\(place)")
      #expect(found.allSatisfy { [line(1), line(2), line(3)].contains($0) })
    }
  }

  @Test func severalWritersDoNotMixTheirLines() throws {
    let log = log
    let lines = (0..<400).map { line($0) }
    let writers = (0..<4).map { writer in
      Background {
        for start in stride(from: writer * 100, to: writer * 100 + 100, by: 5) {
          do { try log.append(Array(lines[start..<start + 5]), durable: false) } catch {
            Issue.record(error)
          }
        }
      }
    }
    for writer in writers { writer.wait() }
    #expect(try Set(log.lines()) == Set(lines))
  }

  @Test func tidyingKeepsTheNewestOfWhatIsNeeded() throws {
    try log.append([line(1), line(2), line(1), line(2, key: 7)], durable: false)
    addBytes(Array("garbage\n".utf8))
    let needed = line(2).digest
    try log.compact { $0 == needed }
    #expect(try log.lines() == [line(2), line(2, key: 7)])
    #expect(try Disk.read(log.path).split(separator: UInt8(ascii: "\n")).count == 2)
  }

  // MARK: Through the engine

  let assets = [join("a", [:], ["text": "hello"]), join("b", ["in": .asset("a")])]

  private func loseTheIndex() throws {
    for suffix in ["", "-wal", "-shm"] { try Disk.removeFile(lab.layout.database + suffix) }
  }

  @Test func aLostIndexIsRebuiltFromTheRecords() throws {
    try lab.run(assets)
    try loseTheIndex()
    #expect(try lab.run(assets).executed.isEmpty)
    #expect(try lab.engine(assets).verifyCache().isEmpty)
  }

  @Test func recordsOfEarlierVersionsAreRead() throws {
    try lab.run(assets)
    for line in try RecordLog(path: lab.layout.records).lines() {
      let json: JSONValue = [
        "format": 1, "digest": .string(line.digest.description), "step": .string(line.step),
        "created": .double(line.createdAt), "metrics": [:],
        "keys": [.string(line.key.description)], "files": [],
      ]
      try Disk.writeWhole(JSONWriter.bytes(json), to: lab.layout.oldRecord(line.digest))
    }
    try Disk.removeFile(lab.layout.records)
    try loseTheIndex()
    #expect(try lab.run(assets).executed.isEmpty)
    // They go with their results.
    let changed = [join("a", [:], ["text": "other"])]
    try lab.run(changed)
    try Disk.removeFile(lab.layout.current + "/quick/b")
    #expect(try lab.engine(changed).collectGarbage(CollectionRule(keepRuns: 0)).results.count == 2)
    #expect(try !Disk.names(in: lab.layout.results).contains { $0.hasSuffix(".json") })
    #expect(try RecordLog(path: lab.layout.records).lines().count == 1)
  }

  @Test func aKeyThatGaveSeveralResultsMeansTheLast() throws {
    lab.toys.define("random") { context in
      try Toys.put("\(UInt64.random(in: .min ... .max))", context)
    }
    let node = AssetNode(name: "a", step: "random")
    var last = ""
    for _ in 0..<6 {
      var options = RunOptions()
      options.force = ["a"]
      try lab.run([node], options)
      last = try lab.text("a")
    }
    try loseTheIndex()
    try Disk.removeTree(lab.layout.current)
    #expect(try lab.run([node]).executed.isEmpty)
    #expect(try lab.text("a") == last)
  }
}
