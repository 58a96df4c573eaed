/// Numbers as people read them.
package enum Format {
  private static let byteUnits = ["B", "KB", "MB", "GB", "TB"]

  /// `812 B`, `1.2 KB`, `3.4 MB` (powers of 1000).
  package static func bytes(_ count: Int) -> String {
    scaled(Double(count), units: byteUnits)
  }

  /// Two amounts as texts that differ where the amounts do, with more decimals where that takes them:
  /// `23.4 GB` and `24.0 GB`, but `23.42 GB` and `23.38 GB`.
  package static func distinctBytes(_ first: Int, _ second: Int) -> (String, String) {
    for decimals in 0...3 {
      let texts = (
        scaled(Double(first), units: byteUnits, moreDecimals: decimals),
        scaled(Double(second), units: byteUnits, moreDecimals: decimals)
      )
      if texts.0 != texts.1 || first == second { return texts }
    }
    return ("\(grouped(first)) B", "\(grouped(second)) B")
  }

  /// `950`, `1.2 K`, `3.4 M`, for tokens and parameters.
  package static func count(_ count: Double) -> String {
    scaled(count, units: ["", "K", "M", "B", "T"])
  }

  /// `0.4 s`, `41.8 s`, `3 m 20 s`, `2 h 05 m`, `3 d 4 h`, `2.5 years`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "?" }
    if seconds < 0.0995 { return "\(fixed(seconds * 1000, seconds < 0.00995 ? 1 : 0)) ms" }
    if seconds < 59.95 { return "\(fixed(seconds, 1)) s" }
    let whole = Int(min(seconds.rounded(), 1e15))
    if whole < 3600 { return "\(whole / 60) m \(padded(whole % 60)) s" }
    if whole < 86_400 { return "\(whole / 3600) h \(padded(whole / 60 % 60)) m" }
    if whole >= 730 * 86_400 { return "\(fixed(Double(whole) / 31_557_600, 1)) years" }
    return "\(whole / 86_400) d \(whole / 3600 % 24) h"
  }

  /// `just now`, `5 m ago`, `3 d ago`.
  package static func age(_ seconds: Double) -> String {
    if seconds < 10 { return "just now" }
    if seconds < 90 { return "\(Int(seconds)) s ago" }
    if seconds < 5400 { return "\(Int(seconds / 60)) m ago" }
    if seconds < 129_600 { return "\(Int(seconds / 3600)) h ago" }
    return "\(Int(seconds / 86_400)) d ago"
  }

  /// With a fixed number of decimals; always a point, never a locale's comma.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let digits = Int(scaled)
    let sign = value < 0 && digits != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(digits)" }
    let fraction = String(digits % Int(scale))
    return sign + "\(digits / Int(scale))."
      + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// `12,345`.
  package static func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// A metric's value: integers grouped, other numbers with four significant digits.
  package static func number(_ value: Double) -> String {
    if let whole = Int(exactly: value), whole.magnitude < 1 << 53 { return grouped(whole) }
    let magnitude = value.magnitude
    if magnitude >= 1000 { return fixed(value, 0) }
    if magnitude >= 100 { return fixed(value, 1) }
    if magnitude >= 10 { return fixed(value, 2) }
    if magnitude >= 0.001 { return fixed(value, 4) }
    return "\(value)"
  }

  private static func scaled(
    _ value: Double, units: [String], moreDecimals: Int = 0
  ) -> String {
    var value = value
    var index = 0
    while value.magnitude >= 999.5, index < units.count - 1 {
      value /= 1000
      index += 1
    }
    let digits =
      index == 0 && value == value.rounded()
      ? 0 : (value.magnitude < 99.5 ? 1 : 0) + moreDecimals
    let number = fixed(value, digits)
    return units[index].isEmpty ? number : "\(number) \(units[index])"
  }

  private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
