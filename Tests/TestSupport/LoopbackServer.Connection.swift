import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the threads of a server share.
final class ServerState: Sendable {
  private struct Contents {
    var requests: [LoopbackServer.Request] = []
    var counts: [String: Int] = [:]
    var connections: Set<Int32> = []
    var connectionCount = 0
    var isStopped = false
  }

  private let listener: Int32
  private let answer: @Sendable (LoopbackServer.Request) -> LoopbackServer.Reply
  private let contents = Mutex(Contents())

  init(
    listener: Int32,
    answer: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Reply
  ) {
    self.listener = listener
    self.answer = answer
  }

  deinit { close(listener) }

  var requests: [LoopbackServer.Request] { contents.withLock { $0.requests } }
  var connectionCount: Int { contents.withLock { $0.connectionCount } }
  var isStopped: Bool { contents.withLock { $0.isStopped } }

  func forgetRequests() {
    contents.withLock {
      $0.requests = []
      $0.counts = [:]
    }
  }

  func stop() {
    contents.withLock {
      $0.isStopped = true
      for connection in $0.connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  func acceptAll() {
    while !isStopped {
      let connection = accept(listener, nil, nil)
      if connection < 0 {
        if errno == EINTR || errno == ECONNABORTED || errno == EMFILE { continue }
        return
      }
      var on: Int32 = 1
      setsockopt(
        connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
      let number = contents.withLock { contents -> Int? in
        guard !contents.isStopped else { return nil }
        contents.connections.insert(connection)
        contents.connectionCount += 1
        return contents.connectionCount - 1
      }
      guard let number else {
        close(connection)
        return
      }
      ServerThread.start {
        ServerConnection(descriptor: connection, number: number, state: self).serve()
        self.contents.withLock { _ = $0.connections.remove(connection) }
        // For everyone: a program that another test has started just now may have inherited it.
        shutdown(connection, Int32(SHUT_RDWR))
        close(connection)
      }
    }
  }

  func reply(to request: LoopbackServer.Request) -> LoopbackServer.Reply {
    var request = request
    contents.withLock {
      request.earlier = $0.counts[request.path, default: 0]
      $0.counts[request.path, default: 0] += 1
      $0.requests.append(request)
    }
    return answer(request)
  }
}

/// One client, served until it or the server has enough.
struct ServerConnection {
  let descriptor: Int32
  let number: Int
  let state: ServerState

  func serve() {
    var pending: [UInt8] = []
    while let request = readRequest(&pending) {
      guard deliver(state.reply(to: request), toHead: request.method == "HEAD") else { return }
      if request.headers["connection"]?.lowercased() == "close" { return }
    }
  }

  private func readRequest(_ pending: inout [UInt8]) -> LoopbackServer.Request? {
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      if let end = Self.endOfHead(pending) {
        defer { pending.removeSubrange(..<end) }
        return parse(pending[..<end])
      }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0, pending.count < 1 << 20 else { return nil }
      pending += chunk[..<count]
    }
  }

  /// Behind the empty line.
  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    var newlines = 0
    for (index, byte) in bytes.enumerated() where byte != 13 {
      newlines = byte == 10 ? newlines + 1 : 0
      if newlines == 2 { return index + 1 }
    }
    return nil
  }

  /// By bytes: comparing characters would take longer than all else the server does.
  private func parse(_ head: ArraySlice<UInt8>) -> LoopbackServer.Request? {
    let lines = head.split { $0 == 13 || $0 == 10 }
    let words = lines.first?.split(separator: UInt8(ascii: " ")) ?? []
    guard words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let name = line[..<colon].map { 65...90 ~= $0 ? $0 | 0x20 : $0 }
      let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
      headers[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
    }
    return LoopbackServer.Request(
      method: String(decoding: words[0], as: UTF8.self),
      target: String(decoding: words[1], as: UTF8.self), headers: headers, connection: number,
      earlier: 0)
  }

  /// False when the connection is used up.
  private func deliver(_ reply: LoopbackServer.Reply, toHead isHead: Bool) -> Bool {
    let delivery = reply.delivery
    guard sleep(delivery.delay) else { return false }
    if let raw = delivery.rawAnswer {
      _ = send(raw[...])
      return false
    }
    var head = "HTTP/1.1 \(reply.status) Test\r\n"
    for (name, value) in reply.headers.sorted(by: { $0.key < $1.key }) {
      head += "\(name): \(value)\r\n"
    }
    switch delivery.framing {
    case .length: head += "Content-Length: \(delivery.declaredLength ?? reply.body.count)\r\n"
    case .chunked: head += "Transfer-Encoding: chunked\r\n"
    case .close: head += "Connection: close\r\n"
    }
    head += "\r\n"
    var output = Array(head.utf8)
    if isHead { return send(output[...]) }
    var position = 0
    let limit = min(delivery.dropAfter ?? Int.max, delivery.stallAfter ?? Int.max)
    while position < min(reply.body.count, limit) {
      let count = min(delivery.pieceSize, min(reply.body.count, limit) - position)
      let piece = reply.body[position..<(position + count)]
      if delivery.framing == .chunked {
        output += Array((String(count, radix: 16) + "\r\n").utf8) + piece + [13, 10]
      } else {
        output += piece
      }
      guard send(output[...]) else { return false }
      output = []
      position += count
      if delivery.pause > 0, !sleep(delivery.pause) { return false }
    }
    guard send(output[...]) else { return false }
    if let stall = delivery.stallAfter, position >= min(stall, reply.body.count) {
      _ = sleep(delivery.stallSeconds)
      return false
    }
    if delivery.dropAfter != nil { return false }
    if delivery.framing == .chunked { return send(Array("0\r\n\r\n".utf8)[...]) }
    return delivery.framing == .length
      && delivery.declaredLength ?? reply.body.count == reply.body.count
  }

  private func send(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count {
        let count = systemSend(
          descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
          Int32(MSG_NOSIGNAL))
        if count > 0 {
          sent += count
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }

  /// False when the server was stopped meanwhile.
  private func sleep(_ seconds: Double) -> Bool {
    var left = seconds
    while left > 0 {
      if state.isStopped { return false }
      usleep(UInt32(min(left, 0.02) * 1e6))
      left -= 0.02
    }
    return !state.isStopped
  }
}

enum ServerThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` in a thread of its own.
  static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Body(body))
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if code == 0 {
      pthread_detach(thread)
    } else {
      box.release()
    }
  }
}

/// `send(2)`; inside `ServerConnection` the name means its own method.
private func systemSend(
  _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  send(descriptor, bytes, count, flags)
}
