import TestSupport
import Testing
import Transfer

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct DownloadTests {
  let fetching: Fetching

  init() throws { fetching = try Fetching() }

  @Test func aFileArrivesWholeAndLeavesNothingBesideIt() throws {
    let bytes = Fetching.bytes(3_000_000)
    let server = try LoopbackServer { .file(bytes, for: $0, entityTag: "\"a\"") }
    let file = try fetching.fetch(try fetching.request("\(server.url)/file.bin"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(try fetching.folder.list() == ["file.bin"])
    #expect(file.size == bytes.count)
    #expect(file.bytesReceived == bytes.count)
    #expect(file.attempts == 1)
    #expect(server.requests.first?.headers["user-agent"] == "nanobuild")
  }

  @Test func anEmptyFileIsAFile() throws {
    let server = try LoopbackServer { _ in .init(200) }
    try fetching.fetch(try fetching.request("\(server.url)/empty"))
    #expect(try fetching.folder.read("file.bin").isEmpty)
  }

  @Test func connectionsAreKept() throws {
    let server = try LoopbackServer { .file(Array($0.path.utf8), for: $0) }
    var fetching = self.fetching
    fetching.options.parallel = 4
    let requests = try (0..<100).map { try fetching.request("\(server.url)/\($0)", as: "\($0)") }
    let results = try fetching.fetchAll(requests)
    #expect(results.count == 100)
    #expect(try (0..<100).allSatisfy { try fetching.folder.readText("\($0)") == "/\($0)" })
    #expect(server.connectionCount <= 8)
    #expect(server.requests.count == 100)
  }

  @Test(arguments: [LoopbackServer.Reply.Framing.chunked, .close])
  func aBodyWithoutLengthIsRead(framing: LoopbackServer.Reply.Framing) throws {
    let bytes = Fetching.bytes(200_000)
    let server = try LoopbackServer { _ in
      .init(body: bytes).delivered {
        $0.framing = framing
        $0.pieceSize = 7_777
      }
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == bytes)
  }

  @Test(arguments: [403, 404, 410, 401, 451])
  func aRefusalIsFinal(status: Int) throws {
    let server = try LoopbackServer { _ in .init(status, "no such\n  thing") }
    let error = fetching.failure(try fetching.request("\(server.url)/a/b?key=secret"))
    #expect(
      error == .status(url: "\(server.url)/a/b", code: status, excerpt: "no such thing"))
    #expect(server.requests.count == 1)
    #expect(!fetching.folder.exists("file.bin"))
  }

  @Test(arguments: [408, 429, 500, 502, 503, 504])
  func aPassingFaultIsTriedAgain(status: Int) throws {
    let server = try LoopbackServer {
      $0.earlier < 3 ? .init(status, "later") : .init(body: [1, 2, 3])
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == [1, 2, 3])
    #expect(file.attempts == 4)
    #expect(file.bytesReceived == 3)
  }

  @Test func triesAreCounted() throws {
    var fetching = self.fetching
    fetching.options.retries = 2
    let server = try LoopbackServer { _ in .init(503, "") }
    let error = fetching.failure(try fetching.request("\(server.url)/x"))
    #expect(error == .status(url: "\(server.url)/x", code: 503, excerpt: ""))
    #expect(server.requests.count == 3)
  }

  @Test func retryAfterInSecondsIsWaitedFor() throws {
    let server = try LoopbackServer {
      $0.earlier == 0 ? .init(429, "slow down").with("Retry-After", "1") : .init(body: [7])
    }
    let time = try ContinuousClock().measure {
      try fetching.fetch(try fetching.request("\(server.url)/x"))
    }
    #expect(time >= .seconds(1) && time < .seconds(4))
  }

  @Test func retryAfterAsADateIsWaitedFor() throws {
    // Long past, so there is nothing to wait for; were it read as a number, it would be an error.
    let server = try LoopbackServer {
      $0.earlier == 0
        ? .init(503, "").with("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT") : .init(body: [7])
    }
    let time = try ContinuousClock().measure {
      try fetching.fetch(try fetching.request("\(server.url)/x"))
    }
    #expect(time < .seconds(1))
  }

  @Test func aKindOfFaultIsToldOnceForEachSource() throws {
    let codes = [500, 500, 503, 500, 503]
    let server = try LoopbackServer {
      $0.earlier < codes.count ? .init(codes[$0.earlier], "") : .init(body: [7])
    }
    var pending: DownloadRequest? = try fetching.request("\(server.url)/x")
    var told: [TransferRetry] = []
    try DownloadSession(options: fetching.options).run(
      next: {
        defer { pending = nil }
        return pending
      }, retrying: { told.append($1) },
      finished: { _, result in #expect((try? result.get()) != nil) })
    #expect(
      told.map(\.error)
        == [500, 503].map { .status(url: "\(server.url)/x", code: $0, excerpt: "") })
    #expect(told.map(\.number) == [1, 3] && told.allSatisfy { $0.most == 5 })
    #expect(
      told.first?.description
        == "\(server.url)/x answered 500 Internal Server Error; next try now (1 of 5)")
    #expect(told.first?.summary(secondsLeft: 299.3) == "500, next try in 300 s (1 of 5)")
  }

  @Test func aTryAtAnotherSourceIsTold() throws {
    let main = try LoopbackServer { _ in .init(404, "") }
    let mirror = try LoopbackServer { _ in .init(body: [7]) }
    var pending: DownloadRequest? = try fetching.request("\(main.url)/x", "\(mirror.url)/x?s=1")
    var told: [String] = []
    try DownloadSession(options: fetching.options).run(
      next: {
        defer { pending = nil }
        return pending
      }, retrying: { told.append("\($1)") }, finished: { _, _ in })
    #expect(
      told == ["\(main.url)/x answered 404 Not Found; next try now at \(mirror.url)/x (1 of 5)"])
  }

  @Test func retryAfterIsCapped() throws {
    var fetching = self.fetching
    fetching.options.longestRetryDelay = 0.01
    let server = try LoopbackServer {
      $0.earlier == 0 ? .init(503, "").with("Retry-After", "86400") : .init(body: [7])
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(server.requests.count == 2)
  }

  @Test func nobodyListeningIsSaidSo() throws {
    var fetching = self.fetching
    fetching.options.retries = 1
    let server = try LoopbackServer { _ in .init() }
    let url = "\(server.url)/x"
    server.stop()
    guard case .unreachable(url, _)? = fetching.failure(try fetching.request(url)) else {
      Issue.record("expected `unreachable`")
      return
    }
  }

  @Test func aNameThatIsNotFoundIsTriedAgainAndHarmsNoOther() throws {
    let server = try LoopbackServer { .file(Array($0.path.utf8), for: $0) }
    var fetching = self.fetching
    fetching.options.retries = 3
    fetching.options.parallel = 2
    let url = "http://nobody.invalid/x"
    var requests = [try fetching.request(url, as: "lost")]
    requests += try (0..<20).map { try fetching.request("\(server.url)/\($0)", as: "\($0)") }
    let results = try fetching.fetchAll(requests)
    guard case .failure(.unreachable(url, _))? = results["lost"] else {
      Issue.record("expected `unreachable`, found \(String(describing: results["lost"]))")
      return
    }
    #expect(try (0..<20).allSatisfy { try results["\($0)"]?.get().attempts == 1 })
  }

  @Test func aThousandFilesOfADeadHostFailQuickly() throws {
    var fetching = self.fetching
    fetching.options.retries = 3
    fetching.options.retryDelay = 0.1
    let server = try LoopbackServer { _ in .init() }
    let url = server.url
    server.stop()
    let requests = try (0..<1000).map { try fetching.request("\(url)/\($0)", as: "\($0)") }
    let clock = ContinuousClock()
    let start = clock.now
    let results = try fetching.fetchAll(requests)
    #expect(clock.now - start < .seconds(5))
    #expect(results.count == 1000)
  }

  @Test func ofADeadHostOnlyItsOwnFilesAreGivenUp() throws {
    var fetching = self.fetching
    fetching.options.retries = 0
    let dead = try LoopbackServer { _ in .init() }
    let url = dead.url
    dead.stop()
    let alive = try LoopbackServer { _ in .init(body: [1]) }
    var requests = try (0..<40).map { try fetching.request("\(url)/\($0)", as: "\($0)") }
    // What an earlier session finished needs no host.
    try fetching.folder.write("kept", "kept")
    chmod(fetching.folder.file("kept"), 0o444)
    var kept = try fetching.request("\(url)/kept", as: "kept")
    kept.keepsFinished = true
    requests.append(kept)
    requests.append(try fetching.request("\(url)/x", "\(alive.url)/mirror", as: "mirrored"))
    // One mirror of several answers, if not with the file.
    let picky = try LoopbackServer { $0.path == "/29" ? .init(body: [1]) : .init(404, "") }
    requests += try (0..<30).map {
      try fetching.request("\(url)/\($0)", "\(picky.url)/\($0)", "\(url)/-\($0)", as: "of3-\($0)")
    }
    requests.append(try fetching.request("\(alive.url)/x", as: "alive"))
    let results = try fetching.fetchAll(requests)
    for number in 0..<40 {
      guard case .failure(.unreachable("\(url)/\(number)", _))? = results["\(number)"] else {
        Issue.record("\(number): \(String(describing: results["\(number)"]))")
        continue
      }
    }
    #expect(try results["kept"]?.get().attempts == 0)
    #expect(try results["mirrored"]?.get().size == 1)
    #expect(try results["of3-29"]?.get().size == 1)
    #expect(try results["alive"]?.get().size == 1)
  }

  @Test func aRedirectsOwnTextIsOfNoMatter() throws {
    let server = try LoopbackServer { request in
      if request.path == "/file" { return .init(body: [1]) }
      let redirect = LoopbackServer.Reply(302, "not gzip").with("Location", "/file")
      return request.earlier == 0
        ? redirect.delivered { $0.dropAfter = 3 } : redirect.with("Content-Encoding", "gzip")
    }
    for _ in 0..<2 {
      #expect(try fetching.fetch(try fetching.request("\(server.url)/x")).size == 1)
    }
  }

  @Test func aRedirectMaySayMuch() throws {
    let server = try LoopbackServer { request in
      request.path == "/file"
        ? .init(body: [1])
        : .init(302, String(repeating: "moved ", count: 50_000)).with("Location", "/file")
    }
    #expect(try fetching.fetch(try fetching.request("\(server.url)/x")).size == 1)
  }

  @Test func aSilentServerIsGivenUp() throws {
    var fetching = self.fetching
    fetching.options.lowSpeedTimeout = 1
    let bytes = Fetching.bytes(50_000)
    let server = try LoopbackServer { request in
      let reply = LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"v\"")
      return request.earlier == 0 ? reply.delivered { $0.stallAfter = 20_000 } : reply
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(file.bytesReceived == bytes.count)
    #expect(server.requests.map(\.rangeStart) == [nil, 20_000])
  }

  @Test func aSlowServerIsWaitedFor() throws {
    var fetching = self.fetching
    fetching.options.lowSpeedTimeout = 1
    let bytes = Fetching.bytes(30_000)
    let server = try LoopbackServer { request in
      LoopbackServer.Reply.file(bytes, for: request).delivered {
        $0.pieceSize = 1500
        $0.pause = 0.1
      }
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(server.requests.count == 1)
  }

  @Test func cancellationIsImmediate() throws {
    let server = try LoopbackServer { request in
      LoopbackServer.Reply.init(body: [1, 2, 3, 4]).delivered { $0.stallAfter = 2 }
    }
    let clock = ContinuousClock()
    let start = clock.now
    let fetching = self.fetching
    #expect(throws: TransferError.cancelled) {
      _ = try fetching.fetchAll([try fetching.request("\(server.url)/x")]) {
        clock.now - start > .milliseconds(200)
      }
    }
    #expect(clock.now - start < .milliseconds(1000))
    #expect(try fetching.folder.read("file.bin") == [1, 2])
    #expect(!fetching.folder.isReadOnly("file.bin"))
  }

  @Test func progressEndsComplete() throws {
    let server = try LoopbackServer {
      .init(body: Fetching.bytes(1000, seed: UInt64($0.path.count)))
    }
    let requests = try (0..<20).map { try fetching.request("\(server.url)/\($0)", as: "\($0)") }
    var upcoming = requests.makeIterator()
    var last: TransferProgress?
    try DownloadSession(options: fetching.options).run(
      total: 20, next: { upcoming.next() }, progress: { last = $0 }, finished: { _, _ in })
    #expect(last?.filesDone == 20)
    #expect(last?.filesTotal == 20)
    #expect(last?.bytesInFiles == 20_000)
    #expect(last?.bytesReceived == 20_000)
  }

  @Test func theTotalSizeIsBounded() throws {
    var fetching = self.fetching
    fetching.options.maxTotalSize = 2500
    fetching.options.parallel = 1
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: Fetching.bytes(1000)).delivered {
        if request.path == "/3" { $0.framing = .chunked }
      }
    }
    let requests = try (0..<4).map { try fetching.request("\(server.url)/\($0)", as: "\($0)") }
    let results = try fetching.fetchAll(requests)
    #expect(try results["0"]?.get().size == 1000)
    #expect(try results["1"]?.get().size == 1000)
    for name in ["2", "3"] {
      #expect(
        results[name] == .failure(.totalSizeExceeded(url: "\(server.url)/\(name)", limit: 2500)))
      #expect(!fetching.folder.exists(name))
    }
  }

  @Test(arguments: [(2200, true), (2199, false)])
  func bytesOfFailedTriesCount(limit: Int, isEnough: Bool) throws {
    var fetching = self.fetching
    fetching.options.maxTotalSize = limit
    // Without a validator, so each try begins anew.
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: Fetching.bytes(1000)).delivered {
        if request.earlier < 2 { $0.dropAfter = 600 }
      }
    }
    let url = "\(server.url)/x"
    let error = fetching.failure(try fetching.request(url))
    #expect(error == (isEnough ? nil : .totalSizeExceeded(url: url, limit: limit)))
    #expect(server.requests.count == 3)
  }

  @Test(arguments: [(3 << 20, true), (3 << 20 - 1, false)])
  func whatAnEarlierSessionLeftCounts(limit: Int, isEnough: Bool) throws {
    let bytes = Fetching.bytes(3 << 20)
    let server = try LoopbackServer { request in
      LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"v\"").delivered {
        if request.earlier == 0 { $0.stallAfter = 2_000_000 }
      }
    }
    var fetching = self.fetching
    let url = "\(server.url)/x"
    let request = try fetching.request(url)
    try fetching.interrupt(request, at: 2_000_000)
    fetching.options.maxTotalSize = limit
    let error = fetching.failure(request)
    #expect(error == (isEnough ? nil : .totalSizeExceeded(url: url, limit: limit)))
    #expect(server.requests.map(\.rangeStart) == [nil, 2_000_000])
  }

  @Test func sessionsMayShareALimit() throws {
    let server = try LoopbackServer { _ in .init(body: Fetching.bytes(1000)) }
    let ledger = SizeLedger(limit: 2500)
    for number in 0..<3 {
      let session = DownloadSession(options: fetching.options, ledger: ledger)
      let request = try fetching.request("\(server.url)/x", as: "\(number)")
      var isExceeded = false
      do { _ = try session.fetch(request) } catch TransferError.totalSizeExceeded {
        isExceeded = true
      }
      #expect(isExceeded == (number == 2))
    }
    #expect(ledger.received == 2000)
  }

  @Test(arguments: [LoopbackServer.Reply.Framing.length, .chunked, .close])
  func theSizeOfOneFileIsBounded(framing: LoopbackServer.Reply.Framing) throws {
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: Fetching.bytes(request.path == "/1" ? 1000 : 1001)).delivered {
        $0.framing = framing
      }
    }
    var request = try fetching.request("\(server.url)/1")
    request.sizeLimit = 1000
    #expect(try fetching.fetch(request).size == 1000)
    request = try fetching.request("\(server.url)/2", as: "second")
    request.sizeLimit = 1000
    #expect(fetching.failure(request) == .tooLarge(url: "\(server.url)/2", limit: 1000))
    #expect(server.requests(for: "/2").count == 1)
    #expect(try fetching.folder.list() == ["file.bin"])
  }
}
