/// Pieces of sentences that messages share.
package enum Wording {
  /// The name in backticks; an empty one is shown as `""`.
  package static func quoted(_ name: String) -> String {
    name.isEmpty ? "`\"\"`" : "`\(shortened(name))`"
  }

  /// "`a`, `b` or `c`".
  package static func list(_ names: [String], _ conjunction: String = "or") -> String {
    phrase(names.map(quoted), conjunction)
  }

  /// "one, two or three", of phrases that need no backticks.
  package static func phrase(_ parts: [String], _ conjunction: String = "or") -> String {
    guard parts.count > 1, let last = parts.last else { return parts.first ?? "nothing" }
    return parts.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }

  /// "1 asset", "3 assets".
  package static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// The number with a comma between groups of three digits from five digits on.
  package static func number(_ value: Int) -> String {
    let digits = String(value.magnitude)
    let sign = value < 0 ? "-" : ""
    guard digits.count > 4 else { return sign + digits }
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { grouped.append(",") }
      grouped.append(digit)
    }
    return sign + grouped
  }

  /// The text on one line and at most 60 characters long, for messages.
  package static func shortened(_ text: String) -> String {
    let line = text.prefix { !$0.isNewline }
    let isCut = line.count < text.count || line.count > 60
    return isCut ? line.prefix(59) + "…" : text
  }
}
