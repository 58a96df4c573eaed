import TestSupport
import Testing
import Transfer

@Suite struct IntegrityTests {
  let fetching: Fetching

  init() throws { fetching = try Fetching() }

  static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test func aHashIsVerified() throws {
    let server = try LoopbackServer { _ in .init(body: Array("abc".utf8)) }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x", sha256: Self.abc))
    #expect(file.sha256 == Self.abc)
  }

  @Test func aHashSpansInterruptions() throws {
    let bytes = Fetching.bytes(2_500_000)
    let whole = try LoopbackServer { .file(bytes, for: $0) }
    guard
      case .wrongHash(_, _, let digest)? = fetching.failure(
        try fetching.request("\(whole.url)/x", sha256: Self.abc))
    else {
      Issue.record("expected a wrong hash")
      return
    }
    let server = try LoopbackServer { request in
      LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"t\"").delivered {
        if request.earlier < 4 { $0.dropAfter = 400_000 }
      }
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x", sha256: digest))
    #expect(file.attempts == 5)
    #expect(file.bytesReceived == bytes.count)
  }

  @Test func wrongContentTwiceIsFinal() throws {
    let server = try LoopbackServer { _ in .init(body: Array("abd".utf8)) }
    let error = fetching.failure(try fetching.request("\(server.url)/x", sha256: Self.abc))
    #expect(
      error
        == .wrongHash(
          url: "\(server.url)/x", expected: Self.abc,
          found: "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"))
    #expect(server.requests.count == 2)
    #expect(try fetching.folder.list() == [])
  }

  @Test func aFileThatWasDamagedOnceIsStillContinued() throws {
    let server = try LoopbackServer { request in
      guard request.earlier > 0 else { return .init(body: Array("abd".utf8)) }
      let reply = LoopbackServer.Reply.file(Array("abc".utf8), for: request, entityTag: "\"v\"")
      return request.earlier == 1 ? reply.delivered { $0.dropAfter = 2 } : reply
    }
    try fetching.fetch(try fetching.request("\(server.url)/x", sha256: Self.abc))
    #expect(server.requests.map(\.rangeStart) == [nil, nil, 2])
  }

  @Test func contentDamagedOnceIsFetchedAgain() throws {
    let server = try LoopbackServer {
      .init(body: Array(($0.earlier == 0 ? "abX" : "abc").utf8))
    }
    try fetching.fetch(try fetching.request("\(server.url)/x", sha256: Self.abc))
    #expect(try fetching.folder.readText("file.bin") == "abc")
  }

  @Test func aDeclaredLengthThatDisagreesIsRefused() throws {
    let server = try LoopbackServer { _ in .init(body: [1, 2, 3, 4]) }
    let error = fetching.failure(try fetching.request("\(server.url)/x", size: 3))
    #expect(error == .wrongSize(url: "\(server.url)/x", expected: 3, found: 4))
    #expect(!fetching.folder.exists("file.bin"))
  }

  @Test func aBodyShorterThanDeclaredIsTriedAgain() throws {
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: [1, 2, 3, 4]).delivered {
        if request.earlier == 0 {
          $0.declaredLength = 9
          $0.dropAfter = 4
        }
      }
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(file.attempts == 2)
    #expect(try fetching.folder.read("file.bin") == [1, 2, 3, 4])
  }

  @Test func aLengthTooSmallIsFoundBySize() throws {
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: [1, 2, 3, 4]).delivered {
        if request.earlier == 0 { $0.declaredLength = 2 }
      }
    }
    try fetching.fetch(try fetching.request("\(server.url)/x", size: 4))
    #expect(try fetching.folder.read("file.bin") == [1, 2, 3, 4])
  }

  @Test func aChunkedBodyCutShortIsTriedAgain() throws {
    let bytes = Fetching.bytes(100_000)
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(body: bytes).delivered {
        $0.framing = .chunked
        $0.pieceSize = 10_000
        if request.earlier == 0 { $0.dropAfter = 50_000 }
      }
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(file.attempts == 2)
    #expect(try fetching.folder.read("file.bin") == bytes)
  }

  @Test func anUnendingErrorPageStaysOutOfTheFile() throws {
    let server = try LoopbackServer {
      $0.earlier == 0
        ? .init(500, headers: [:], body: Fetching.bytes(1 << 20)) : .init(body: [1])
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == [1])
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
    "HTTP/1.1 206 Part\r\nContent-Range: bytes 9223372036854775807-0/9\r\n\r\nx", "\u{0}\u{1}",
  ])
  func nonsenseIsAnError(text: String) throws {
    var fetching = self.fetching
    fetching.options.retries = 0
    let server = try LoopbackServer { _ in .init().delivered { $0.rawAnswer = Array(text.utf8) } }
    #expect(fetching.failure(try fetching.request("\(server.url)/x")) != nil)
    #expect(!fetching.folder.exists("file.bin"))
  }
}

@Suite struct PointerTests {
  let fetching: Fetching

  init() throws { fetching = try Fetching() }

  /// A hub that keeps "abc" and says of it what `pointer` says.
  private func hub(_ pointer: String?, status: Int = 200) throws -> LoopbackServer {
    try LoopbackServer { request in
      switch request.path {
      case "/d/x/raw/main/f":
        pointer.map { .init(status, $0) } ?? .init(404, "no such thing")
      case "/d/x/resolve/main/f": .init(body: Array("abc".utf8))
      default: .init(400, "what?")
      }
    }
  }

  private static func pointer(_ digest: String, _ size: Int) -> String {
    "version https://git-lfs.github.com/spec/v1\noid sha256:\(digest)\nsize \(size)\n"
  }

  @Test func hashAndSizeAreReadFromTheHub() throws {
    let hub = try self.hub(Self.pointer(IntegrityTests.abc, 3))
    let file = try fetching.fetch(try fetching.request("\(hub.url)/d/x/resolve/main/f"))
    #expect(file.sha256 == IntegrityTests.abc)
    #expect(hub.requests.map(\.path) == ["/d/x/raw/main/f", "/d/x/resolve/main/f"])
  }

  @Test func contentThatDisagreesWithThePointerIsRefused() throws {
    let zeros = String(repeating: "0", count: 64)
    let hub = try self.hub(Self.pointer(zeros, 3))
    guard
      case .wrongHash(_, zeros, IntegrityTests.abc)? = fetching.failure(
        try fetching.request("\(hub.url)/d/x/resolve/main/f"))
    else {
      Issue.record("expected a wrong hash")
      return
    }
    let short = try self.hub(Self.pointer(IntegrityTests.abc, 2))
    guard
      case .wrongSize(_, 2, 3)? = fetching.failure(
        try fetching.request("\(short.url)/d/x/resolve/main/f"))
    else {
      Issue.record("expected a wrong size")
      return
    }
  }

  @Test(arguments: [
    nil, "a small file that is not in LFS", String(repeating: "long ", count: 9999),
  ])
  func withoutPointerTheFileIsFetchedUnlessOneIsDemanded(pointer: String?) throws {
    let hub = try self.hub(pointer)
    let url = "\(hub.url)/d/x/resolve/main/f"
    #expect(try fetching.fetch(try fetching.request(url)).sha256 == nil)
    #expect(try fetching.folder.readText("file.bin") == "abc")
    #expect(fetching.failure(try fetching.request(url, pointer: .required)) != nil)
  }

  @Test func aMirrorOnThisMachineIsHeldToThePointer() throws {
    let hub = try LoopbackServer { request in
      request.path == "/d/x/raw/main/f"
        ? .init(200, Self.pointer(IntegrityTests.abc, 3)) : .init(404, "")
    }
    let url = "\(hub.url)/d/x/resolve/main/f"
    let wrong = try fetching.folder.write("wrong", "abd")
    let right = try fetching.folder.write("right", "abc")
    guard
      case .everySource(_, .wrongHash(wrong, IntegrityTests.abc, _))? = fetching.failure(
        try fetching.request(url, wrong))
    else {
      Issue.record("expected a wrong hash")
      return
    }
    let file = try fetching.fetch(try fetching.request(url, wrong, right, pointer: .required))
    #expect(file.sha256 == IntegrityTests.abc)
    #expect(
      fetching.failure(try fetching.request(right, pointer: .required))
        == .unverifiable(path: right))
  }

  @Test func withoutNetworkAndWithoutTheFileItEnds() throws {
    let hub = try LoopbackServer { _ in .init(503, "") }
    let url = "\(hub.url)/d/x/resolve/main/f"
    let error = fetching.failure(try fetching.request(url, "/no/such/mirror"))
    #expect(error == .status(url: "\(hub.url)/d/x/raw/main/f", code: 503, excerpt: ""))
    #expect(hub.requests.count == fetching.options.retries)
  }

  @Test func aMirrorOnThisMachineWaitsForThePointer() throws {
    let hub = try LoopbackServer { request in
      request.path == "/d/x/raw/main/f" && request.earlier > 0
        ? .init(200, Self.pointer(IntegrityTests.abc, 3)) : .init(503, "")
    }
    let right = try fetching.folder.write("right", "abc")
    let file = try fetching.fetch(
      try fetching.request("\(hub.url)/d/x/resolve/main/f", right, pointer: .required))
    #expect(file.sha256 == IntegrityTests.abc)
  }

  @Test func aGivenHashNeedsNoPointer() throws {
    let hub = try self.hub(nil)
    let url = "\(hub.url)/d/x/resolve/main/f"
    try fetching.fetch(try fetching.request(url, sha256: IntegrityTests.abc))
    try fetching.fetch(try fetching.request(url, pointer: .never))
    #expect(hub.requests.count == 2)
  }
}

@Suite struct ResponseHeadTests {
  @Test(arguments: [true, false])
  func aBodyThatEndsItselfHasNoLength(lengthFirst: Bool) throws {
    let fetching = try Fetching()
    let fields = ["Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"]
    let head = "HTTP/1.1 200 OK\r\n" + (lengthFirst ? fields : fields.reversed()).joined() + "\r\n"
    let server = try LoopbackServer { _ in
      .init().delivered { $0.rawAnswer = Array((head + "3\r\nabc\r\n0\r\n\r\n").utf8) }
    }
    #expect(try fetching.fetch(try fetching.request("\(server.url)/x")).size == 3)
  }
}

@Suite struct HTTPDateTests {
  @Test func theThreeFormsAreOne() {
    for text in [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    ] {
      #expect(HTTPDate.seconds(text) == 784_111_777)
    }
    #expect(HTTPDate.seconds("Thu, 29 Feb 2024 23:59:60 GMT") == 1_709_251_200)
    #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
  }

  @Test(arguments: ["", "soon", "Sun, 06 Nov", "Sun, 99 Nov 1994 08:49:37 GMT", "1 2 3 4 5 6"])
  func anythingElseIsNone(text: String) {
    #expect(HTTPDate.seconds(text) == nil)
  }
}

@Suite struct SourceURLTests {
  @Test(
    arguments: [
      ("https://Host.org/a/b%20c.txt?x=1#y", "b c.txt"), ("data/shard.parquet", "shard.parquet"),
      ("file:///a/b", "b"), ("http://h/a/", nil), ("http://h", nil), ("http://h/..", nil),
      ("http://h/%2e%2e", nil), ("http://h/a%2Fb", nil),
    ] as [(String, String?)])
  func theNameIsTheLastPart(url: String, name: String?) throws {
    #expect(try SourceURL(url).fileName == name)
  }

  @Test(arguments: [
    "", "ftp://h/x", "http://", "http:///x", "http://h /x", "file://host/x", "s3://b/k",
  ])
  func whatCannotBeFetchedIsSaid(url: String) {
    #expect(throws: TransferError.self) { try SourceURL(url) }
  }

  @Test func anOriginHasItsPort() throws {
    #expect(try WebURL("HTTPS://u:p@Hub.ORG/x").origin == "https://hub.org:443")
    #expect(try WebURL("http://hub.org:8080?x").origin == "http://hub.org:8080")
    #expect(try WebURL("http://[::1]/x").origin == "http://[::1]:80")
    #expect(try WebURL("http://[::1]:81/x").origin == "http://[::1]:81")
  }

  @Test func aBaseTakesThePlaceOfTheHost() throws {
    let url = try WebURL("https://hub.org/d/x.parquet?v=1")
    #expect(try url.under("/m/") == .local(path: "/m/d/x.parquet?v=1"))
    let spaced = try WebURL("http://h/a%20b?c=%64")
    #expect(try spaced.under("/m") == .local(path: "/m/a b?c=d"))
    #expect(try spaced.under("file:///m") == .local(path: "/m/a b?c=d"))
    #expect(url.replacingOrigin(with: "http://m.org/hub/") == "http://m.org/hub/d/x.parquet?v=1")
    #expect(url.forDisplay == "https://hub.org/d/x.parquet")
    #expect(try WebURL("https://u:p@hub.org/d").forDisplay == "https://hub.org/d")
  }
}
