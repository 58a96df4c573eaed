import TestSupport
import Testing
import Transfer

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ResumeTests {
  let fetching: Fetching
  let bytes = Fetching.bytes(3 << 20)

  init() throws { fetching = try Fetching() }

  /// Serves `bytes`, the first answer stopping at `stop`.
  private func halting(
    at stop: Int, entityTag: String? = "\"v1\"", lastModified: String? = nil
  ) throws -> LoopbackServer {
    let bytes = self.bytes
    return try LoopbackServer { request in
      let reply = LoopbackServer.Reply.file(
        bytes, for: request, entityTag: entityTag, lastModified: lastModified)
      return request.earlier == 0 ? reply.delivered { $0.stallAfter = stop } : reply
    }
  }

  @Test func aCutConnectionGoesOnWhereItStopped() throws {
    let bytes = self.bytes
    let server = try LoopbackServer { request in
      LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"v\"").delivered {
        if request.earlier < 5 { $0.dropAfter = 500_000 }
      }
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(file.bytesReceived == bytes.count)
    #expect(server.requests.compactMap(\.rangeStart) == [1, 2, 3, 4, 5].map { $0 * 500_000 })
    #expect(server.requests.dropFirst().allSatisfy { $0.headers["if-range"] == "\"v\"" })
  }

  @Test(arguments: [true, false])
  func anotherSessionGoesOn(byEntityTag: Bool) throws {
    let entityTag = byEntityTag ? "\"v1\"" : nil
    let lastModified = byEntityTag ? nil : "Sun, 06 Nov 1994 08:49:37 GMT"
    let server = try halting(at: 2_000_000, entityTag: entityTag, lastModified: lastModified)
    let request = try fetching.request("\(server.url)/x")
    try fetching.interrupt(request, at: 2_000_000)
    #expect(try fetching.folder.list() == ["file.bin", "file.bin.part.json"])
    let file = try fetching.fetch(request)
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(try fetching.folder.list() == ["file.bin"])
    #expect(file.resumedFrom == 2_000_000)
    #expect(file.bytesReceived == bytes.count - 2_000_000)
    #expect(server.requests.last?.headers["if-range"] == entityTag ?? lastModified)
  }

  @Test func aKilledSessionLeavesWhatTheNextNeeds() throws {
    let server = try halting(at: 2_000_000)
    let request = try fetching.request("\(server.url)/x")
    let folder = fetching.folder
    try fetching.kill(request, at: 2_000_000)
    #expect(try !folder.read("file.bin.part.json").isEmpty)
    #expect(try fetching.fetch(request).resumedFrom == 2_000_000)
    #expect(try folder.read("file.bin") == bytes)
  }

  @Test func aFileThatChangedStartsOver() throws {
    let old = bytes
    let new = Fetching.bytes(3 << 20, seed: 9)
    let isNew = Shared(false)
    let server = try LoopbackServer { request in
      isNew.value
        ? .file(new, for: request, entityTag: "\"v2\"")
        : LoopbackServer.Reply.file(old, for: request, entityTag: "\"v1\"").delivered {
          $0.stallAfter = 2_000_000
        }
    }
    let request = try fetching.request("\(server.url)/x")
    try fetching.interrupt(request, at: 2_000_000)
    isNew.value = true
    let file = try fetching.fetch(request)
    #expect(try fetching.folder.read("file.bin") == new)
    #expect(file.resumedFrom == 0)
    #expect(try fetching.folder.list() == ["file.bin"])
  }

  @Test func aServerBlindToIfRangeIsSeenThrough() throws {
    let old = bytes
    let new = Fetching.bytes(3 << 20, seed: 9)
    let server = try LoopbackServer { request in
      var request = request
      let isFirst = request.earlier == 0
      request.headers["if-range"] = nil
      let tag = isFirst ? "\"v1\"" : "\"v2\""
      let reply = LoopbackServer.Reply.file(isFirst ? old : new, for: request, entityTag: tag)
      return isFirst ? reply.delivered { $0.dropAfter = 2_000_000 } : reply
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == new)
  }

  /// What a server that ignores `If-Range` says of the version of its parts.
  enum Stated: CaseIterable { case otherDate, noValidator, noEntityTagButTheDate, weakEntityTag }

  @Test(arguments: Stated.allCases)
  func aPartThatDoesNotNameItsVersionIsNotMixedWithAnother(stated: Stated) throws {
    let old = bytes
    let new = Fetching.bytes(3 << 20, seed: 9)
    let dates = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"]
    let hasTag = stated == .noEntityTagButTheDate || stated == .weakEntityTag
    let server = try LoopbackServer { request in
      var request = request
      request.headers["if-range"] = nil
      guard request.earlier > 0 else {
        return LoopbackServer.Reply.file(
          old, for: request, entityTag: hasTag ? "\"v1\"" : nil, lastModified: dates[0]
        ).delivered { $0.dropAfter = 2_000_000 }
      }
      let reply = LoopbackServer.Reply.file(new, for: request)
      return switch stated {
      case .otherDate: reply.with("Last-Modified", dates[1])
      case .noValidator: reply
      case .noEntityTagButTheDate: reply.with("Last-Modified", dates[0])
      case .weakEntityTag: reply.with("ETag", "W/\"v1\"")
      }
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == new)
    #expect(server.requests.map(\.rangeStart) == [nil, 2_000_000, nil])
    #expect(file.attempts == 3)
  }

  @Test func withoutValidatorsAFileStartsOver() throws {
    let server = try halting(at: 2_000_000, entityTag: nil)
    let request = try fetching.request("\(server.url)/x")
    try fetching.interrupt(request, at: 2_000_000)
    #expect(try fetching.folder.list() == ["file.bin"])
    #expect(try fetching.fetch(request).resumedFrom == 0)
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(server.requests.allSatisfy { $0.rangeStart == nil })
  }

  @Test func aWeakEntityTagIsNoValidator() throws {
    let server = try halting(at: 2_000_000, entityTag: "W/\"v1\"")
    let request = try fetching.request("\(server.url)/x")
    try fetching.interrupt(request, at: 2_000_000)
    #expect(try fetching.fetch(request).resumedFrom == 0)
  }

  @Test func aHashIsValidatorEnough() throws {
    let digest = "3b5fbc37b7f7a2bd4ab2cb4eb4fb6a8e6b9b3be8f3a5c2a1c1a2b3c4d5e6f708"
    let server = try halting(at: 2_000_000, entityTag: nil)
    let request = try fetching.request("\(server.url)/x", sha256: digest)
    try fetching.interrupt(request, at: 2_000_000)
    guard case .wrongHash(_, digest, let found)? = fetching.failure(request) else {
      Issue.record("expected a wrong hash")
      return
    }
    let right = try fetching.request("\(server.url)/x", sha256: found)
    server.forgetRequests()
    try fetching.interrupt(right, at: 2_000_000)
    let file = try fetching.fetch(right)
    #expect(file.resumedFrom == 2_000_000)
    #expect(try fetching.folder.read("file.bin") == bytes)
  }

  @Test func a200ToARangeStartsOver() throws {
    let bytes = self.bytes
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(headers: ["ETag": "\"v\""], body: bytes).delivered {
        if request.earlier < 2 { $0.dropAfter = 1_500_000 }
      }
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(server.requests.map(\.rangeStart) == [nil, 1_500_000, 1_500_000])
  }

  @Test func aWrongRangeIsNotBelieved() throws {
    let bytes = self.bytes
    let server = try LoopbackServer { request in
      guard let start = request.rangeStart else {
        return LoopbackServer.Reply(headers: ["ETag": "\"v\""], body: bytes).delivered {
          if request.earlier == 0 { $0.dropAfter = 1_500_000 }
        }
      }
      let headers = [
        "ETag": "\"v\"", "Content-Range": "bytes \(start - 10)-\(bytes.count - 1)/\(bytes.count)",
      ]
      return .init(206, headers: headers, body: Array(bytes[(start - 10)...]))
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(server.requests.map(\.rangeStart) == [nil, 1_500_000, nil])
  }

  /// How a part says less or more than its `Content-Range`.
  enum Part: CaseIterable { case short, shortAndClosed, long, longAndClosed }

  @Test(arguments: Part.allCases, [true, false])
  func aPartThatIsNotAsLongAsItSaysMakesNoFile(part: Part, isSizeKnown: Bool) throws {
    let bytes = self.bytes
    let server = try LoopbackServer { request in
      var reply = LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"v\"")
      if request.earlier == 0 { return reply.delivered { $0.dropAfter = 1_500_000 } }
      guard request.earlier == 1 else { return reply }
      switch part {
      case .short, .shortAndClosed: reply.body = Array(reply.body.prefix(500_000))
      case .long, .longAndClosed: reply.body += [1, 2, 3]
      }
      let isClosed = part == .shortAndClosed || part == .longAndClosed
      return isClosed ? reply.delivered { $0.framing = .close } : reply
    }
    try fetching.fetch(
      try fetching.request("\(server.url)/x", size: isSizeKnown ? bytes.count : nil))
    #expect(try fetching.folder.read("file.bin") == bytes)
    let isShort = part == .short || part == .shortAndClosed
    #expect(server.requests.map(\.rangeStart) == [nil, 1_500_000, isShort ? 2_000_000 : nil])
  }

  @Test func aHashTellsWhetherAPartOfUnknownWholeWentToTheEnd() throws {
    let bytes = Array("abc".utf8)
    let server = try LoopbackServer { request in
      guard let start = request.rangeStart else {
        return LoopbackServer.Reply(headers: ["ETag": "\"v\""], body: bytes).delivered {
          $0.framing = .chunked
          $0.dropAfter = 1
        }
      }
      return .init(
        206, headers: ["ETag": "\"v\"", "Content-Range": "bytes \(start)-2/*"],
        body: Array(bytes[start...]))
    }
    let file = try fetching.fetch(
      try fetching.request("\(server.url)/x", sha256: IntegrityTests.abc))
    #expect(file.attempts == 2)
    #expect(try fetching.folder.read("file.bin") == bytes)
  }

  @Test func aPartOfAWholeOfUnknownSizeMayEndAnywhere() throws {
    let bytes = self.bytes
    let server = try LoopbackServer { request in
      guard let start = request.rangeStart else {
        return LoopbackServer.Reply(headers: ["ETag": "\"v\""], body: bytes).delivered {
          $0.framing = .chunked
          if request.earlier == 0 { $0.dropAfter = 1_500_000 }
        }
      }
      let part = Array(bytes[start..<(start + 500_000)])
      let range = "bytes \(start)-\(start + part.count - 1)/*"
      return .init(206, headers: ["ETag": "\"v\"", "Content-Range": range], body: part)
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == bytes)
    #expect(server.requests.map(\.rangeStart) == [nil, 1_500_000, nil])
  }

  @Test func aPartNobodyAskedForIsRefused() throws {
    var fetching = self.fetching
    fetching.options.retries = 1
    let server = try LoopbackServer { _ in
      .init(206, headers: ["Content-Range": "bytes 0-9/20"], body: Fetching.bytes(10))
    }
    guard case .badAnswer? = fetching.failure(try fetching.request("\(server.url)/x")) else {
      Issue.record("expected `badAnswer`")
      return
    }
  }

  @Test func aFileThatShrankStartsOver() throws {
    let old = bytes
    let small = Fetching.bytes(100, seed: 4)
    let server = try LoopbackServer { request in
      if request.earlier == 0 {
        return LoopbackServer.Reply.file(old, for: request, entityTag: "\"v\"").delivered {
          $0.dropAfter = 1_500_000
        }
      }
      return .file(small, for: request, entityTag: "\"v\"")
    }
    try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(try fetching.folder.read("file.bin") == small)
  }

  @Test func aFinishedFileIsKeptWhereItIsKnownToBeTheSame() throws {
    let server = try LoopbackServer { .file([1, 2, 3], for: $0) }
    var request = try fetching.request("\(server.url)/x")
    try fetching.folder.write("file.bin", "abc")
    chmod(request.destination, 0o444)
    request.keepsFinished = true
    let kept = try fetching.fetch(request)
    #expect(kept.attempts == 0 && kept.bytesReceived == 0 && kept.size == 3)
    #expect(server.requests.isEmpty)
    request.size = 4
    #expect(fetching.failure(request) != nil)
    #expect(!server.requests.isEmpty)
    for isUnwanted in [true, false] {
      unlink(request.destination)
      try fetching.folder.write("file.bin", "abc")
      // Finished but not wanted, or not finished.
      if isUnwanted { chmod(request.destination, 0o444) }
      request.size = nil
      request.keepsFinished = !isUnwanted
      try fetching.fetch(request)
      #expect(try fetching.folder.read("file.bin") == [1, 2, 3])
    }
  }

  @Test func whatHasTheNameOfAFileGivesWay() throws {
    let server = try LoopbackServer { .file([1, 2, 3], for: $0) }
    let request = try fetching.request("\(server.url)/x")
    try fetching.folder.write("elsewhere", "abc")
    symlink(fetching.folder.file("elsewhere"), request.destination)
    try fetching.fetch(request)
    #expect(try fetching.folder.read("file.bin") == [1, 2, 3])
    #expect(try fetching.folder.readText("elsewhere") == "abc")
    unlink(request.destination)
    mkfifo(request.destination, 0o644)
    try fetching.fetch(request)
    #expect(try fetching.folder.read("file.bin") == [1, 2, 3])
    unlink(request.destination)
    mkdir(request.destination, 0o755)
    #expect(fetching.failure(request) == .notAFile(path: request.destination))
  }

  @Test func aStrangePartialFileIsThrownAway() throws {
    let bytes = Array(self.bytes[..<1000])
    let server = try LoopbackServer { .file(bytes, for: $0, entityTag: "\"v1\"") }
    for memo in ["{", "[]", "{\"url\":\"http://elsewhere/\",\"entity_tag\":\"\\\"v1\\\"\"}"] {
      unlink(fetching.folder.file("file.bin"))
      try fetching.folder.write("file.bin", "half of something else")
      try fetching.folder.write("file.bin.part.json", memo)
      try fetching.fetch(try fetching.request("\(server.url)/x"))
      #expect(try fetching.folder.read("file.bin") == bytes)
      #expect(try fetching.folder.list() == ["file.bin"])
    }
  }

  @Test func halfAMemoDoesNotStay() throws {
    let bytes = self.bytes
    let server = try LoopbackServer { .file(bytes, for: $0, entityTag: "\"v1\"") }
    // A memo that can't get its name, as on a full disk.
    try fetching.folder.write("file.bin.part.json/in", "the way")
    let error = fetching.failure(try fetching.request("\(server.url)/x"))
    guard case .fileSystem("rename", _, _)? = error else {
      Issue.record("expected that the memo can't be renamed, found \(String(describing: error))")
      return
    }
    #expect(!fetching.folder.exists("file.bin.part.json.new"))
  }

  @Test func manySmallStepsAreProgressEnough() throws {
    // Twenty breaks with five tries allowed: each brings more than a mebibyte, so it may go on.
    let bytes = Fetching.bytes(24 << 20)
    let server = try LoopbackServer { request in
      LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"v\"").delivered {
        $0.dropAfter = 1_200_000
      }
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x"))
    #expect(file.attempts > 20)
    #expect(file.bytesReceived == bytes.count)
    #expect(try fetching.folder.read("file.bin") == bytes)
  }
}
