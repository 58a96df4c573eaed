import ByteCoding

/// `${env:NAME}`, which stands for a variable of the environment the step runs in.
enum SecretReference {
  /// Whether `${env:` stands anywhere in the text. Over bytes, because searching every command for a
  /// `String` took a quarter of the time a large file needs.
  static func stands(in text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = bytes[...]
      while let start = rest.firstIndex(of: UInt8(ascii: "$")) {
        if bytes[start...].starts(with: opening) { return true }
        rest = bytes[(start + 1)...]
      }
      return false
    }
  }

  private static let opening = Array(VariableReference.opening.utf8)
}
