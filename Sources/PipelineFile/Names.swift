import ByteCoding

/// Rules for names that become parts of paths and variables.
enum NameRule {
  private static let maximumBytes = 150

  /// What is wrong with a name of an asset or a profile, which becomes a file's name.
  static func faultOfName(_ name: String) -> String? {
    if let fault = faultOfFileName(name) { return fault }
    if isSimple(name) { return nil }
    for scalar in name.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": continue
      default:
        let isWordPart =
          scalar.value >= 0x80 && scalar.properties.isXIDContinue
        if !isWordPart { return "use letters, digits, `_`, `-` and `.`" }
      }
    }
    return name.utf8.first == UInt8(ascii: "-") ? "it may not begin with `-`" : nil
  }

  /// What is wrong with a partition's value, which becomes a folder's name.
  static func faultOfFileName(_ name: String) -> String? {
    if name.isEmpty { return "it is empty" }
    if name.utf8.first == UInt8(ascii: ".") { return "it may not begin with `.`" }
    if name.utf8.count > maximumBytes { return "it is longer than \(maximumBytes) bytes" }
    for byte in name.utf8 where byte == UInt8(ascii: "/") || byte < 0x20 || byte == 0x7f {
      return byte == UInt8(ascii: "/")
        ? "it may not contain `/`" : "it may not contain control characters"
    }
    return nil
  }

  /// `[A-Za-z_][A-Za-z0-9_]*`
  static func isVariableName(_ name: String) -> Bool { VariableReference.isName(name) }

  private static func isSimple(_ name: String) -> Bool {
    guard let first = name.utf8.first, first != UInt8(ascii: "-") else { return false }
    return name.utf8.allSatisfy {
      isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        || $0 == UInt8(ascii: ".")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
