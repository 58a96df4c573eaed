extension Double {
  /// Python's `repr`: the shortest digits that read back as the same number, with an exponent from
  /// 1e16 up and below 1e-4. Finite numbers only.
  var pythonDescription: String {
    // Swift prints the same digits but changes to an exponent elsewhere.
    var text = Substring(magnitude.description)
    var exponent = 0
    if let e = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: e)...]) ?? 0
      text = text[..<e]
    }
    let point = text.firstIndex(of: ".") ?? text.endIndex
    let whole = text[..<point]
    let fraction = point < text.endIndex ? text[text.index(after: point)...] : ""
    var digits = Substring(whole + fraction)
    // The value is 0.digits × 10^position.
    var position = whole.count + exponent
    while digits.first == "0", digits.count > 1 {
      digits = digits.dropFirst()
      position -= 1
    }
    while digits.last == "0", digits.count > 1 { digits = digits.dropLast() }
    let sign = self.sign == .minus ? "-" : ""
    if digits == "0" { return sign + "0.0" }
    if position > 16 || position <= -4 {
      let mantissa = digits.count > 1 ? "\(digits.prefix(1)).\(digits.dropFirst())" : "\(digits)"
      let power = Swift.abs(position - 1)
      return "\(sign)\(mantissa)e\(position - 1 < 0 ? "-" : "+")\(power < 10 ? "0" : "")\(power)"
    }
    if position <= 0 { return sign + "0." + String(repeating: "0", count: -position) + digits }
    if position >= digits.count {
      return sign + digits + String(repeating: "0", count: position - digits.count) + ".0"
    }
    return "\(sign)\(digits.prefix(position)).\(digits.dropFirst(position))"
  }
}
