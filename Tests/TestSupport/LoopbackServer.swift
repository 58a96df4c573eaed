import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An HTTP/1.1 server on 127.0.0.1 that behaves as well or as badly as a test wants.
///
/// One thread a connection, so a stalled answer holds up nobody else. It stops with its last
/// reference, cutting what is still open.
package final class LoopbackServer: Sendable {
  package let port: UInt16
  private let state: ServerState

  /// `answer` is called on the thread of the connection.
  package init(_ answer: @escaping @Sendable (Request) -> Reply) throws(TemporaryFolderError) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else {
      throw TemporaryFolderError(operation: "socket", path: "127.0.0.1", code: errno)
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, length) == 0 && listen(listener, 512) == 0
          && getsockname(listener, generic, &length) == 0
      }
    }
    guard isListening else {
      close(listener)
      throw TemporaryFolderError(operation: "listen", path: "127.0.0.1", code: errno)
    }
    port = UInt16(bigEndian: address.sin_port)
    state = ServerState(listener: listener, answer: answer)
    let state = self.state
    ServerThread.start { state.acceptAll() }
  }

  deinit { stop() }

  package func stop() { state.stop() }

  /// `http://127.0.0.1:port`, without a slash at the end.
  package var url: String { "http://127.0.0.1:\(port)" }
  /// The same server under another name, hence another host to a client.
  package var otherURL: String { "http://localhost:\(port)" }

  /// All requests so far, in the order they came.
  package var requests: [Request] { state.requests }
  /// Connections accepted so far.
  package var connectionCount: Int { state.connectionCount }
  package func forgetRequests() { state.forgetRequests() }

  package func requests(for path: String) -> [Request] { requests.filter { $0.path == path } }
}

extension LoopbackServer {
  package struct Request: Sendable {
    package var method: String
    /// As sent: a path with its query, or a whole address when the server is used as a proxy.
    package var target: String
    /// Names in lower case.
    package var headers: [String: String]
    /// 0 for the first connection accepted.
    package var connection: Int
    /// Requests for this path before this one.
    package var earlier: Int

    package var path: String {
      String(target.utf8.prefix { $0 != UInt8(ascii: "?") }) ?? target
    }

    /// First byte of `Range: bytes=N-`.
    package var rangeStart: Int? {
      guard let range = headers["range"], range.hasPrefix("bytes="), range.hasSuffix("-") else {
        return nil
      }
      return Int(range.dropFirst(6).dropLast())
    }
  }

  /// An answer and how it is delivered.
  package struct Reply: Sendable {
    package var status: Int
    package var headers: [String: String]
    package var body: [UInt8]
    package var delivery = Delivery()

    package struct Delivery: Sendable {
      /// A length in the head that is not the body's.
      package var declaredLength: Int?
      /// How the end of the body is told.
      package var framing = Framing.length
      /// Bytes of the body after which the connection is cut.
      package var dropAfter: Int?
      /// Bytes of the body after which nothing more comes, for `stallSeconds`.
      package var stallAfter: Int?
      package var stallSeconds = 3600.0
      /// Seconds before the head.
      package var delay = 0.0
      /// Bytes sent in one go, with `pause` seconds after each.
      package var pieceSize = 1 << 20
      package var pause = 0.0
      /// Sent in place of head and body, before the connection is closed.
      package var rawAnswer: [UInt8]?

      package init() {}
    }

    package enum Framing: Sendable { case length, chunked, close }

    package init(_ status: Int = 200, headers: [String: String] = [:], body: [UInt8] = []) {
      self.status = status
      self.headers = headers
      self.body = body
    }

    package init(_ status: Int, _ text: String) {
      self.init(status, headers: ["Content-Type": "text/plain"], body: Array(text.utf8))
    }

    /// Changes how it is delivered.
    package func delivered(_ change: (inout Delivery) -> Void) -> Reply {
      var reply = self
      change(&reply.delivery)
      return reply
    }

    package func with(_ name: String, _ value: String) -> Reply {
      var reply = self
      reply.headers[name] = value
      return reply
    }

    /// A correct answer to a request for a whole file or its rest.
    package static func file(
      _ bytes: [UInt8], for request: Request, entityTag: String? = nil, lastModified: String? = nil
    ) -> Reply {
      var headers = ["Accept-Ranges": "bytes"]
      headers["ETag"] = entityTag
      headers["Last-Modified"] = lastModified
      let condition = request.headers["if-range"]
      let isSame = condition == nil || condition == entityTag || condition == lastModified
      guard let start = request.rangeStart, isSame else {
        return Reply(200, headers: headers, body: bytes)
      }
      guard start < bytes.count else {
        headers["Content-Range"] = "bytes */\(bytes.count)"
        return Reply(416, headers: headers)
      }
      headers["Content-Range"] = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
      return Reply(206, headers: headers, body: Array(bytes[start...]))
    }
  }
}
