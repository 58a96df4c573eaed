import CZlib
import CZstd
import Synchronization
import TestSupport
import Testing
import Transfer

@Suite struct EncodingTests {
  let fetching: Fetching
  static let text = String(repeating: "row,of,text\n", count: 500)
  static let digest = "c95ad986c500f32eff051e60c89884e03ccb4b9be5f11aef82c8f8ec69967430"
  static let gzip: [UInt8] = hexadecimal(
    "1f8b0800000000000203edc6b10900200c00b0dd5bfa96ae8552a8e7fb837332a572224ff4bebd"
      + "caddddddddddddddddddddddbffe0035b1f75970170000")
  static let zstd: [UInt8] = hexadecimal(
    "28b52ffd0458a5000060726f772c6f662c746578740a010061f7be240149e81b42")

  static let brotli: [UInt8] = hexadecimal("1b6f1700c46decbbb6f7ea1544a83830163d1e009a63cce907")

  init() throws {
    var fetching = try Fetching()
    fetching.options.retries = 1
    self.fetching = fetching
  }

  static func hexadecimal(_ text: String) -> [UInt8] {
    let digits = Array(text)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
  }

  @Test(arguments: [("gzip", gzip), ("X-Gzip", gzip), ("zstd", zstd), ("br", brotli)])
  func anEncodedAnswerIsDecodedAndItsContentHashed(name: String, body: [UInt8]) throws {
    let server = try LoopbackServer { _ in
      .init(200, headers: ["Content-Encoding": name, "ETag": "\"e\""], body: body)
    }
    for file in ["rows.csv", "rows.bin"] {
      let result = try fetching.fetch(
        try fetching.request("\(server.url)/x", as: file, sha256: Self.digest, size: 6000))
      #expect(result.size == 6000)
      #expect(try fetching.folder.readText(file) == Self.text)
    }
    #expect(server.requests.first?.headers["accept-encoding"] == "zstd, gzip")
    #expect(server.requests.last?.headers["accept-encoding"] == "identity")
  }

  @Test func aCompressedFileStaysAsItIs() throws {
    let server = try LoopbackServer { _ in
      .init(200, headers: ["Content-Encoding": "gzip"], body: Self.gzip)
    }
    try fetching.fetch(
      try fetching.request("\(server.url)/x", as: "rows.csv.gz", size: Self.gzip.count))
    #expect(try fetching.folder.read("rows.csv.gz") == Self.gzip)
  }

  @Test func anEncodedAnswerIsNotContinued() throws {
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(
        200, headers: ["Content-Encoding": "gzip", "ETag": "\"e\""], body: Self.gzip
      ).delivered { if request.earlier == 0 { $0.dropAfter = 60 } }
    }
    try fetching.fetch(try fetching.request("\(server.url)/x", as: "rows.csv"))
    #expect(try fetching.folder.readText("rows.csv") == Self.text)
    #expect(server.requests.allSatisfy { $0.rangeStart == nil })
  }

  @Test func aBadEncodingIsAnError() throws {
    var fetching = self.fetching
    fetching.options.retries = 1
    let server = try LoopbackServer { _ in
      .init(200, headers: ["Content-Encoding": "gzip"], body: Fetching.bytes(500))
    }
    #expect(fetching.failure(try fetching.request("\(server.url)/x")) != nil)
    #expect(!fetching.folder.exists("file.bin"))
  }

  // MARK: The end

  /// Every encoding, and with how many streams one after the other.
  static let streams: [(name: String, count: Int)] = [
    ("gzip", 1), ("gzip", 3), ("zstd", 1), ("zstd", 3), ("br", 1),
  ]

  private static func body(_ name: String, _ count: Int) -> [UInt8] {
    let one = name == "gzip" ? gzip : name == "zstd" ? zstd : brotli
    return Array(repeatElement(one, count: count).joined())
  }

  @Test(arguments: streams)
  func anAnswerWhoseEncodingBreaksOffIsNotTheFile(name: String, count: Int) throws {
    var fetching = self.fetching
    fetching.options.retries = 0
    let whole = Self.body(name, count)
    let stream = whole.count / count
    // As a proxy does that lost its own server: HTTP itself is complete.
    let cut = Mutex(0)
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(
        200, headers: ["Content-Encoding": name], body: Array(whole[..<cut.withLock { $0 }])
      ).delivered { $0.framing = request.path == "/chunked" ? .chunked : .length }
    }
    for path in ["length", "chunked"] {
      for length in 0..<whole.count {
        cut.withLock { $0 = length }
        let request = try fetching.request("\(server.url)/\(path)", as: "rows.csv")
        let error = fetching.failure(request)
        // A body without a byte is whole where its length is told.
        let isWhole = length == 0 ? path == "length" : length.isMultiple(of: stream)
        guard !isWhole else {
          #expect(error == nil, "\(length) bytes")
          continue
        }
        #expect(
          error.map { "\($0)" }?.hasSuffix("its \(name) encoding has no end") == true,
          "\(length) bytes: \(String(describing: error))")
        #expect(!fetching.folder.exists("rows.csv.part.json"))
      }
      cut.withLock { $0 = whole.count }
      try fetching.fetch(try fetching.request("\(server.url)/\(path)", as: "rows.csv"))
      #expect(
        try fetching.folder.readText("rows.csv") == String(repeating: Self.text, count: count))
    }
  }

  /// As web servers and proxies send empty files, and as curl and browsers take them.
  @Test(arguments: ["gzip", "zstd", "br"])
  func nothingIsAnEmptyFileWhereTheServerSaysSo(name: String) throws {
    var fetching = self.fetching
    fetching.options.retries = 0
    let server = try LoopbackServer { request in
      LoopbackServer.Reply(200, headers: ["Content-Encoding": name], body: []).delivered {
        switch request.path {
        case "/empty": break
        case "/cut": $0.declaredLength = 20
        case "/chunked": $0.framing = .chunked
        case "/broken":
          $0.framing = .chunked
          $0.dropAfter = 0
        default: $0.framing = .close
        }
      }
    }
    let request = try fetching.request("\(server.url)/empty", as: "rows.csv", size: 0)
    #expect(try fetching.fetch(request).size == 0)
    #expect(try fetching.folder.read("rows.csv") == [])
    for path in ["cut", "chunked", "broken", "close"] {
      let request = try fetching.request("\(server.url)/\(path)", as: "\(path).csv")
      guard case .interrupted? = fetching.failure(request) else {
        Issue.record("\(path): expected an interrupted answer")
        continue
      }
    }
    let other = try fetching.request(
      "\(server.url)/empty", as: "hashed.csv", sha256: Self.digest, size: 6000)
    #expect(fetching.failure(other) != nil)
  }

  @Test(arguments: [("gzip", gzip), ("zstd", zstd), ("br", brotli)])
  func whatFollowsTheEndIsDamage(name: String, body: [UInt8]) throws {
    let server = try LoopbackServer { _ in
      .init(200, headers: ["Content-Encoding": name], body: body + [7, 7, 7, 7, 7, 7])
    }
    guard case .interrupted? = fetching.failure(try fetching.request("\(server.url)/x")) else {
      Issue.record("expected an interrupted answer")
      return
    }
  }

  @Test func anEncodingThatBrokeOffOnceIsAskedForAgain() throws {
    let server = try LoopbackServer { request in
      .init(
        200, headers: ["Content-Encoding": "gzip", "ETag": "\"e\""],
        body: request.earlier == 0 ? Array(Self.gzip.dropLast(8)) : Self.gzip)
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/x", as: "rows.csv"))
    #expect(file.attempts == 2 && file.size == 6000)
    #expect(server.requests.allSatisfy { $0.rangeStart == nil })
  }

  @Test func muchThatDecodesFromLittleComesInPieces() throws {
    let bytes = [UInt8](repeating: 7, count: 20_000_000) + Fetching.bytes(1_000_000)
    for (name, body) in [("gzip", try Encoder.gzip(bytes)), ("zstd", try Encoder.zstd(bytes))] {
      let server = try LoopbackServer { _ in
        LoopbackServer.Reply(200, headers: ["Content-Encoding": name], body: body).delivered {
          $0.pieceSize = 1001
        }
      }
      try fetching.fetch(try fetching.request("\(server.url)/x"))
      #expect(try fetching.folder.read("file.bin") == bytes)
    }
  }

  @Test(arguments: ["compress", "gzip, zstd"])
  func anUnknownEncodingIsRefused(name: String) throws {
    let server = try LoopbackServer { _ in
      .init(200, headers: ["Content-Encoding": name], body: Self.gzip)
    }
    let url = "\(server.url)/x"
    #expect(
      fetching.failure(try fetching.request(url))
        == .badAnswer(url: url, reason: "an encoding nobody asked for, `\(name)`"))
  }

  @Test func anEncodedPointerIsRead() throws {
    let pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(Self.digest)\nsize 6000\n"
    let body = try Encoder.gzip(Array(pointer.utf8))
    let server = try LoopbackServer { request in
      request.path.contains("/raw/")
        ? .init(200, headers: ["Content-Encoding": "gzip"], body: body)
        : .init(body: Array(Self.text.utf8))
    }
    let file = try fetching.fetch(try fetching.request("\(server.url)/d/x/resolve/main/f"))
    #expect(file.sha256 == Self.digest)
  }

  @Test func anEncodedErrorIsReadable() throws {
    let body = try Encoder.gzip(Array("no such shard".utf8))
    let server = try LoopbackServer { _ in
      .init(404, headers: ["Content-Encoding": "gzip"], body: body)
    }
    let url = "\(server.url)/x"
    #expect(
      fetching.failure(try fetching.request(url))
        == .status(url: url, code: 404, excerpt: "no such shard"))
  }
}

/// What a server does to a body.
private enum Encoder {
  enum Fault: Error { case refused }

  static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard
      deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
        == Z_OK
    else { throw Fault.refused }
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    let status = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        return deflate(&stream, Z_FINISH)
      }
    }
    guard status == Z_STREAM_END else { throw Fault.refused }
    return Array(output.prefix(Int(stream.total_out)))
  }

  static func zstd(_ bytes: [UInt8]) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let count = ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
    guard ZSTD_isError(count) == 0 else { throw Fault.refused }
    return Array(output.prefix(count))
  }
}
