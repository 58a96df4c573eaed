import TestSupport
import Testing
import Transfer

/// 1,823 shards, as many as the pretraining set has, from a server that fails in every way.
@Suite struct ManyFilesTests {
  static let count = FaultyShards.count
  var fetching: Fetching

  init() throws {
    fetching = try Fetching()
    fetching.options.parallel = 16
    fetching.options.lowSpeedTimeout = 1
    fetching.options.resumeThreshold = 2000
  }

  func requests(_ server: LoopbackServer) throws -> [DownloadRequest] {
    try (0..<Self.count).map {
      // Sizes are known, as from a hub's pointers: a length that lies is found by nothing else.
      try fetching.request(
        "\(server.url)/\($0)", as: "\($0)", size: FaultyShards.content("/\($0)").count)
    }
  }

  @Test(arguments: [1, 2, 4])
  func allArriveByteForByteWhateverTheServerDoes(threads: Int) throws {
    var fetching = fetching
    fetching.threads = threads
    let server = try FaultyShards.server()
    let results = try fetching.fetchAll(try requests(server))
    #expect(results.count == Self.count)
    for (name, result) in results {
      if case .failure(let error) = result { Issue.record("\(name): \(error)") }
    }
    for number in 0..<Self.count {
      let isRight = try fetching.folder.read("\(number)") == FaultyShards.content("/\(number)")
      #expect(
        isRight, "\(number) differs (\(String(describing: FaultyShards.fault("/\(number)"))))")
    }
    #expect(try fetching.folder.list().count == Self.count)
  }

  @Test func threadsShareTheConnectionsAndTheLimitOnSizes() throws {
    var fetching = fetching
    fetching.threads = 4
    fetching.options.maxTotalSize = 50_000
    fetching.options.retries = 0
    let server = try LoopbackServer {
      .file([UInt8](repeating: 7, count: 1000), for: $0).delivered { $0.delay = 0.002 }
    }
    let requests = try (0..<200).map { try fetching.request("\(server.url)/\($0)", as: "\($0)") }
    let results = try fetching.fetchAll(requests)
    #expect(results.count == 200)
    let arrived = results.count { if case .success = $0.value { true } else { false } }
    #expect(arrived == 50)
    #expect(try fetching.folder.list().count == 50)
  }

  @Test func cancellingEndsAllThreads() throws {
    var fetching = fetching
    fetching.threads = 4
    let server = try LoopbackServer {
      .file(FaultyShards.content($0.path), for: $0, entityTag: "\"\($0.path)\"")
    }
    let all = Array(try requests(server)[..<400])
    var done: Set<String> = []
    var looks = 0
    var upcoming = all.makeIterator()
    #expect(throws: TransferError.cancelled) {
      try DownloadSession(options: fetching.options).run(
        total: all.count, threads: 4, next: { upcoming.next() },
        isCancelled: {
          looks += 1
          return looks > 150
        }, finished: { request, _ in done.insert(request.name) })
    }
    #expect(!done.isEmpty && done.count < 400)
    // What was finished stays, and the rest comes with the next session.
    server.forgetRequests()
    let rest = all.filter { !done.contains($0.name) }
    #expect(try fetching.fetchAll(rest).count == rest.count)
    for number in 0..<400 {
      #expect(try fetching.folder.read("\(number)") == FaultyShards.content("/\(number)"))
    }
  }

  @Test func aBadFileFailsByNameAndTheOthersArrive() throws {
    let server = try LoopbackServer {
      $0.path == "/77" ? .init(500, "broken") : .file(FaultyShards.content($0.path), for: $0)
    }
    let requests = Array(try self.requests(server)[..<200])
    let results = try fetching.fetchAll(requests)
    let failed = results.filter { if case .failure = $0.value { true } else { false } }
    #expect(
      failed == [
        "77": .failure(.status(url: "\(server.url)/77", code: 500, excerpt: "broken"))
      ])
    #expect(try fetching.folder.list().count == 199)
  }

  @Test func onlyTheRestIsFetchedAfterAnInterruption() throws {
    let server = try LoopbackServer {
      .file(FaultyShards.content($0.path), for: $0, entityTag: "\"\($0.path)\"")
    }
    let all = Array(try requests(server)[..<400])
    var done: Set<String> = []
    var upcoming = all.makeIterator()
    #expect(throws: TransferError.cancelled) {
      try DownloadSession(options: fetching.options).run(
        next: { upcoming.next() }, isCancelled: { done.count >= 200 },
        finished: { request, _ in done.insert(request.name) })
    }
    #expect(done.count >= 200 && done.count < 400)
    server.forgetRequests()
    let rest = all.filter { !done.contains($0.name) }
    let results = try fetching.fetchAll(rest)
    #expect(results.count == rest.count)
    #expect(Set(server.requests.map(\.path)) == Set(rest.map { "/\($0.name)" }))
    #expect(
      try all.allSatisfy {
        try fetching.folder.read($0.name) == FaultyShards.content("/\($0.name)")
      })
    #expect(try fetching.folder.list().count == 400)
  }
}
