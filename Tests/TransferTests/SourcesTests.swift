import TestSupport
import Testing
import Transfer

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct RedirectTests {
  let fetching: Fetching

  init() throws {
    var fetching = try Fetching()
    fetching.options.token = "s3cret"
    fetching.options.headers = ["X-Key: also-secret"]
    self.fetching = fetching
  }

  @Test func credentialsGoToTheFirstHostOnly() throws {
    let storage = try LoopbackServer { .file([1, 2, 3], for: $0) }
    let hub = try LoopbackServer { _ in
      .init(302, "moved").with("Location", "\(storage.url)/signed?signature=abc")
    }
    try fetching.fetch(try fetching.request("\(hub.url)/file"))
    #expect(try fetching.folder.read("file.bin") == [1, 2, 3])
    #expect(hub.requests.first?.headers["authorization"] == "Bearer s3cret")
    #expect(hub.requests.first?.headers["x-key"] == "also-secret")
    #expect(storage.requests.first?.target == "/signed?signature=abc")
    #expect(storage.requests.first?.headers["authorization"] == nil)
    #expect(storage.requests.first?.headers["x-key"] == nil)
  }

  @Test func credentialsGoWhereTheRequestSays() throws {
    let hub = try LoopbackServer { _ in .init(body: [1]) }
    let other = try LoopbackServer { _ in .init(body: [2]) }
    var request = try fetching.request("\(other.url)/x")
    request.credentialsOrigin = try SourceURL("\(hub.url)/list").remote?.origin
    try fetching.fetch(request)
    request = try fetching.request("\(hub.url)/x", as: "second")
    request.credentialsOrigin = nil
    try fetching.fetch(request)
    #expect(other.requests.map { $0.headers["authorization"] } == [nil])
    #expect(hub.requests.map { $0.headers["authorization"] } == [nil])
  }

  @Test(
    arguments: [
      ("s3cret", nil, "no s3cret"), ("s3cret", nil, "no S3CRET here"),
      (nil, "X-Key: ab12", "for ab12 only"), (nil, "Cookie: session=abcdef; a=b", "who is abcdef"),
      (nil, "Cookie: session=abcdef; a=b", "a session"), ("a.long-er", nil, "'long'"),
      ("s3cret", nil, String(repeating: ".", count: 296) + "s3cret"),
    ] as [(String?, String?, String)])
  func anAnswerThatRepeatsPartOfASecretIsNotShown(
    token: String?, header: String?, text: String
  ) throws {
    var fetching = self.fetching
    fetching.options.token = token
    fetching.options.headers = header.map { [$0] } ?? []
    let server = try LoopbackServer { _ in .init(403, text) }
    let url = "\(server.url)/x"
    #expect(
      fetching.failure(try fetching.request(url)) == .status(url: url, code: 403, excerpt: ""))
  }

  @Test func aSignatureInAnAddressIsNotShown() throws {
    let text = "no, SignAture99, that is true"
    let server = try LoopbackServer { _ in .init(403, text) }
    let url = "\(server.url)/x"
    for (query, excerpt) in [("?sig=Sign%41ture99&a=true", ""), ("?a=true", text)] {
      #expect(
        fetching.failure(try fetching.request(url + query))
          == .status(url: url, code: 403, excerpt: excerpt))
    }
  }

  @Test func aShortSecretIsMasked() throws {
    var fetching = self.fetching
    fetching.options.token = "x-1"
    fetching.options.headers = ["X-Key: a b", "X-Empty;"]
    let server = try LoopbackServer { _ in .init(403, "neither x-1 nor a b, but ab") }
    let url = "\(server.url)/x"
    #expect(
      fetching.failure(try fetching.request(url))
        == .status(url: url, code: 403, excerpt: "neither … nor …, but ab"))
  }

  @Test func aPasswordInAnAddressIsNotShown() throws {
    let server = try LoopbackServer { _ in .init(403, "no, hunter22") }
    let url = "http://me:hunt%65r22@127.0.0.1:\(server.port)/x"
    #expect(
      fetching.failure(try fetching.request(url))
        == .status(url: "\(server.url)/x", code: 403, excerpt: ""))
    let broken = TransferError.unusableURL("http://me:p@ss/w@host /x", reason: "no")
    #expect("\(broken)" == "can't use the URL `http://…@host /x`: no")
  }

  @Test func anotherNameIsAnotherHost() throws {
    let server = try LoopbackServer { request in
      request.path == "/a"
        ? .init(301, "").with(
          "Location",
          "http://localhost:\(request.headers["host"]?.split(separator: ":").last ?? "")/b")
        : .init(body: [5])
    }
    try fetching.fetch(try fetching.request("\(server.url)/a"))
    #expect(server.requests(for: "/b").first?.headers["authorization"] == nil)
  }

  @Test func theSameHostKeepsCredentials() throws {
    let server = try LoopbackServer { request in
      request.path == "/a/b" ? .init(307, "").with("Location", "../c") : .init(body: [5])
    }
    try fetching.fetch(try fetching.request("\(server.url)/a/b"))
    #expect(server.requests.map(\.path) == ["/a/b", "/c"])
    #expect(server.requests.last?.headers["authorization"] == "Bearer s3cret")
  }

  @Test func everyTryAsksTheFirstAddressAgain() throws {
    // A signed address expires; the rest of the file comes from a fresh one.
    let bytes = Fetching.bytes(3_000_000)
    let server = try LoopbackServer { request in
      if request.path == "/file" {
        return .init(302, "").with("Location", "/signed/\(request.earlier)")
      }
      let reply = LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"t\"")
      return request.path == "/signed/0" ? reply.delivered { $0.dropAfter = 2_000_000 } : reply
    }
    try fetching.fetch(try fetching.request("\(server.url)/file"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(server.requests.map(\.path) == ["/file", "/signed/0", "/file", "/signed/1"])
    #expect(server.requests.last?.rangeStart == 2_000_000)
  }

  @Test func aCircleEnds() throws {
    let server = try LoopbackServer { _ in .init(302, "").with("Location", "/again") }
    guard case .badRedirect? = fetching.failure(try fetching.request("\(server.url)/x")) else {
      Issue.record("expected `badRedirect`")
      return
    }
    #expect(server.requests.count == 11)
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
  func onlyTheWebIsFollowed(target: String) throws {
    let server = try LoopbackServer { _ in .init(302, "").with("Location", target) }
    guard case .badRedirect? = fetching.failure(try fetching.request("\(server.url)/x")) else {
      Issue.record("expected `badRedirect`")
      return
    }
    #expect(server.requests.count == 1)
    #expect(!fetching.folder.exists("file.bin"))
  }
}

@Suite struct MirrorTests {
  let fetching: Fetching

  init() throws { fetching = try Fetching() }

  @Test func aMirrorHelpsAtOnce() throws {
    let main = try LoopbackServer { _ in .init(404, "gone") }
    let mirror = try LoopbackServer { _ in .init(body: [4, 2]) }
    let file = try fetching.fetch(try fetching.request("\(main.url)/x", "\(mirror.url)/x"))
    #expect(file.attempts == 2)
    #expect(try fetching.folder.read("file.bin") == [4, 2])
    #expect(main.requests.count == 1)
  }

  @Test func sourcesAreTriedInTurn() throws {
    let flaky = try LoopbackServer { $0.earlier < 2 ? .init(503, "") : .init(body: [1]) }
    let broken = try LoopbackServer { _ in .init(500, "") }
    try fetching.fetch(try fetching.request("\(flaky.url)/x", "\(broken.url)/x"))
    #expect(flaky.requests.count == 3)
    #expect(broken.requests.count == 2)
  }

  @Test(arguments: [1, 2])
  func aSourceIsLeftAloneAsLongAsItAskedToAndThenAsked(mirrors: Int) throws {
    let times = Shared<[ContinuousClock.Instant]>([])
    let main = try LoopbackServer { request in
      times.value.append(.now)
      return request.earlier == 0
        ? .init(503, "").with("Retry-After", "1") : .init(body: [1])
    }
    let broken = try LoopbackServer { _ in .init(500, "") }
    var request = try fetching.request("\(main.url)/x")
    request.sources += try (0..<mirrors).map { try SourceURL("\(broken.url)/\($0)") }
    try fetching.fetch(request)
    #expect(times.value.count == 2)
    #expect(try #require(times.value.last) - times.value[0] >= .milliseconds(990))
    // Meanwhile the others have all the tries there are.
    #expect(broken.requests.count == fetching.options.retries)
  }

  @Test func theFirstSourcesErrorIsTold() throws {
    let main = try LoopbackServer { _ in .init(403, "") }
    let mirror = try LoopbackServer { _ in .init(404, "") }
    let error = fetching.failure(try fetching.request("\(main.url)/x", "\(mirror.url)/y"))
    #expect(
      error
        == .everySource(
          first: .status(url: "\(main.url)/x", code: 403, excerpt: ""),
          last: .status(url: "\(mirror.url)/y", code: 404, excerpt: "")))
    #expect(error?.help?.contains("token") == true)
  }

  @Test func aMirrorSeesNoToken() throws {
    var fetching = self.fetching
    fetching.options.token = "s3cret"
    let main = try LoopbackServer { _ in .init(404, "gone") }
    let mirror = try LoopbackServer { _ in .init(body: [4, 2]) }
    try fetching.fetch(try fetching.request("\(main.url)/x", "\(mirror.url)/x"))
    #expect(main.requests.first?.headers["authorization"] != nil)
    #expect(mirror.requests.first?.headers["authorization"] == nil)
  }

  @Test func aMirrorOnThisMachineWillDo() throws {
    let local = try fetching.folder.write("mirror/x", "here")
    let main = try LoopbackServer { _ in .init(500, "") }
    try fetching.fetch(try fetching.request("\(main.url)/x", "file://\(local)"))
    #expect(try fetching.folder.readText("file.bin") == "here")
  }

  @Test func withAHashAMirrorContinuesTheFile() throws {
    let bytes = Fetching.bytes(3_000_000)
    let whole = try LoopbackServer { .file(bytes, for: $0) }
    guard
      case .wrongHash(_, _, let digest)? = fetching.failure(
        try fetching.request("\(whole.url)/x", sha256: String(repeating: "0", count: 64)))
    else {
      Issue.record("expected a wrong hash")
      return
    }
    let main = try LoopbackServer { request in
      request.earlier == 0
        ? LoopbackServer.Reply.file(bytes, for: request).delivered { $0.dropAfter = 2_000_000 }
        : .init(404, "")
    }
    let mirror = try LoopbackServer { .file(bytes, for: $0) }
    let file = try fetching.fetch(
      try fetching.request("\(main.url)/x", "\(mirror.url)/x", sha256: digest))
    #expect(file.bytesReceived == bytes.count)
    #expect(mirror.requests.map(\.rangeStart) == [2_000_000])
    #expect(try fetching.folder.read("file.bin") == bytes)
  }

  @Test func whatTwoSourcesGaveIsNoVersionOfTheFirst() throws {
    let bytes = Fetching.bytes(3_000_000)
    let isBack = Shared(false)
    let main = try LoopbackServer { request in
      guard isBack.value || request.earlier == 0 else { return .init(404, "") }
      return LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"v\"").delivered {
        if !isBack.value { $0.dropAfter = 1_500_000 }
      }
    }
    let mirror = try LoopbackServer { request in
      LoopbackServer.Reply.file(Fetching.bytes(3_000_000, seed: 7), for: request).delivered {
        $0.stallAfter = 1_000_000
      }
    }
    // With a hash the mirror may go on; the run is killed before the hash could tell.
    let request = try fetching.request(
      "\(main.url)/x", "\(mirror.url)/x", sha256: String(repeating: "0", count: 64))
    let folder = fetching.folder
    try fetching.kill(request, at: 2_500_000)
    #expect(mirror.requests.map(\.rangeStart) == [1_500_000])
    isBack.value = true
    main.forgetRequests()
    try fetching.fetch(try fetching.request("\(main.url)/x"))
    #expect(try folder.read("file.bin") == bytes)
    #expect(main.requests.map(\.rangeStart) == [nil])
  }

  @Test(arguments: [(tries: 0, broken: 0), (tries: 2, broken: 2)])
  func everySourceIsAskedHoweverFewTriesThereAre(tries: Int, broken: Int) throws {
    var fetching = self.fetching
    fetching.options.retries = tries
    let busy = try LoopbackServer { _ in .init(503, "") }
    let alive = try LoopbackServer { _ in .init(body: [1]) }
    var request = try fetching.request("\(busy.url)/x")
    request.sources += try (0..<broken).map { try SourceURL("\(busy.url)/\($0)") }
    request.sources.append(try SourceURL("\(alive.url)/x"))
    #expect(try fetching.fetch(request).attempts == broken + 2)
  }

  @Test func aWrongMirrorOnThisMachineCostsNothing() throws {
    var fetching = self.fetching
    let bytes = Fetching.bytes(3_000_000)
    let digest = try sha256(bytes)
    let wrong = try fetching.folder.write("wrong", bytes: Fetching.bytes(bytes.count, seed: 9))
    let main = try LoopbackServer { request in
      LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"v\"").delivered {
        if request.earlier < 2 { $0.dropAfter = 1_200_000 }
      }
    }
    for mirror in [wrong, "/no/such/mirror"] {
      // What was copied for nothing counts.
      fetching.options.maxTotalSize = mirror == wrong ? nil : bytes.count
      main.forgetRequests()
      let file = try fetching.fetch(
        try fetching.request("\(main.url)/x", mirror, as: "from\(mirror.count)", sha256: digest))
      #expect(main.requests.map(\.rangeStart) == [nil, 1_200_000, 2_400_000])
      #expect(file.bytesReceived >= bytes.count && file.resumedFrom == 0)
    }
  }

  /// As `wrongHash` tells it.
  private func sha256(_ bytes: [UInt8]) throws -> String {
    let path = try fetching.folder.write("whole", bytes: bytes)
    let error = fetching.failure(
      try fetching.request(path, as: "hashed", sha256: String(repeating: "0", count: 64)))
    guard case .wrongHash(_, _, let digest)? = error else { throw Fetching.Interruption.finished }
    return digest
  }

  @Test func theLastTryOfABusySourceIsItsLast() throws {
    var fetching = self.fetching
    fetching.options.retries = 0
    let busy = try LoopbackServer { _ in .init(503, "").with("Retry-After", "30") }
    let clock = ContinuousClock()
    let start = clock.now
    #expect(fetching.failure(try fetching.request("\(busy.url)/x", "/no/such/mirror")) != nil)
    #expect(clock.now - start < .seconds(10))
    #expect(busy.requests.count == 1)
  }

  @Test func aMirrorThatCannotBeReadIsOneOfSeveral() throws {
    let file = try fetching.folder.write("mirror", "a file, no folder")
    let main = try LoopbackServer { _ in .init(404, "") }
    let alive = try LoopbackServer { _ in .init(body: [1]) }
    let request = try fetching.request("\(main.url)/x", "\(file)/x", "\(alive.url)/x")
    #expect(try fetching.fetch(request).attempts == 3)
    #expect(
      fetching.failure(try fetching.request("\(main.url)/x", "\(file)/x"))
        == .everySource(
          first: .status(url: "\(main.url)/x", code: 404, excerpt: ""),
          last: .unreadable(operation: "open", path: "\(file)/x", code: ENOTDIR)))
  }
}

@Suite struct LocalSourceTests {
  let fetching: Fetching

  init() throws { fetching = try Fetching() }

  @Test(arguments: [false, true])
  func aLocalFileIsCopiedNeverLinked(withHash: Bool) throws {
    let text = "abc"
    let path = try fetching.folder.write("source/a b.txt", text)
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let request = try fetching.request(path, sha256: withHash ? digest : nil)
    #expect(try fetching.fetch(request).size == 3)
    try fetching.folder.write("source/a b.txt", "changed")
    #expect(try fetching.folder.readText("file.bin") == text)
    #expect(try fetching.folder.list() == ["file.bin", "source"])
  }

  @Test func aFileURLIsDecoded() throws {
    let path = try fetching.folder.write("a b%c.txt", "x")
    let url =
      "file://"
      + path.split(separator: "%").joined(separator: "%25")
      .split(separator: " ").joined(separator: "%20")
    try fetching.fetch(try fetching.request(url))
    #expect(try fetching.folder.readText("file.bin") == "x")
  }

  @Test func wrongContentIsRefused() throws {
    let path = try fetching.folder.write("source", "abd")
    let zeros = String(repeating: "0", count: 64)
    guard
      case .wrongHash(path, zeros, _)? = fetching.failure(
        try fetching.request(path, sha256: zeros))
    else {
      Issue.record("expected a wrong hash")
      return
    }
    #expect(
      fetching.failure(try fetching.request(path, size: 4))
        == .wrongSize(url: path, expected: 4, found: 3))
    #expect(try fetching.folder.list() == ["source"])
  }

  @Test func whatIsNoFileIsRefused() throws {
    let missing = fetching.folder.file("missing")
    #expect(fetching.failure(try fetching.request(missing)) == .noSuchFile(path: missing))
    let folder = try fetching.folder.makeFolder("folder")
    #expect(fetching.failure(try fetching.request(folder)) == .notAFile(path: folder))
  }

  @Test func aLargeFileIsCopiedWhole() throws {
    let bytes = Fetching.bytes(5_000_001)
    let path = try fetching.folder.write("source", bytes: bytes)
    try fetching.fetch(try fetching.request("file://localhost\(path)"))
    #expect(try fetching.folder.read("file.bin") == bytes)
  }
}

@Suite struct ProxyTests {
  @Test func aProxyIsTakenFromTheEnvironment() throws {
    let proxy = try LoopbackServer { .init(body: Array($0.target.utf8)) }
    try TestEnvironment.set("http_proxy", proxy.url)
    let fetching = try Fetching()
    try fetching.fetch(try fetching.request("http://far-away.invalid/x"))
    #expect(try fetching.folder.readText("file.bin") == "http://far-away.invalid/x")
  }
}
