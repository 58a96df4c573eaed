import Synchronization

/// 1,823 shards, as many as the pretraining set has, from a server that fails in every way: one
/// shard in ten is served badly at first, each kind of fault in turn.
package enum FaultyShards {
  package static let count = 1823

  package static func content(_ path: String) -> [UInt8] {
    let number = Int(path.dropFirst()) ?? 0
    return NumberedBytes.make(1000 + number * 7 % 9000, seed: UInt64(number + 1))
  }

  package enum Fault: Int, CaseIterable {
    case refuse, tooMany, serverError, drop, dropAtOnce, truncate, stall, slow, lie, ignoreRange
    case wrongRange, shortRange, longRange, change, redirect, emptyAnswer, garbage, chunkedCut, gzip
  }

  /// One file in ten is faulty, the kinds in turn; later tries are answered well, or nearly.
  package static func fault(_ path: String) -> Fault? {
    let number = Int(path.dropFirst()) ?? 0
    return number % 10 == 3 ? Fault(rawValue: number / 10 % Fault.allCases.count) : nil
  }

  package static func answer(_ request: LoopbackServer.Request, port: UInt16)
    -> LoopbackServer.Reply
  {
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
    case .shortRange, .longRange:
      if isFirst { return good.delivered { $0.dropAfter = 900 } }
      guard request.earlier == 1, request.rangeStart != nil else { return good }
      var part = good
      part.body = fault == .shortRange ? Array(good.body.prefix(10)) : good.body + [1, 2, 3]
      return part
    case .change:
      let old = LoopbackServer.Reply.file(
        NumberedBytes.make(bytes.count, seed: 7), for: request, entityTag: "\"old\"")
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

  /// A server of all shards; `answering` may give another answer than `answer` would.
  package static func server(
    answering other: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Reply? = { _ in
      nil
    }
  ) throws -> LoopbackServer {
    let port = Mutex<UInt16>(0)
    let server = try LoopbackServer { request in
      other(request) ?? answer(request, port: port.withLock { $0 })
    }
    port.withLock { $0 = server.port }
    return server
  }
}

/// Bytes that look random and differ for each seed.
package enum NumberedBytes {
  package static func make(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 24)
    }
  }
}
