/// The status and those header fields of an answer that decide what happens to its body.
package struct ResponseHead {
  var status = 0
  /// Nil too where the body says itself where it ends, whatever a length says (RFC 9112, 6.3).
  var contentLength: Int? { isDelimited ? nil : statedLength }
  private var statedLength: Int?
  private var isDelimited = false
  var contentRange: ContentRange?
  var entityTag: String?
  var lastModified: String?
  /// In lower case; nil where the body is not encoded.
  var contentEncoding: String?
  /// A length or range that is no number: nothing can be concluded from the answer.
  var isMalformed = false
  /// Seconds from `now` on.
  var retryAfter: Double?
  /// The last line was the empty one that ends the head.
  var isComplete = false

  package init() {}

  var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

  /// `bytes first-last/total`, or `bytes */total` with a nil range.
  struct ContentRange: Equatable {
    var range: ClosedRange<Int>?
    var total: Int?
  }

  /// Takes one line with its line end. A status line begins a new head: an answer may follow
  /// others on the way to it (100, 103, a proxy's).
  package mutating func take(_ line: UnsafeRawBufferPointer, now: () -> Double) {
    var line = line
    while let last = line.last, last == 0x0a || last == 0x0d {
      line = UnsafeRawBufferPointer(rebasing: line.dropLast())
    }
    if line.isEmpty {
      isComplete = status >= 200
      return
    }
    if line.starts(with: "HTTP/".utf8) {
      self = ResponseHead()
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
      status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
      return
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
      let name = Self.names.first(where: { Self.isSame(line[..<colon], $0) })
    else { return }
    let value = Self.trimmed(line[(colon + 1)...])
    switch name {
    case "content-length":
      statedLength = Int(value).flatMap { $0 >= 0 ? $0 : nil }
      if statedLength == nil { isMalformed = true }
    case "transfer-encoding": isDelimited = true
    case "content-range":
      contentRange = Self.parseRange(value)
      if contentRange == nil { isMalformed = true }
    case "content-encoding":
      let encoding = value.lowercased()
      if !encoding.isEmpty, encoding != "identity" {
        contentEncoding = (contentEncoding.map { $0 + ", " } ?? "") + encoding
      }
    case "etag": entityTag = value.hasPrefix("\"") && value.utf8.count >= 2 ? value : nil
    case "last-modified": lastModified = value.isEmpty ? nil : value
    case "retry-after":
      if let seconds = Int(value) {
        retryAfter = max(0, Double(seconds))
      } else if let date = HTTPDate.seconds(value) {
        retryAfter = max(0, Double(date) - now())
      }
    default: break
    }
  }

  /// Whether a field's name is this one, in whatever case.
  private static func isSame(_ bytes: Slice<UnsafeRawBufferPointer>, _ name: String) -> Bool {
    bytes.count == name.utf8.count
      && zip(bytes, name.utf8).allSatisfy { byte, letter in
        byte == letter || (byte ^ letter == 0x20 && letter >= UInt8(ascii: "a"))
      }
  }

  private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    guard let first = bytes.firstIndex(where: { !isBlank($0) }),
      let last = bytes.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }

  private static let names = [
    "content-length", "content-range", "content-encoding", "transfer-encoding", "etag",
    "last-modified", "retry-after",
  ]

  static func parseRange(_ value: String) -> ContentRange? {
    guard value.lowercased().hasPrefix("bytes") else { return nil }
    let parts = trim(String(value.dropFirst(5))).split(
      separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let total = Int(parts[1])
    guard total != nil || parts[1] == "*", total ?? 0 >= 0 else { return nil }
    if parts[0] == "*" { return ContentRange(range: nil, total: total) }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first >= 0,
      first <= last, last < Int.max, last < total ?? Int.max
    else { return nil }
    return ContentRange(range: first...last, total: total)
  }

  private static func trim(_ text: String) -> String {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    guard let first = text.firstIndex(where: { !isBlank($0) }),
      let last = text.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(text[first...last])
  }
}
