import BuildEngine
import JSON
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `data.fetch` with `listing: true`.
@Suite struct FetchListingTests {
  private let lab: FetchLab

  init() throws { lab = try FetchLab() }

  private static func list(_ addresses: [String]) -> [UInt8] {
    JSONWriter.bytes(.array(addresses.map { .string($0) }))
  }

  @Test func aListingNamesTheFiles() throws {
    // As a hub does it: a JSON array of addresses, each of which redirects to where the file is.
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      switch request.path {
      case "/api/train":
        return .init(
          body: Array(
            "[\"\(base)/f/0.parquet\", \"\(base)/f/1.parquet?x=1\", \"\(base)/f/2.parquet#a.b\"]"
              .utf8))
      case "/api/test": return .init(body: Array("[\"\(base)/f/9.parquet\"]".utf8))
      case "/f/0.parquet": return .init(302, "").with("Location", "\(base)/storage/0")
      default:
        // A list that is cut short may not pass for a shorter one.
        return LoopbackServer.Reply.file(Array(request.path.utf8), for: request).delivered {
          if request.earlier == 0 { $0.dropAfter = 3 }
        }
      }
    }
    let listener = Listener()
    try lab.run(
      ["url": .string("\(server.url)/api/{shard}"), "listing": true],
      partitions: ["train", "test"], listener: listener)
    #expect(
      try lab.folder.list("out/train") == ["00000.parquet", "00001.parquet", "00002.parquet"])
    #expect(try lab.folder.readText("out/train/00000.parquet") == "/storage/0")
    #expect(try lab.folder.readText("out/train/00001.parquet") == "/f/1.parquet")
    #expect(try lab.folder.readText("out/test/00000.parquet") == "/f/9.parquet")
    #expect(listener.done == ["test", "train"])
  }

  @Test(arguments: [
    ("{\"a\": 1}", "the list of files is an object, not a list of addresses"),
    ("[]", "the list of files is empty"),
    ("[\"http://127.0.0.1:1/x\", 1]", "entry 2 of the list of files is an integer, not an address"),
    ("[\"http://127.0.0.1:1/x\"", "the list of files is no JSON"),
    ("<html>", "the list of files is no JSON"), ("[\"ftp://x/y\"]", "the list of files: "),
  ])
  func whatIsNoListingIsAnError(text: String, message: String) throws {
    let server = try LoopbackServer { _ in .init(body: Array(text.utf8)) }
    do {
      try lab.run(["url": .string("\(server.url)/api"), "listing": true])
      Issue.record("expected an error")
    } catch let error as StepFailure {
      #expect(error.message.hasPrefix(message), "\(error.message)")
    }
  }

  @Test func oneBadFileFailsItsListing() throws {
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return switch request.path {
      case "/a": .init(body: Array("[\"\(base)/x\", \"\(base)/gone\"]".utf8))
      case "/b": .init(body: Array("[\"\(base)/y\"]".utf8))
      case "/gone": .init(404, "")
      default: .init(body: [1])
      }
    }
    let (error, _) = try failureOfOne(server)
    #expect(error.message.contains("/gone answered 404"))
  }

  /// Fetches the lists `a` and `b`, of which the first must fail.
  private func failureOfOne(_ server: LoopbackServer) throws -> (StepFailure, Listener) {
    let listener = Listener()
    let error = #expect(throws: StepFailure.self) {
      try lab.run(
        ["url": .string("\(server.url)/{shard}"), "listing": true], partitions: ["a", "b"],
        listener: listener)
    }
    #expect(error?.failedPartitions == ["a"])
    #expect(listener.done == ["b"])
    return (try #require(error), listener)
  }

  // MARK: What a list may not do

  @Test func aListSendsCredentialsToNobodyElse() throws {
    let other = try LoopbackServer { .file(Array("theirs".utf8), for: $0) }
    let hub = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return switch request.path {
      case "/list":
        .init(body: Self.list(["\(base)/own", "\(other.url)/a", "\(other.otherURL)/b"]))
      default: .file(Array("own".utf8), for: request)
      }
    }
    try lab.run([
      "url": .string("\(hub.url)/list"), "listing": true, "token": "s3cret",
      "headers": ["X-Key": "also-secret"],
    ])
    #expect(try lab.folder.list("out") == ["00000", "00001", "00002"])
    #expect(hub.requests.count == 2)
    for request in hub.requests {
      #expect(request.headers["authorization"] == "Bearer s3cret")
      #expect(request.headers["x-key"] == "also-secret")
    }
    #expect(other.requests.count == 2)
    for request in other.requests {
      #expect(request.headers["authorization"] == nil)
      #expect(request.headers["x-key"] == nil)
    }
  }

  @Test func aLocalListSendsCredentialsToNobody() throws {
    let server = try LoopbackServer { .file(Array("theirs".utf8), for: $0) }
    try lab.folder.write("list.json", bytes: Self.list(["\(server.url)/a"]))
    try lab.run(["url": "list.json", "listing": true, "token": "s3cret"])
    #expect(try lab.folder.readText("out/00000") == "theirs")
    #expect(server.requests.map { $0.headers["authorization"] } == [nil])
  }

  @Test(arguments: ["file:///etc/hostname", "/etc/hostname", "pipeline.yaml"])
  func aListNamesNoFilesOfThisMachine(address: String) throws {
    try lab.folder.write("pipeline.yaml", "x")
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return request.path == "/list"
        ? .init(body: Self.list(["\(base)/x", address])) : .file([1], for: request)
    }
    let error = #expect(throws: StepFailure.self) {
      try lab.run(["url": .string("\(server.url)/list"), "listing": true])
    }
    #expect(error?.message.contains("`\(address)`, which is no web address") == true)
    // Nothing of such a list is fetched.
    #expect(server.requests.map(\.path) == ["/list"])
    // A list on this machine may not either: an edit of such a file would not be seen.
    try lab.folder.write("list.json", bytes: Self.list(["\(server.url)/x", address]))
    let local = #expect(throws: StepFailure.self) {
      try lab.run(["url": "list.json", "listing": true])
    }
    #expect(local?.message.contains("which is no web address") == true)
    #expect(local?.help?.contains("`partitions`") == true)
  }

  @Test func aListWithoutEndIsAnError() throws {
    let body = [UInt8](repeating: UInt8(ascii: " "), count: 64 << 20 | 1)
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: body).delivered {
        if request.path == "/chunked" { $0.framing = .chunked }
      }
    }
    for path in ["/length", "/chunked"] {
      let error = #expect(throws: StepFailure.self) {
        try lab.run(["url": .string(server.url + path), "listing": true])
      }
      #expect(
        error?.message == "\(server.url)\(path) has more than the 67108864 bytes it may have")
      #expect(server.requests(for: path).count == 1)
      #expect(try lab.folder.list("out") == [])
    }
  }

  // MARK: What earlier attempts left

  @Test func aListThatShrankLeavesNothingOfTheLongerOne() throws {
    for name in ["00000.txt", "00001.txt", "00000.parquet", "00001.txt.part", ".listing.part"] {
      try lab.folder.write("out/1/\(name)", "old")
    }
    try lab.folder.write("out/1/folder/file", "old")
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return request.path == "/1"
        ? .init(body: Self.list(["\(base)/x.txt"])) : .file(Array("new".utf8), for: request)
    }
    try lab.run(["url": .string("\(server.url)/{shard}"), "listing": true], partitions: ["1"])
    #expect(try lab.folder.list("out/1") == ["00000.txt"])
    #expect(try lab.folder.readText("out/1/00000.txt") == "new")
  }

  /// A list of twenty files, one of which is not there yet.
  @Test(arguments: [nil, ["a"]])
  func afterAFailureOnlyTheRestIsFetched(partitions: [String]?) throws {
    let isMended = Mutex(false)
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      if request.path == "/list" {
        return .init(body: Self.list((0..<20).map { "\(base)/f/\($0).txt" }))
      }
      if request.path == "/f/7.txt", !isMended.withLock({ $0 }) { return .init(404, "") }
      return .file(Array(request.path.utf8), for: request)
    }
    let url = server.url + (partitions == nil ? "/list" : "/list?{shard}")
    let parameters: [String: JSONValue] = ["url": .string(url), "listing": true]
    let output = "out" + (partitions.map { "/\($0[0])" } ?? "")
    #expect(throws: StepFailure.self) { try lab.run(parameters, partitions: partitions) }
    #expect(try lab.folder.list(output).count == 20)
    server.forgetRequests()
    isMended.withLock { $0 = true }
    let listener = Listener()
    try lab.run(parameters, partitions: partitions, listener: listener)
    #expect(server.requests.map(\.path) == ["/list", "/f/7.txt"])
    let names = (0..<20).map { $0 < 10 ? "0000\($0).txt" : "000\($0).txt" }
    #expect(try lab.folder.list(output) == names)
    for number in 0..<20 {
      #expect(try lab.folder.readText("\(output)/\(names[number])") == "/f/\(number).txt")
    }
    // Of the others the engine learns the content by reading.
    #expect(listener.heard.withLock { $0.written[partitions?[0] ?? ""]?.files.count } == 1)
  }

  @Test func aForcedListingIsFetchedAnew() throws {
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return switch request.path {
      case "/list": .init(body: Self.list(["\(base)/a", "\(base)/gone"]))
      case "/a": .file([UInt8(request.earlier)], for: request)
      default: request.earlier == 0 ? .init(404, "") : .file([7], for: request)
      }
    }
    let parameters: [String: JSONValue] = ["url": .string("\(server.url)/list"), "listing": true]
    #expect(throws: StepFailure.self) { try lab.run(parameters) }
    #expect(try lab.folder.read("out/00000") == [0])
    try lab.run(parameters, isForced: true)
    #expect(try lab.folder.read("out/00000") == [1])
    #expect(try lab.folder.list("out") == ["00000", "00001"])
  }

  @Test func aForcedListingThatFailsLeavesNothingOfAnOlderRun() throws {
    let server = try LoopbackServer { _ in .init(404, "") }
    for name in ["00000", "00001"] {
      try lab.folder.write("out/\(name)", "old")
      chmod(lab.folder.file("out/\(name)"), 0o444)
    }
    #expect(throws: StepFailure.self) {
      try lab.run(["url": .string("\(server.url)/list"), "listing": true], isForced: true)
    }
    #expect(try lab.folder.list("out").isEmpty)
  }

  @Test func whatAKillLeftIsUsedWhereNumberAndAddressAreTheSame() throws {
    let bytes = NumberedBytes.make(5000)
    let tag = "\"v\""
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      if request.path == "/list" {
        return .init(body: Self.list(["a", "b", "c", "d", "e"].map { "\(base)/\($0)" }))
      }
      return .file(bytes, for: request, entityTag: tag)
    }
    func leave(_ name: String, _ content: [UInt8], isFinished: Bool) throws {
      try lab.folder.write("out/\(name)", bytes: content)
      if isFinished { chmod(lab.folder.file("out/\(name)"), 0o444) }
    }
    // Finished; half there, with and without its memo; finished under an address of before; and, just
    // begun, the memos that a kill may leave.
    let old = ["a", "b", "c", "of before", "e"].map { "\(server.url)/\($0)" }
    try lab.folder.write("out/.listing", bytes: Self.list(old))
    try leave("00000", bytes, isFinished: true)
    let memo = Array("{\"url\": \"\(old[1])\", \"entity_tag\": \"\\\"v\\\"\"}".utf8)
    try leave("00001", Array(bytes[..<2000]), isFinished: false)
    try leave("00001.part.json", memo, isFinished: false)
    try leave("00002", Array(bytes[..<2000]), isFinished: false)
    try leave("00002.part.json.new", memo, isFinished: false)
    try leave("00003", [1, 2, 3], isFinished: true)
    try leave("00003.part.json", memo, isFinished: false)
    try leave("00004.part.json", memo, isFinished: false)
    try leave("00009", bytes, isFinished: true)
    try leave(".listing.new", Self.list(["x"]), isFinished: true)
    try leave(".listing.new.part.json", memo, isFinished: false)
    try lab.run(["url": .string("\(server.url)/list"), "listing": true])
    #expect(
      server.requests.map { "\($0.path) \($0.rangeStart ?? 0)" }.sorted() == [
        "/b 2000", "/c 0", "/d 0", "/e 0", "/list 0",
      ])
    #expect(try lab.folder.list("out") == (0..<5).map { "0000\($0)" })
    for number in 0..<5 { #expect(try lab.folder.read("out/0000\(number)") == bytes) }
  }

  @Test(arguments: ["", "[", "[1, 2]", "{}"])
  func withoutTheListOfBeforeNothingIsTrusted(old: String) throws {
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return request.path == "/list"
        ? .init(body: Self.list(["\(base)/x"])) : .file(Array("new".utf8), for: request)
    }
    if !old.isEmpty { try lab.folder.write("out/.listing", old) }
    try lab.folder.write("out/00000", "old")
    chmod(lab.folder.file("out/00000"), 0o444)
    try lab.run(["url": .string("\(server.url)/list"), "listing": true])
    #expect(try lab.folder.list("out") == ["00000"])
    #expect(try lab.folder.readText("out/00000") == "new")
  }

  @Test func partitionsShareTheLimitOnSizes() throws {
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return request.path.hasPrefix("/list")
        ? .init(body: Self.list((0..<3).map { "\(base)/\($0)" }))
        : .file([UInt8](repeating: 7, count: 1000), for: request)
    }
    let listener = Listener()
    let error = #expect(throws: StepFailure.self) {
      try lab.run(
        ["url": .string("\(server.url)/list{shard}"), "listing": true, "max_total_size": 5500],
        partitions: ["a", "b"], listener: listener)
    }
    #expect(listener.done == ["a"] && error?.failedPartitions == ["b"])
    #expect(error?.message.contains("past `max_total_size` of 5500 bytes") == true)
    let lists = Self.list((0..<3).map { "\(server.url)/\($0)" }).count * 2
    #expect(
      listener.heard.withLock { $0.measurements } == ["bytes_received": .int(5000 + lists)])
  }

  @Test func aBadListFailsItsPartitionOnly() throws {
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      return switch request.path {
      case "/a": .init(body: Array("<html>".utf8))
      case "/b": .init(body: Self.list(["\(base)/y"]))
      default: .init(body: [1])
      }
    }
    let (_, listener) = try failureOfOne(server)
    #expect(listener.failed["a"]?.contains("the list of files is no JSON") == true)
  }
}
