import BuildEngine
import JSON
import PipelineFile
import Steps
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct FetchStepTests {
  private let lab: FetchLab
  private var folder: TemporaryFolder { lab.folder }

  init() throws { lab = try FetchLab() }

  private func run(
    _ parameters: [String: JSONValue], partitions: [String]? = nil, listener: Listener = Listener()
  ) throws { try lab.run(parameters, partitions: partitions, listener: listener) }

  @Test func localShardsAreCopied() throws {
    try folder.write("data/shard_00.txt", "zero")
    try folder.write("data/shard_01.txt", "one")
    let listener = Listener()
    try run(["url": "data/shard_{shard}.txt"], partitions: ["00", "01"], listener: listener)
    #expect(try folder.readText("out/00/shard_00.txt") == "zero")
    #expect(try folder.readText("out/01/shard_01.txt") == "one")
    #expect(listener.done == ["00", "01"])
    #expect(listener.heard.withLock { $0.progress }?.completed == 2)
  }

  @Test func anAssetWithoutPartitionsIsOneFile() throws {
    let server = try LoopbackServer { .file(Array("words".utf8), for: $0) }
    try run(["url": .string("\(server.url)/list?x=1"), "filename": "words.txt"])
    #expect(try folder.readText("out/words.txt") == "words")
    #expect(try folder.list("out") == ["words.txt"])
  }

  @Test(arguments: [nil, ["0", "1", "2"]])
  func whatWasHashedOnItsWayIsStatedAsItIsOnDisk(partitions: [String]?) throws {
    let server = try LoopbackServer { .file(Array("words of \($0.path)".utf8), for: $0) }
    let listener = Listener()
    let url = server.url + (partitions == nil ? "/x" : "/{shard}")
    try run(
      ["url": .string(url), "filename": "words.txt"], partitions: partitions, listener: listener)
    let written = listener.heard.withLock { $0.written }
    #expect(Set(written.keys) == Set(partitions ?? [""]))
    for (partition, output) in written {
      let path = folder.file(partition.isEmpty ? "out/words.txt" : "out/\(partition)/words.txt")
      let status = try #require(Disk.status(path))
      #expect(status.permissions == 0o444)
      let digest = try FileHasher.digests(of: [path], width: 1)[0]
      let file = WrittenFile(path: "words.txt", digest: digest, stamp: status.stamp)
      #expect(output == WrittenOutput([file], isWhole: true))
    }
  }

  @Test func whatIsForcedIsAskedForAgain() throws {
    let server = try LoopbackServer { .file(Array("new".utf8), for: $0) }
    for isForced in [false, true] {
      try folder.write("out/0/0", "old")
      chmod(folder.file("out/0/0"), 0o444)
      try lab.run(
        ["url": .string("\(server.url)/{shard}")], partitions: ["0"], isForced: isForced)
      #expect(try folder.readText("out/0/0") == (isForced ? "new" : "old"))
      unlink(folder.file("out/0/0"))
    }
  }

  @Test func aFolderThatWasThereIsTidiedAndListedByTheEngine() throws {
    let server = try LoopbackServer { .file([1], for: $0) }
    for name in ["0.part", "0.part.json", "other/x"] { try folder.write("out/0/\(name)", "old") }
    let listener = Listener()
    try run(["url": .string("\(server.url)/{shard}")], partitions: ["0", "1"], listener: listener)
    #expect(try folder.list("out/0") == ["0"])
    let written = listener.heard.withLock { $0.written }
    #expect(written["0"]?.isWhole == false && written["0"]?.files.count == 1)
    #expect(written["1"]?.isWhole == true)
  }

  /// What a kill can leave: before the memo got its name, with the power gone before the file had its,
  /// between a finished file's mode and the end of its memo, and between both.
  enum Leftover: CaseIterable { case newMemo, memoAlone, finishedWithMemo, partWithBoth }

  @Test(arguments: [nil, ["1"]], Leftover.allCases)
  func noLeftoverOfAKillIsPublished(partitions: [String]?, leftover: Leftover) throws {
    let bytes = NumberedBytes.make(5000)
    let server = try LoopbackServer { .file(bytes, for: $0, entityTag: "\"v\"") }
    let address = server.url + (partitions == nil ? "/f" : "/{shard}")
    let name = partitions == nil ? "f" : "1"
    let output = partitions == nil ? "out" : "out/1"
    let memo = "{\"url\": \"\(server.url)/\(name)\", \"entity_tag\": \"\\\"v\\\"\"}"
    let path = "\(output)/\(name)"
    if leftover != .newMemo { try folder.write("\(path).part.json", memo) }
    if leftover == .newMemo || leftover == .partWithBoth {
      try folder.write("\(path).part.json.new", String(memo.prefix(9)))
    }
    switch leftover {
    case .newMemo, .memoAlone: break
    case .partWithBoth: try folder.write(path, bytes: Array(bytes[..<2000]))
    case .finishedWithMemo:
      try folder.write(path, bytes: bytes)
      try Disk.setPermissions(folder.file(path), 0o444)
    }
    try run(["url": .string(address)], partitions: partitions)
    #expect(try folder.list(output) == [name])
    #expect(try folder.read(path) == bytes)
    let starts = server.requests.map { $0.rangeStart ?? 0 }
    #expect(
      starts == (leftover == .finishedWithMemo ? [] : leftover == .partWithBoth ? [2000] : [0]))
  }

  @Test func aCopyInTheKernelIsLeftToTheEngineToRead() throws {
    try folder.write("data.txt", "zero")
    let listener = Listener()
    try run(["url": "data.txt"], listener: listener)
    #expect(listener.heard.withLock { $0.written } == ["": []])
  }

  @Test func failedPartitionsAreNamedAndTheOthersKept() throws {
    let server = try LoopbackServer {
      $0.path == "/2" ? .init(404, "no such shard") : .file([1], for: $0)
    }
    let listener = Listener()
    let error = #expect(throws: StepFailure.self) {
      try run(
        ["url": .string("\(server.url)/{shard}")], partitions: ["1", "2", "3"], listener: listener)
    }
    #expect(error?.failedPartitions == ["2"])
    #expect(error?.message.contains("1 of 3 partitions failed: 2; ") == true)
    #expect(listener.done == ["1", "3"])
    #expect(listener.failed == ["2": "\(server.url)/2 answered 404 Not Found: no such shard"])
    #expect(folder.exists("out/3/3"))
  }

  @Test func hashesAreGivenForEachPartition() throws {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let server = try LoopbackServer { _ in .init(body: Array("abc".utf8)) }
    let error = #expect(throws: StepFailure.self) {
      try run(
        [
          "url": .string("\(server.url)/{shard}"),
          "sha256": [
            "a": .string(abc), "b": .string("sha256:" + String(repeating: "0", count: 64)),
          ],
        ], partitions: ["a", "b"])
    }
    #expect(error?.failedPartitions == ["b"])
    #expect(!folder.exists("out/b/b"))
  }

  @Test(arguments: [nil, ["1", "2"]])
  func aWaitIsTold(partitions: [String]?) throws {
    let server = try LoopbackServer {
      $0.earlier == 0
        ? .init(503, "busy").with("Retry-After", "1") : .file(Array("x".utf8), for: $0)
    }
    let listener = Listener()
    let url = server.url + (partitions == nil ? "/f" : "/{shard}")
    try run(["url": .string(url)], partitions: partitions, listener: listener)
    let heard = listener.heard.withLock { $0 }
    let told = (partitions ?? ["f"]).map { name in
      (partitions == nil ? "" : "\(name): ")
        + "\(server.url)/\(name) answered 503 Service Unavailable: busy; next try in 1 s (1 of 5)"
    }
    #expect(heard.lines.sorted() == told)
    let detail =
      partitions == nil
      ? "503, next try in 1 s (1 of 5)" : "0 B · 503, next try in 1 s (1 of 5) · 2 to try again"
    #expect(heard.details.contains(detail), "\(heard.details)")
  }

  @Test func whatCameCountsWhetherItWasOfUseOrNot() throws {
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: [UInt8](repeating: 7, count: 1000)).delivered {
        if request.path == "/bad" || request.earlier == 0 { $0.dropAfter = 600 }
      }
    }
    let listener = Listener()
    let error = #expect(throws: StepFailure.self) {
      try run(
        ["url": .string("\(server.url)/{shard}"), "retries": 2], partitions: ["bad", "good"],
        listener: listener)
    }
    #expect(error?.failedPartitions == ["bad"])
    #expect(
      listener.heard.withLock { $0.measurements } == ["bytes_received": .int(4 * 600 + 1000)])
  }

  @Test func mirrorsReplaceTheHostOrTheWholeAddress() throws {
    let main = try LoopbackServer { _ in .init(404, "") }
    let mirror = try LoopbackServer {
      $0.path.hasSuffix("/1") ? .init(404, "") : .init(body: Array($0.path.utf8))
    }
    try run(
      [
        "url": .string("\(main.url)/set/{shard}"),
        "mirrors": [.string("\(mirror.url)/copy/"), .string("\(mirror.url)/{shard}.x")],
      ], partitions: ["1", "2"])
    #expect(try folder.readText("out/1/1") == "/1.x")
    #expect(try folder.readText("out/2/2") == "/copy/set/2")
  }

  @Test func anInterruptionKeepsWhatIsDone() throws {
    let server = try LoopbackServer { request in
      LoopbackServer.Reply.file([1], for: request).delivered { $0.delay = 0.01 }
    }
    let listener = Listener(cancelsAfter: 5)
    #expect(throws: StepInterrupted.self) {
      try run(
        ["url": .string("\(server.url)/{shard}"), "parallel": 2],
        partitions: (0..<100).map { "\($0)" }, listener: listener)
    }
    #expect((5..<20).contains(listener.done.count))
  }

  @Test(
    arguments: [
      (["url": "http://h/{shard}.x", "sha256": "12"], "64 hexadecimal digits"),
      (["url": "http://h/{chard}.x"], "`{chard}`"), (["url": "http://h/{shard"], "without `}`"),
      (["url": "http://h/x"], "every partition would be the same file"),
      (["url": "ftp://h/{shard}"], "`ftp`"), (["url": "http://h/{shard}/"], "give `filename`"),
      (["url": "http://h/{shard}", "filename": "../x"], "`filename`"),
      (["url": "http://h/{shard}", "token": "a\nb"], "`token`"),
      (["url": "http://h/{shard}", "headers": ["A B": "c"]], "`headers`"), ([:], "`url`"),
    ] as [([String: JSONValue], String)])
  func whatMakesNoSenseIsToldBeforeAnythingRuns(
    parameters: [String: JSONValue], message: String
  ) throws {
    let error = #expect(throws: StepFailure.self) { try run(parameters, partitions: ["1", "2"]) }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  // MARK: Partition values

  private static let oddValues = ["x#y", "x?y", "x y", "x%41y", "é", "a+b=c&d"]

  @Test func aPartitionsValueMeansItselfInAnAddress() throws {
    let server = try LoopbackServer { .file(Array($0.target.utf8), for: $0) }
    try run(["url": .string("\(server.url)/ok/{shard}")], partitions: Self.oddValues)
    let inPath = ["x%23y", "x%3Fy", "x%20y", "x%2541y", "%C3%A9", "a+b=c&d"]
    let inQuery = ["x%23y", "x%3Fy", "x%20y", "x%2541y", "%C3%A9", "a%2Bb%3Dc%26d"]
    for (value, written) in zip(Self.oddValues, inPath) {
      #expect(try folder.readText("out/\(value)/\(value)") == "/ok/\(written)")
    }
    try run(
      ["url": .string("\(server.url)/ok?n={shard}"), "filename": "{shard}.txt"],
      partitions: Self.oddValues)
    for (value, written) in zip(Self.oddValues, inQuery) {
      #expect(try folder.readText("out/\(value)/\(value).txt") == "/ok?n=\(written)")
    }
    // In an address that takes the first one's place, too.
    try run(
      ["url": "gone/{shard}", "mirrors": [.string("\(server.url)/{shard}")]], partitions: ["x#y"])
    #expect(try folder.readText("out/x#y/x#y") == "/x%23y")
  }

  @Test(arguments: ["data/{shard}", "file://ROOT/data/{shard}", "file://ROOT/d%61ta/{shard}"])
  func aLocalFileIsTheOneThatCounts(url: String) throws {
    for value in Self.oddValues { try folder.write("data/\(value)", "of \(value)") }
    try folder.write("data/xAy", "another")
    let address = url.replacing("ROOT", with: folder.path)
    try run(["url": .string(address)], partitions: Self.oddValues)
    let source = FetchStep.localSourceTemplates(parameters: ["url": .string(address)])[0]
    for value in Self.oddValues {
      #expect(try folder.readText("out/\(value)/\(value)") == "of \(value)")
      let counted = source.replacing("{shard}", with: value)
      #expect(counted.hasSuffix("data/\(value)"))
    }
  }

  private static func faults(
    _ parameters: [String: JSONValue], _ partitions: [String]
  ) -> [StepDeclaration.Fault] {
    FetchStep.schema.faults(
      StepDeclaration(parameters: parameters, partitionKey: "shard", partitions: partitions))
  }

  @Test func everyPartitionIsLookedAtBeforeARun() {
    let long = String(repeating: "x", count: 236)
    #expect(Self.faults(["url": "http://h/{shard}"], ["a"] + Self.oddValues) == [])
    #expect(
      Self.faults(["url": "http://{shard}/x"], ["a", "b", "a b", "c d"]) == [
        .init(
          ["url"],
          "can't use the URL `http://a%20b/x`: its host contains a percent sign (partition `a b`)")
      ])
    #expect(
      Self.faults(["url": "http://h/{shard}.parquet"], ["a", "b", long]) == [
        .init(
          ["url"], "the address ends in no file name (partition `\(long)`)",
          help: "give `filename`")
      ])
    #expect(
      Self.faults(
        ["url": "http://h/{shard}", "filename": "{shard}.parquet", "mirrors": ["http://{shard}/"]],
        ["a", "b c", long]
      ).map(\.path) == [["filename"], ["mirrors", "0"]])
  }

  @Test func whatCannotWorkIsToldBeforeARun() {
    func paths(_ parameters: [String: JSONValue]) -> [[String]] {
      Self.faults(parameters, ["a", "b"]).map(\.path)
    }
    let url: JSONValue = "http://h/{shard}"
    #expect(
      paths(["url": url, "mirrors": ["http://m/", "http://m/x#{shard}"]]) == [["mirrors", "1"]])
    #expect(paths(["url": "in/{shard}[1].txt"]) == [])
    #expect(paths(["url": "http://h/f#{shard}", "filename": "f"]) == [["url"]])
    #expect(paths(["url": "in/f#{shard}"]) == [])
    #expect(paths(["url": url, "token": "a\nb"]) == [["token"]])
    #expect(
      paths(["url": url, "headers": ["a b": "x", "Good": "x", "Bad": "x\ny"]])
        == [["headers", "Bad"], ["headers", "a b"]])
    #expect(paths(["url": url, "listing": true, "filename": "f"]) == [["filename"]])
    let single = FetchStep.schema.faults(
      StepDeclaration(parameters: ["url": "http://h/x", "sha256": [:]]))
    #expect(single.map(\.path) == [["sha256"]])
  }

  @Test func aPartitionThatWouldNotBeVerifiedIsToldBeforeARun() throws {
    let digest = JSONValue.string(String(repeating: "0", count: 64))
    let url = JSONValue.string("http://h/{shard}")
    // An entry too many may be for another profile.
    let hashes: JSONValue = ["a": digest, "b": digest, "z": digest]
    #expect(Self.faults(["url": url, "sha256": hashes], ["a", "b"]) == [])
    #expect(
      Self.faults(["url": url, "sha256": hashes], ["c", "a", "b", "d"]) == [
        .init(
          ["sha256"], "`sha256` has no entry for 2 of 4 partitions: `c`, `d`",
          help: "they would not be verified; give one for each partition")
      ])
    #expect(
      Self.faults(["url": url, "size": ["a": 1]], ["a", "b", "c", "d", "e"]).map(\.message)
        == ["`size` has no entry for 4 of 5 partitions: `b`, `c`, `d` and 1 more"])
    #expect(Self.faults(["url": url, "approximate_size": ["a": 1]], ["a", "b"]) == [])
    let error = #expect(throws: StepFailure.self) {
      try run(["url": url, "size": ["a": 1]], partitions: ["a", "b"])
    }
    #expect(error?.message == "`size` has no entry for the partition `b`")
  }

  @Test func localSourcesAreNamedForTheKey() {
    func sources(_ url: String) -> [String] {
      FetchStep.localSourceTemplates(parameters: ["url": .string(url)])
    }
    #expect(sources("data/shard_{shard}.parquet") == ["data/shard_{shard}.parquet"])
    #expect(sources("file:///a%20b/{shard}") == ["/a b/{shard}"])
    #expect(sources("https://hub.org/{shard}") == [])
    #expect(sources("ftp://hub.org/{shard}") == [])
  }

  @Test func whereAFileComesFromCountsAndHowItIsFetchedDoesNot() {
    let affecting = FetchStep.schema.parameters.filter(\.affectsResult).map(\.name)
    #expect(affecting == ["url", "listing", "filename", "sha256", "size", "lfs_pointer"])
    #expect(FetchStep.schema.partitionParameters == ["sha256", "size"])
    #expect(FetchStep.schema.parameters.filter(\.isSecret).map(\.name) == ["token", "headers"])
  }
}
