/// `${env:NAME}`, which stands for a variable of the environment: what the pipeline file accepts and
/// what a worker looks up.
package enum VariableReference {
  package static let opening = "${env:"

  /// The variable's name when `text` is a reference and nothing else.
  package static func name(in text: String) -> String? {
    guard text.hasPrefix(opening), text.hasSuffix("}") else { return nil }
    let name = String(text.dropFirst(opening.count).dropLast())
    return isName(name) ? name : nil
  }

  /// `[A-Za-z_][A-Za-z0-9_]*`
  package static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        true
      default: isDigit(byte)
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
