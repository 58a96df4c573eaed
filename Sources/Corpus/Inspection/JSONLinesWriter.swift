import CSystem
package import JSON

/// Gathers JSON values, one a line, and hands them on in blocks, also in the middle of a value: what
/// it holds is bounded however long a text is.
package struct JSONLinesWriter {
  package typealias Sink = (UnsafeRawBufferPointer) throws(CorpusError) -> Void

  private static let blockSize = 1 << 18
  /// Text that is escaped in one go; a byte becomes six at most.
  private static let pieceSize = 1 << 16
  private var buffer: [UInt8] = []
  private let sink: Sink

  private init(sink: @escaping Sink) {
    self.sink = sink
    buffer.reserveCapacity(Self.blockSize + 6 * Self.pieceSize + 4096)
  }

  /// Hands on what `body` writes; when it throws, what it wrote before.
  package static func stream(
    to sink: @escaping Sink, _ body: (inout JSONLinesWriter) throws(CorpusError) -> Void
  ) throws(CorpusError) {
    var writer = JSONLinesWriter(sink: sink)
    do throws(CorpusError) { try body(&writer) } catch {
      try writer.flush()
      throw error
    }
    try writer.flush()
  }

  package mutating func write(_ value: JSONValue) throws(CorpusError) {
    try append(value)
    try endLine()
  }

  mutating func writeNull() throws(CorpusError) {
    buffer.append(contentsOf: "null".utf8)
    try endLine()
  }

  /// Writes valid UTF-8 as a JSON string.
  mutating func writeText(_ bytes: UnsafeRawBufferPointer) throws(CorpusError) {
    try append(bytes)
    try endLine()
  }

  private mutating func endLine() throws(CorpusError) {
    buffer.append(0x0a)
    try flushIfFull()
  }

  private mutating func flushIfFull() throws(CorpusError) {
    if buffer.count >= Self.blockSize { try flush() }
  }

  /// What was handed on is not handed on again, also when the sink threw.
  private mutating func flush() throws(CorpusError) {
    if buffer.isEmpty { return }
    defer { buffer.removeAll(keepingCapacity: true) }
    try buffer.withUnsafeBufferPointer { block throws(CorpusError) in
      try sink(UnsafeRawBufferPointer(block))
    }
  }

  // MARK: Values

  /// As `JSONWriter` writes it, but that of texts only what JSON asks for is escaped.
  private mutating func append(_ value: JSONValue) throws(CorpusError) {
    switch value {
    case .null, .bool, .int, .unsigned, .double:
      buffer.append(contentsOf: JSONWriter.text(value).utf8)
      try flushIfFull()
    case .string(let text): try append(text)
    case .array(let elements):
      buffer.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { buffer.append(UInt8(ascii: ",")) }
        try append(element)
      }
      buffer.append(UInt8(ascii: "]"))
    case .object(let members):
      buffer.append(UInt8(ascii: "{"))
      for (index, member) in JSONWriter.sorted(members).enumerated() {
        if index > 0 { buffer.append(UInt8(ascii: ",")) }
        try append(member.key)
        buffer.append(UInt8(ascii: ":"))
        try append(member.value)
      }
      buffer.append(UInt8(ascii: "}"))
    }
  }

  private mutating func append(_ text: String) throws(CorpusError) {
    var text = text
    let outcome: Result<Void, CorpusError> = text.withUTF8 { bytes in
      do throws(CorpusError) { return .success(try append(UnsafeRawBufferPointer(bytes))) } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  private mutating func append(_ text: UnsafeRawBufferPointer) throws(CorpusError) {
    buffer.append(UInt8(ascii: "\""))
    var position = 0
    while position < text.count {
      let end = min(position + Self.pieceSize, text.count)
      Self.appendEscaped(UnsafeRawBufferPointer(rebasing: text[position..<end]), to: &buffer)
      position = end
      try flushIfFull()
    }
    buffer.append(UInt8(ascii: "\""))
  }

  /// Appends valid UTF-8, or any part of it, without quotes; runs without escapes are copied whole.
  private static func appendEscaped(
    _ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]
  ) {
    let text = bytes.assumingMemoryBound(to: UInt8.self)
    var position = 0
    while let base = text.baseAddress, position < text.count {
      let plain = nb_json_plain_prefix(base + position, text.count - position)
      output.append(contentsOf: UnsafeBufferPointer(start: base + position, count: plain))
      position += plain
      guard position < text.count else { break }
      appendEscape(text[position], to: &output)
      position += 1
    }
  }

  private static func appendEscape(_ byte: UInt8, to output: inout [UInt8]) {
    let backslash = UInt8(ascii: "\\")
    func append(_ letter: UInt8) {
      output.append(backslash)
      output.append(letter)
    }
    switch byte {
    case UInt8(ascii: "\""), backslash: append(byte)
    case 0x0a: append(UInt8(ascii: "n"))
    case 0x0d: append(UInt8(ascii: "r"))
    case 0x09: append(UInt8(ascii: "t"))
    default:
      let (zero, digits): (UInt8, StaticString) = (UInt8(ascii: "0"), "0123456789abcdef")
      // In one go: a text may be nothing else.
      let escape = (
        backslash, UInt8(ascii: "u"), zero, zero, zero + (byte >> 4),
        digits.utf8Start[Int(byte & 15)]
      )
      withUnsafeBytes(of: escape) { output.append(contentsOf: $0) }
    }
  }

  /// Appends `text` as a JSON string, quotes included.
  static func appendString(_ text: String, to output: inout [UInt8]) {
    var text = text
    output.append(UInt8(ascii: "\""))
    text.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), to: &output) }
    output.append(UInt8(ascii: "\""))
  }
}
