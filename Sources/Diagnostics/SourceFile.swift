/// A text that diagnostics point into.
package struct SourceFile: Sendable, Hashable {
  /// The path as it is shown to the user.
  package var name: String
  /// The path it was read from; equal to `name` for a text that is no file.
  package var path: String
  package var bytes: [UInt8]

  package init(name: String, path: String? = nil, bytes: [UInt8]) {
    self.name = name
    self.path = path ?? name
    self.bytes = bytes
  }

  package init(name: String, text: String) {
    self.init(name: name, bytes: Array(text.utf8))
  }

  /// Offsets of the first byte of every line; `\n`, `\r\n` and `\r` end a line, and the line ends of
  /// Unicode that libyaml counts (U+0085, U+2028, U+2029).
  package func lineStarts() -> [Int] {
    var starts = [0]
    bytes.withUnsafeBufferPointer { bytes in
      var index = 0
      while index < bytes.count {
        if bytes[index] == UInt8(ascii: "\n") {
          starts.append(index + 1)
        } else if bytes[index] == UInt8(ascii: "\r") {
          if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\n") { index += 1 }
          starts.append(index + 1)
        } else if bytes[index] >= 0xc2, let length = Self.lineEnd(bytes[index...].prefix(3)) {
          index += length - 1
          starts.append(index + 1)
        }
        index += 1
      }
    }
    return starts
  }

  private static func lineEnd(_ bytes: some Collection<UInt8>) -> Int? {
    if bytes.starts(with: [0xc2, 0x85]) { return 2 }
    return bytes.starts(with: [0xe2, 0x80, 0xa8]) || bytes.starts(with: [0xe2, 0x80, 0xa9])
      ? 3 : nil
  }

  /// The text of a 1-based line without its end; nil past the end. Invalid UTF-8 is replaced.
  package func line(_ number: Int, lineStarts: [Int]) -> String? {
    guard number >= 1, number <= lineStarts.count else { return nil }
    let start = lineStarts[number - 1]
    var end = number < lineStarts.count ? lineStarts[number] : bytes.count
    while end > start, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r")
    {
      end -= 1
    }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }
}
