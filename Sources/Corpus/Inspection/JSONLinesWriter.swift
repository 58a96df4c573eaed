import CSystem
package import JSON

/// Gathers JSON values, one a line, and hands them on in blocks.
package struct JSONLinesWriter {
  package typealias Sink = (UnsafeRawBufferPointer) throws(CorpusError) -> Void

  private static let blockSize = 1 << 18
  private var buffer: [UInt8] = []
  private let sink: Sink

  package init(sink: @escaping Sink) {
    self.sink = sink
    buffer.reserveCapacity(Self.blockSize + 4096)
  }

  package mutating func write(_ value: JSONValue) throws(CorpusError) {
    buffer.append(contentsOf: JSONWriter.text(value).utf8)
    try endLine()
  }

  mutating func writeNull() throws(CorpusError) {
    buffer.append(contentsOf: "null".utf8)
    try endLine()
  }

  /// Writes valid UTF-8 as a JSON string.
  mutating func writeText(_ bytes: UnsafeRawBufferPointer) throws(CorpusError) {
    Self.appendString(bytes, to: &buffer)
    try endLine()
  }

  /// Hands on what is left.
  package mutating func finish() throws(CorpusError) {
    if buffer.isEmpty { return }
    try buffer.withUnsafeBufferPointer { block throws(CorpusError) in
      try sink(UnsafeRawBufferPointer(block))
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private mutating func endLine() throws(CorpusError) {
    buffer.append(0x0a)
    if buffer.count >= Self.blockSize { try finish() }
  }

  /// Appends valid UTF-8 as a JSON string, quotes included; runs without escapes are copied whole.
  static func appendString(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
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
    output.append(UInt8(ascii: "\""))
  }

  private static func appendEscape(_ byte: UInt8, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
    case 0x0a: output.append(UInt8(ascii: "n"))
    case 0x0d: output.append(UInt8(ascii: "r"))
    case 0x09: output.append(UInt8(ascii: "t"))
    default:
      let digits: StaticString = "0123456789abcdef"
      output.append(contentsOf: "u00".utf8)
      output.append(digits.utf8Start[Int(byte >> 4)])
      output.append(digits.utf8Start[Int(byte & 15)])
    }
  }

  /// Appends `text` as a JSON string, quotes included.
  static func appendString(_ text: String, to output: inout [UInt8]) {
    var text = text
    text.withUTF8 { appendString(UnsafeRawBufferPointer($0), to: &output) }
  }
}
