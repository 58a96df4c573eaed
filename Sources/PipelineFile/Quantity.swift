/// Sizes and durations as people write them.
package enum Quantity {
  /// Bytes of `512`, `64KiB`, `2GiB` or `1.5GB`; nil when it is none or past 2^63.
  package static func bytes(_ text: String) -> Int? {
    guard let (number, unit) = split(text) else { return nil }
    let factor: Double
    switch unit.lowercased() {
    case "", "b": factor = 1
    case "kb": factor = 1e3
    case "mb": factor = 1e6
    case "gb": factor = 1e9
    case "tb": factor = 1e12
    case "kib": factor = 1024
    case "mib": factor = 1_048_576
    case "gib": factor = 1_073_741_824
    case "tib": factor = 1_099_511_627_776
    default: return nil
    }
    if let whole = Int(number) {
      let (bytes, overflows) = whole.multipliedReportingOverflow(by: Int(factor))
      return overflows ? nil : bytes
    }
    guard let value = Double(number) else { return nil }
    return Int(exactly: (value * factor).rounded())
  }

  /// Seconds of `30`, `30s`, `10m`, `2h`, `1d` or `500ms`; nil when it is none.
  package static func seconds(_ text: String) -> Double? {
    guard let (number, unit) = split(text), let value = Double(number) else { return nil }
    let factor: Double
    switch unit {
    case "", "s": factor = 1
    case "ms": factor = 0.001
    case "m": factor = 60
    case "h": factor = 3600
    case "d": factor = 86400
    default: return nil
    }
    let seconds = value * factor
    return seconds.isFinite ? seconds : nil
  }

  /// Digits with at most one point and single `_` between digits, then the unit's letters.
  private static func split(_ text: String) -> (number: String, unit: String)? {
    var number = ""
    var points = 0
    var previous: Character = "."
    var rest = Substring(text)
    while let character = rest.first {
      switch character {
      case "0"..."9": number.append(character)
      case "_" where ("0"..."9").contains(previous): break
      case "." where ("0"..."9").contains(previous) && points == 0:
        points += 1
        number.append(character)
      default:
        guard ("0"..."9").contains(previous) else { return nil }
        let unit = rest.drop { $0 == " " }
        return unit.allSatisfy { $0.isASCII && $0.isLetter } ? (number, String(unit)) : nil
      }
      previous = character
      rest.removeFirst()
    }
    return ("0"..."9").contains(previous) ? (number, "") : nil
  }

  /// A whole number with an optional sign and single `_` between digits.
  package static func integer(_ text: String) -> Int? {
    if let value = Int(text) { return value }
    guard text.utf8.contains(UInt8(ascii: "_")) else { return nil }
    var digits = ""
    var previous: Character = "_"
    for character in text {
      switch character {
      case "0"..."9": digits.append(character)
      case "-" where digits.isEmpty, "+" where digits.isEmpty:
        guard previous == "_" else { return nil }
        digits.append(character)
      case "_" where ("0"..."9").contains(previous): break
      default: return nil
      }
      previous = character
    }
    return ("0"..."9").contains(previous) ? Int(digits) : nil
  }
}
