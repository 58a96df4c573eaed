/// What a text looks like on a terminal.
package enum PrintableText {
  /// `text` with control characters other than `kept` replaced, so that a file can't drive the
  /// user's terminal.
  package static func clean(_ text: String, keeping kept: String = "\n\t") -> String {
    // Most texts are plain: tables have tens of thousands of cells.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
    let kept = kept.unicodeScalars
    func isReplaced(_ scalar: Unicode.Scalar) -> Bool {
      isControl(scalar) && !kept.contains(scalar)
    }
    guard text.unicodeScalars.contains(where: isReplaced) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isReplaced(scalar) ? "\u{fffd}" : scalar) }
    return String(result)
  }

  /// Terminal cells a text fills; control characters count as one.
  package static func width(of text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + (isControl($1) ? 1 : width(of: $1)) }
  }

  /// How one character is shown at a column of the terminal: tabs stop at every fourth.
  static func cells(of scalar: Unicode.Scalar, at column: Int) -> (text: String, width: Int) {
    if scalar == "\t" {
      let width = 4 - column % 4
      return (String(repeating: " ", count: width), width)
    }
    if isControl(scalar) { return ("\u{fffd}", 1) }
    return (String(Character(scalar)), width(of: scalar))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
    default: false
    }
  }

  /// 0 for marks that combine, 2 for East Asian wide characters and emoji, otherwise 1.
  private static func width(of scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
      0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff,
      0x1f900...0x1f9ff, 0x20000...0x3fffd:
      return 2
    default: return scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }
}
