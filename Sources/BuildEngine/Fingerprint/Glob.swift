/// Shell-like patterns over paths: `*`, `?`, `[a-z]`, `[!a-z]` within a component, `**` for any
/// number of folders. A leading dot is matched only by a dot in the pattern.
enum Glob {
  static func isPattern(_ path: String) -> Bool {
    path.utf8.contains {
      $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[")
    }
  }

  /// Whether `name`, one component, fits `pattern`, one component.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    if name.utf8.first == UInt8(ascii: "."), pattern.utf8.first != UInt8(ascii: ".") {
      return false
    }
    return matches(Array(name.unicodeScalars)[...], Array(pattern.unicodeScalars)[...])
  }

  private static func matches(
    _ name: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>
  ) -> Bool {
    var name = name
    var pattern = pattern
    // The last star and the text after which it stood, to try again with the star one longer.
    var retry: (name: ArraySlice<Unicode.Scalar>, pattern: ArraySlice<Unicode.Scalar>)?
    while true {
      if pattern.first == "*" {
        pattern = pattern.dropFirst()
        retry = (name, pattern)
      } else if let scalar = name.first, let rest = matchOne(scalar, pattern) {
        name = name.dropFirst()
        pattern = rest
      } else if name.isEmpty && pattern.isEmpty {
        return true
      } else if let last = retry, !last.name.isEmpty {
        name = last.name.dropFirst()
        pattern = last.pattern
        retry = (name, pattern)
      } else {
        return false
      }
    }
  }

  /// The rest of the pattern after it matched one scalar.
  private static func matchOne(
    _ scalar: Unicode.Scalar, _ pattern: ArraySlice<Unicode.Scalar>
  ) -> ArraySlice<Unicode.Scalar>? {
    guard let first = pattern.first else { return nil }
    if first == "?" { return pattern.dropFirst() }
    guard first == "[", let end = pattern.dropFirst(2).firstIndex(of: "]") else {
      return first == scalar ? pattern.dropFirst() : nil
    }
    var set = pattern[pattern.index(after: pattern.startIndex)..<end]
    let isNegated = set.first == "!" || set.first == "^"
    if isNegated { set = set.dropFirst() }
    var isMember = false
    while let low = set.first {
      set = set.dropFirst()
      var high = low
      if set.first == "-", let upper = set.dropFirst().first {
        high = upper
        set = set.dropFirst(2)
      }
      if low.value <= scalar.value && scalar.value <= high.value { isMember = true }
    }
    return isMember == isNegated ? nil : pattern[pattern.index(after: end)...]
  }
}
