/// A scalar resolved by the core schema of YAML 1.2, so that `no` and `on` stay strings.
package enum YAMLScalar: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)

  /// Resolves the text of a plain scalar. An integer past 64 bits becomes a `Double`.
  package init(plain text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "true", "True", "TRUE": self = .bool(true)
    case "false", "False", "FALSE": self = .bool(false)
    case ".nan", ".NaN", ".NAN": self = .double(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .double(.infinity)
    case "-.inf", "-.Inf", "-.INF": self = .double(-.infinity)
    default: self = Self.number(text) ?? .string(text)
    }
  }

  private static func number(_ text: String) -> YAMLScalar? {
    guard let first = text.utf8.first, first < UInt8(ascii: ":") else { return nil }
    if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16).flatMap(nonSigned(text)) }
    if text.hasPrefix("0o") { return Int(text.dropFirst(2), radix: 8).flatMap(nonSigned(text)) }
    var isFloat = false
    var digits = 0
    var bytes = Array(text.utf8)[...]
    if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
    digits += skipDigits(&bytes)
    if bytes.first == UInt8(ascii: ".") {
      isFloat = true
      bytes.removeFirst()
      digits += skipDigits(&bytes)
    }
    guard digits > 0 else { return nil }
    if let byte = bytes.first, byte | 0x20 == UInt8(ascii: "e") {
      isFloat = true
      bytes.removeFirst()
      if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") {
        bytes.removeFirst()
      }
      guard skipDigits(&bytes) > 0 else { return nil }
    }
    guard bytes.isEmpty else { return nil }
    if !isFloat, let value = Int(text) { return .int(value) }
    // Swift wants a digit on both sides of the point; YAML does not.
    return Double(text).map { .double($0) } ?? Double(text + "0").map { .double($0) }
  }

  /// Hexadecimal and octal numbers carry no sign after their prefix.
  private static func nonSigned(_ text: String) -> (Int) -> YAMLScalar? {
    { value in
      let sign = text.utf8.dropFirst(2).first
      return sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? nil : .int(value)
    }
  }

  private static func skipDigits(_ bytes: inout ArraySlice<UInt8>) -> Int {
    let before = bytes.count
    while let byte = bytes.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      bytes.removeFirst()
    }
    return before - bytes.count
  }
}

extension YAMLNode {
  /// The scalar's value; a quoted one is a string. Nil for a collection.
  package var scalar: YAMLScalar? {
    guard kind == .scalar else { return nil }
    return isPlain ? YAMLScalar(plain: text) : .string(text)
  }

  /// A plain `null`, `~` or nothing at all.
  package var isNull: Bool { isPlain && hasLengthOfNull && YAMLScalar(plain: text) == .null }
}
