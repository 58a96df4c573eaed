import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// A pretraining set's worth of shards over a network that fails, through the real program.
@Suite(.serialized) struct FetchStories {
  private static let count = FaultyShards.count
  private static let names = (0..<count).map { number in
    String(repeating: "0", count: 5 - "\(number)".count) + "\(number)"
  }

  /// `/text/00012` and so on; paths inside the set are numbers as `FaultyShards` names them.
  private func server(
    _ other: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Reply? = { _ in nil }
  ) throws -> LoopbackServer {
    try FaultyShards.server(answering: other)
  }

  private func project(_ url: String) throws -> TestProject {
    // A length that is too small is found by nothing but a known size.
    let sizes = Self.names.indices.map { "\"\($0)\": \(FaultyShards.content("/\($0)").count)" }
    return try TestProject(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          partitions: {shard: 0..\(Self.count - 1)}
          with:
            url: "\(url)/{shard}"
            parallel: 16
            retry_delay: 5ms
            low_speed_timeout: 1s
            size: {\(sizes.joined(separator: ", "))}
        count:
          step: shell
          inputs: {text: text}
          with: {command: "ls $NB_INPUT_text | wc -l > text"}
      """)
  }

  private func expectAll(_ project: TestProject, but missing: Set<Int> = []) throws {
    for number in 0..<Self.count where !missing.contains(number) {
      let found = try project.bytes("cache/current/default/text/\(number)/\(number)")
      if found != FaultyShards.content("/\(number)") {
        Issue.record("\(number) differs (\(String(describing: FaultyShards.fault("/\(number)"))))")
      }
    }
  }

  @Test func aKilledDownloadGoesOnWhereItWas() throws {
    let server = try self.server()
    let project = try self.project(server.url)
    let first = try project.start("run")
    try eventually("half of the shards are asked for", seconds: 60) {
      server.requests.count >= Self.count / 2
    }
    first.signal(SIGKILL)
    #expect(try first.wait().status == 128 + SIGKILL)
    let arrived = try Set(published(project) + finishedInStaging(project)).count
    #expect(arrived > 0)
    let before = Set(server.requests.map(\.path))
    server.forgetRequests()

    let end = try project.run("run", seconds: 120)
    #expect(end.status == 0, "\(end.error.suffix(3000))")
    try expectAll(project)
    #expect(try project.result("count") == "\(Self.count)\n")
    let after = Set(server.requests.map(\.path))
    #expect(before.union(after).count == Self.count)
    // Asked for again is what was on its way: what had arrived is used, known to the index or not.
    #expect(after.count <= Self.count - arrived)

    server.forgetRequests()
    #expect(try project.run("run").status == 0)
    #expect(try project.run("status", "--check").status == 0)
    #expect(server.requests.isEmpty)
  }

  /// Shards whose result is in place, and so on record, whether or not the index knew it.
  private func published(_ project: TestProject) throws -> [Int] {
    try project.list("cache/results").flatMap { try project.list("cache/results/\($0)") }
      .compactMap { Int($0) }
  }

  /// Shards that were finished already when the program died.
  private func finishedInStaging(_ project: TestProject) throws -> [Int] {
    try project.list("cache/staging").filter { $0.hasSuffix(".out") }.flatMap { name in
      try project.list("cache/staging/\(name)")
        .filter { project.isReadOnly("cache/staging/\(name)/\($0)") }.compactMap { Int($0) }
    }
  }

  @Test func aKilledListingGoesOnWhereItWas() throws {
    let large = NumberedBytes.make(3 << 20)
    let isMended = Mutex(false)
    let server = try LoopbackServer { request in
      let base = "http://\(request.headers["host"] ?? "")"
      switch request.path {
      case "/list":
        return .init(
          body: JSONWriter.bytes(.array((0..<20).map { .string("\(base)/\($0).bin") })))
      case "/19.bin":
        let reply = LoopbackServer.Reply.file(large, for: request, entityTag: "\"v\"")
        return isMended.withLock { $0 } ? reply : reply.delivered { $0.stallAfter = 2_000_000 }
      default: return .file(Array(request.path.utf8), for: request)
      }
    }
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          with: {url: "\(server.url)/list", listing: true}
      """)
    let first = try project.start("run")
    let staging = { try project.list("cache/staging").first { $0.hasSuffix(".out") } }
    try eventually("all but the last file are there") {
      guard let folder = try? staging() else { return false }
      let path = "cache/staging/\(folder)"
      let names = try project.list(path)
      return try names.count { project.isReadOnly("\(path)/\($0)") && $0.hasSuffix(".bin") } == 19
        && names.contains("00019.bin.part.json")
        && project.bytes("\(path)/00019.bin").count == 2_000_000
    }
    first.signal(SIGKILL)
    _ = try first.wait()
    server.forgetRequests()
    isMended.withLock { $0 = true }
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    #expect(server.requests.map(\.path) == ["/list", "/19.bin"])
    #expect(server.requests.last?.rangeStart == 2_000_000)
    #expect(try project.list("cache/current/default/text").count == 20)
    #expect(try project.bytes("cache/current/default/text/00019.bin") == large)
    #expect(try project.result("text", "00007.bin") == "/7.bin")
  }

  @Test func aLongWaitIsTold() throws {
    let server = try LoopbackServer { _ in
      .init(503, "later").with("Retry-After", "3600")
    }
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          with: {url: "\(server.url)/words.txt"}
      """)
    let run = try project.start("run")
    try eventually("the log says why") {
      guard let name = try? project.list("cache/runs").first,
        let log = try? project.read("cache/runs/\(name)/logs/text.log")
      else { return false }
      return log.contains(
        "\(server.url)/words.txt answered 503 Service Unavailable: later; next try in 300 s (1 of 5)"
      )
    }
    run.signal(SIGINT)
    #expect(try run.wait().status != 0)
  }

  @Test func badShardsAreNamedAndTheOthersKept() throws {
    let bad: Set<Int> = [77, 1000, 1822]
    let isMended = Mutex(false)
    let server = try self.server { request in
      guard let number = Int(request.path.dropFirst()), bad.contains(number),
        !isMended.withLock({ $0 })
      else { return nil }
      switch number {
      case 77: return .init(404, "no such shard")
      case 1000: return .init(500, "broken")
      default:
        return .init(body: [1, 2, 3]).delivered {
          $0.declaredLength = FaultyShards.content(request.path).count
        }
      }
    }
    let project = try self.project(server.url)
    let end = try project.run("run", seconds: 120)
    #expect(end.status == 1)
    for text in [
      "✗ text[77]  failed: \(server.url)/77 answered 404 Not Found: no such shard",
      "✗ text[1000]  failed: \(server.url)/1000 answered 500 Internal Server Error: broken",
      "✗ text[1822]  failed: \(server.url)/1822 broke off after",
      "✗ text  1,820 of 1,823 partitions done, 3 failed",
    ] {
      #expect(end.error.contains(text), "\(end.error.suffix(3000))")
    }
    // What matters is not buried under a line for each shard.
    #expect(end.error.split(separator: "\n").count < 40, "\(end.error)")
    try expectAll(project, but: bad)

    let status = try project.run("status", "--plain")
    #expect(status.output.contains("1,820/1,823, 3 failed"), "\(status.output)")
    #expect(status.output.contains("77 failed: \(server.url)/77 answered 404"))
    let explained = try project.run("explain", "text").output
    for text in [
      "text (1,820 partitions: 0, 1, 2 …) are fresh\n",
      "text[77] would run\n  - it was never made\n",
      "  - its last try failed: \(server.url)/77 answered 404 Not Found: no such shard\n",
    ] {
      #expect(explained.contains(text), "\(explained)")
    }
    #expect(explained.split(separator: "\n").count < 20, "\(explained)")
    let json = try JSONParser.parse(try project.run("status", "--json").output)
    let asset = json["assets"]?.arrayValue?.first
    #expect(asset?["failed_partitions"] == 3 && asset?["fresh_partitions"] == 1820)

    server.forgetRequests()
    isMended.withLock { $0 = true }
    let again = try project.run("run", seconds: 120)
    #expect(again.status == 0, "\(again.error)")
    #expect(Set(server.requests.map(\.path)) == ["/77", "/1000", "/1822"])
    try expectAll(project)
    let fresh = try project.run("status", "--plain").output
    #expect(fresh.contains("1,823/1,823") && !fresh.contains("failed"), "\(fresh)")
  }
}
