/// Where a file comes from: a place on this machine, or a web address.
package enum SourceURL: Sendable, Hashable {
  /// Absolute, or relative to whatever the caller takes as its root.
  case local(path: String)
  case remote(WebURL)

  /// Reads a path, `file://` URL or `http(s)://` URL.
  package init(_ text: String) throws(TransferError) {
    guard let separator = Bytes.firstRange(of: "://", in: text),
      Self.isScheme(text[..<separator.lowerBound])
    else {
      guard !text.isEmpty else { throw .unusableURL(text, reason: "it is empty") }
      guard !text.utf8.contains(0) else { throw .unusableURL(text, reason: "it contains NUL") }
      self = .local(path: text)
      return
    }
    switch text[..<separator.lowerBound].lowercased() {
    case "http", "https": self = .remote(try WebURL(text))
    case "file":
      var rest = text[separator.upperBound...]
      if rest.hasPrefix("localhost/") { rest = rest.dropFirst("localhost".count) }
      guard rest.hasPrefix("/") else {
        throw .unusableURL(text, reason: "a file URL needs an absolute path: file:///folder/name")
      }
      let path = Percent.decode(rest)
      guard !path.utf8.contains(0) else { throw .unusableURL(text, reason: "it contains NUL") }
      self = .local(path: path)
    case let scheme:
      throw .unusableURL(text, reason: "`\(scheme)` is none of file, http and https")
    }
  }

  /// Without what may be secret.
  var forDisplay: String {
    switch self {
    case .remote(let url): url.forDisplay
    case .local(let path): path
    }
  }

  /// Nil for a place on this machine.
  package var remote: WebURL? { if case .remote(let url) = self { url } else { nil } }

  /// The name after the last slash, decoded; nil when there is none that can name a file.
  package var fileName: String? {
    let name: String
    switch self {
    case .local(let path): name = String(path.split(separator: "/").last ?? "")
    case .remote(let url):
      let slash = url.path.utf8.lastIndex(of: UInt8(ascii: "/"))
      let start = slash.map { url.path.utf8.index(after: $0) } ?? url.path.startIndex
      name = Percent.decode(url.path[start...])
    }
    return FileName.isPlain(name) ? name : nil
  }

  private static func isScheme(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

/// An `http://` or `https://` address, taken apart as far as downloads need.
package struct WebURL: Sendable, Hashable, CustomStringConvertible {
  /// As given, without a fragment.
  package let text: String
  /// `https://host:port`, in lower case, the port always there: who gets to see credentials.
  package let origin: String
  /// From the slash after the host up to the query; at least "/".
  package let path: String
  /// With its question mark; empty when there is none.
  package let query: String

  package var description: String { text }

  package init(_ given: String) throws(TransferError) {
    let text = String(given.utf8.prefix { $0 != UInt8(ascii: "#") }) ?? given
    guard let separator = Bytes.firstRange(of: "://", in: text) else {
      throw .unusableURL(given, reason: "it has no scheme")
    }
    for byte in text.utf8 where byte <= 0x20 || byte == 0x7f {
      throw .unusableURL(given, reason: "it contains a space or control character")
    }
    let scheme = text[..<separator.lowerBound].lowercased()
    let rest = text[separator.upperBound...]
    let authorityEnd =
      rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
    let authority = rest[..<authorityEnd]
    let userEnd = authority.utf8.lastIndex(of: UInt8(ascii: "@"))
    let host = authority[(userEnd.map { authority.utf8.index(after: $0) } ?? rest.startIndex)...]
    guard let first = host.utf8.first, first != UInt8(ascii: ":") else {
      throw .unusableURL(given, reason: "it names no host")
    }
    guard first == UInt8(ascii: "[") || !host.utf8.contains(UInt8(ascii: "%")) else {
      throw .unusableURL(given, reason: "its host contains a percent sign")
    }
    let colon = host.utf8.lastIndex(of: UInt8(ascii: ":"))
    let hasPort = colon.map { !host[$0...].utf8.contains(UInt8(ascii: "]")) } ?? false
    self.text = text
    origin =
      "\(scheme)://\(host.lowercased())" + (hasPort ? "" : scheme == "https" ? ":443" : ":80")
    let tail = rest[authorityEnd...]
    let queryStart = tail.utf8.firstIndex(of: UInt8(ascii: "?")) ?? tail.endIndex
    path = queryStart == tail.startIndex ? "/" : String(tail[..<queryStart])
    query = String(tail[queryStart...])
  }

  /// The address with its scheme and host replaced by `base`, whose own path goes in front.
  package func replacingOrigin(with base: String) -> String {
    (base.hasSuffix("/") ? String(base.dropLast()) : base) + path + query
  }

  /// The file at the same path below `base`, a web address or a folder of this machine.
  package func under(_ base: String) throws(TransferError) -> SourceURL {
    guard case .local(let folder) = try SourceURL(base) else {
      return try SourceURL(replacingOrigin(with: base))
    }
    let path =
      (folder.hasSuffix("/") ? String(folder.dropLast()) : folder) + Percent.decode(path + query)
    guard !path.utf8.contains(0) else { throw .unusableURL(text, reason: "it contains NUL") }
    return .local(path: path)
  }

  /// Where a hub keeps the Git-LFS pointer of this file; nil when this is no hub's download URL.
  var pointerURL: String? {
    guard Bytes.firstRange(of: "/resolve/", in: path) != nil,
      let range = Bytes.firstRange(of: "/resolve/", in: text)
    else { return nil }
    return text[..<range.lowerBound] + "/raw/" + text[range.upperBound...]
  }

  /// Name and password, `name:password`; empty when there are none.
  var userInfo: String {
    guard let separator = Bytes.firstRange(of: "://", in: text) else { return "" }
    let authority = text[separator.upperBound...].utf8
      .prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    guard let end = authority.lastIndex(of: UInt8(ascii: "@")) else { return "" }
    return Percent.decode(text[authority.startIndex..<end])
  }

  /// Without name, password and query, which may hold secrets.
  package var forDisplay: String {
    guard let separator = text.firstRange(of: "://") else { return text }
    let rest = text[separator.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let host = authority.split(separator: "@").last ?? authority
    return text[..<separator.upperBound] + host + path
  }
}

/// Names that are one path component.
package enum FileName {
  package static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 240
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 }
  }
}

/// Bytes of addresses as `%41`.
package enum Percent {
  package enum Place { case path, query }

  /// Text as a part of an address that means just this text: whatever separates parts there is encoded.
  package static func encode(_ text: String, in place: Place) -> String {
    guard !text.utf8.allSatisfy(isUnreserved) else { return text }
    var result: [UInt8] = []
    for byte in text.utf8 {
      if isUnreserved(byte) || (place == .path && pathSigns.contains(byte)) {
        result.append(byte)
      } else {
        result.append(UInt8(ascii: "%"))
        result += Hexadecimal.text([byte]).uppercased().utf8
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Signs without a meaning of their own in any place (RFC 3986).
  package static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// Signs that separate nothing within a path.
  private static let pathSigns = Set("!$&'()*+,;=:@".utf8)

  /// `%41` → `A`; a percent sign without two hexadecimal digits stays as it is.
  static func decode(_ text: some StringProtocol) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let high = Hexadecimal.value(bytes[index + 1]),
        let low = Hexadecimal.value(bytes[index + 2])
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

/// Searches by bytes: thousands of addresses are taken apart, and comparing characters as people see
/// them takes a hundred times as long.
enum Bytes {
  static func firstRange(of pattern: StaticString, in text: String) -> Range<String.Index>? {
    let length = pattern.utf8CodeUnitCount
    let wanted = UnsafeBufferPointer(start: pattern.utf8Start, count: length)
    var rest = text.utf8[...]
    while let start = rest.firstIndex(of: wanted[0]) {
      rest = rest[start...]
      guard rest.count >= length else { return nil }
      if rest.starts(with: wanted) { return start..<rest.index(start, offsetBy: length) }
      rest = rest.dropFirst()
    }
    return nil
  }

  static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
    text.utf8.count >= suffix.utf8.count
      && text.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }
}

enum Hexadecimal {
  static func value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  static func text(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
      let digits = String(byte, radix: 16)
      text += digits.utf8.count == 1 ? "0\(digits)" : digits
    }
    return text
  }
}
