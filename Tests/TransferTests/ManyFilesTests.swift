import TestSupport
import Testing
import Transfer

/// 1,823 shards, as many as the pretraining set has, from a server that fails in every way.
@Suite struct ManyFilesTests {
  static let count = 1823
  var fetching: Fetching

  init() throws {
    fetching = try Fetching()
    fetching.options.parallel = 16
    fetching.options.lowSpeedTimeout = 1
    fetching.options.resumeThreshold = 2000
  }

  static func content(_ path: String) -> [UInt8] {
    let number = Int(path.dropFirst()) ?? 0
    return Fetching.bytes(1000 + number * 7 % 9000, seed: UInt64(number + 1))
  }

  enum Fault: Int, CaseIterable {
    case refuse, tooMany, serverError, drop, dropAtOnce, truncate, stall, slow, lie, ignoreRange
    case wrongRange, change, redirect, emptyAnswer, garbage, chunkedCut, gzip
  }

  /// One file in ten is faulty, the kinds in turn; later tries are answered well, or nearly.
  static func fault(_ path: String) -> Fault? {
    let number = Int(path.dropFirst()) ?? 0
    return number % 10 == 3 ? Fault(rawValue: number / 10 % Fault.allCases.count) : nil
  }

  static func answer(_ request: LoopbackServer.Request, port: UInt16) -> LoopbackServer.Reply {
    let path = request.path
    let bytes = content(path)
    let good = LoopbackServer.Reply.file(bytes, for: request, entityTag: "\"\(path)\"")
    guard let fault = fault(path) else { return good }
    let isFirst = request.earlier == 0
    switch fault {
    case .refuse: return isFirst ? .init(503, "busy").with("Retry-After", "0") : good
    case .tooMany: return request.earlier < 2 ? .init(429, "").with("Retry-After", "0") : good
    case .serverError: return isFirst ? .init(500, String(repeating: "x", count: 100_000)) : good
    case .drop:
      return request.earlier < 3 ? good.delivered { $0.dropAfter = good.body.count / 3 } : good
    case .dropAtOnce, .emptyAnswer:
      return isFirst ? good.delivered { $0.rawAnswer = [] } : good
    case .truncate: return isFirst ? good.delivered { $0.dropAfter = good.body.count - 1 } : good
    case .stall: return isFirst ? good.delivered { $0.stallAfter = 500 } : good
    case .slow:
      return good.delivered {
        $0.pieceSize = 1000
        $0.pause = 0.005
      }
    case .lie:
      return isFirst ? good.delivered { $0.declaredLength = good.body.count / 2 } : good
    case .ignoreRange:
      return LoopbackServer.Reply(headers: ["ETag": "\"\(path)\""], body: bytes).delivered {
        if isFirst { $0.dropAfter = 900 }
      }
    case .wrongRange:
      if isFirst { return good.delivered { $0.dropAfter = 900 } }
      return request.rangeStart == nil
        ? good : good.with("Content-Range", "bytes 0-\(bytes.count - 1)/\(bytes.count)")
    case .change:
      let old = LoopbackServer.Reply.file(
        Fetching.bytes(bytes.count, seed: 7), for: request, entityTag: "\"old\"")
      return isFirst ? old.delivered { $0.dropAfter = 900 } : good
    case .redirect:
      return request.headers["host"]?.hasPrefix("localhost") == true
        ? good : .init(302, "").with("Location", "http://localhost:\(port)\(path)")
    case .garbage: return isFirst ? good.delivered { $0.rawAnswer = [0, 1, 2, 13, 10] } : good
    case .chunkedCut:
      return good.delivered {
        $0.framing = .chunked
        if isFirst { $0.dropAfter = 700 }
      }
    case .gzip:
      return isFirst
        ? .init(200, headers: ["Content-Encoding": "gzip"], body: Array(bytes.prefix(50))) : good
    }
  }

  func server() throws -> LoopbackServer {
    let port = Shared<UInt16>(0)
    let server = try LoopbackServer { Self.answer($0, port: port.value) }
    port.value = server.port
    return server
  }

  func requests(_ server: LoopbackServer) throws -> [DownloadRequest] {
    try (0..<Self.count).map {
      // Sizes are known, as from a hub's pointers: a length that lies is found by nothing else.
      try fetching.request("\(server.url)/\($0)", as: "\($0)", size: Self.content("/\($0)").count)
    }
  }

  @Test func allArriveByteForByteWhateverTheServerDoes() throws {
    let server = try self.server()
    let results = try fetching.fetchAll(try requests(server))
    #expect(results.count == Self.count)
    for (name, result) in results {
      if case .failure(let error) = result { Issue.record("\(name): \(error)") }
    }
    for number in 0..<Self.count {
      let isRight = try fetching.folder.read("\(number)") == Self.content("/\(number)")
      #expect(isRight, "\(number) differs (\(String(describing: Self.fault("/\(number)"))))")
    }
    #expect(try fetching.folder.list().count == Self.count)
  }

  @Test func aBadFileFailsByNameAndTheOthersArrive() throws {
    let server = try LoopbackServer {
      $0.path == "/77" ? .init(500, "broken") : .file(Self.content($0.path), for: $0)
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
      .file(Self.content($0.path), for: $0, entityTag: "\"\($0.path)\"")
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
    #expect(try all.allSatisfy { try fetching.folder.read($0.name) == Self.content("/\($0.name)") })
    #expect(try fetching.folder.list().count == 400)
  }
}
