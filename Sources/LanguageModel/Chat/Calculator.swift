#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The tool a model may call: arithmetic and letter counting with Python's results.
///
/// A parser of its own, never an evaluator of code: filters in front of Python's `eval` have been
/// escaped by users. Length and integer size are bounded, so no time limit is needed.
package enum Calculator {
  /// Longer expressions have no result.
  package static let maximumLength = 256
  /// Integers beyond this have no result; expressions within `maximumLength` stay below it.
  static let maximumBits = 4096

  /// The text a Python prompt would print for `expression`, or nil when it is neither arithmetic
  /// (`+ - * / // ( )` over integers and decimal fractions) nor a count of letters
  /// (`'word'.count('r')`), or when evaluating it fails.
  ///
  /// Commas are removed first (`1,000+5`). A whole result has no `.0`: GSM8K's annotations have none.
  package static func result(of expression: String) -> String? {
    guard expression.unicodeScalars.count <= maximumLength else { return nil }
    let scalars = expression.unicodeScalars.filter { $0 != "," }
    let bytes = scalars.allSatisfy(\.isASCII) ? scalars.map { UInt8($0.value) } : []
    if !bytes.isEmpty, bytes.allSatisfy(isArithmetic) {
      var parser = ArithmeticParser(bytes: bytes)
      return parser.parse()?.text
    }
    var parser = LetterCountParser(scalars: Array(scalars))
    return parser.parse().map(String.init)
  }

  private static func isArithmetic(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: " "):
      true
    default: false
    }
  }
}

// MARK: Numbers

/// A value of the arithmetic: Python's `int` or `float`.
private enum Number {
  case integer(BigInteger)
  case float(Double)

  var double: Double? {
    switch self {
    case .integer(let value): value.nearestDouble
    case .float(let value): value
    }
  }

  var text: String? {
    switch self {
    case .integer(let value): return value.decimal
    case .float(let value):
      guard value.isFinite else { return nil }
      let text = value.pythonDescription
      return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
  }

  static prefix func - (value: Number) -> Number {
    switch value {
    case .integer(let integer): .integer(-integer)
    case .float(let float): .float(-float)
    }
  }

  enum Operation {
    case add, subtract, multiply, divide, floorDivide
  }

  /// Nil where Python raises.
  static func apply(_ operation: Operation, _ left: Number, _ right: Number) -> Number? {
    if case .integer(let a) = left, case .integer(let b) = right {
      switch operation {
      case .add: return bounded(a + b)
      case .subtract: return bounded(a - b)
      case .multiply: return bounded(a * b)
      case .divide: return a.trueDivided(by: b).map(Number.float)
      case .floorDivide: return a.floorDivided(by: b).map(Number.integer)
      }
    }
    guard let a = left.double, let b = right.double else { return nil }
    switch operation {
    case .add: return .float(a + b)
    case .subtract: return .float(a - b)
    case .multiply: return .float(a * b)
    case .divide: return b == 0 ? nil : .float(a / b)
    case .floorDivide: return b == 0 ? nil : .float(floorQuotient(a, b))
    }
  }

  private static func bounded(_ value: BigInteger) -> Number? {
    value.bitCount <= Calculator.maximumBits ? .integer(value) : nil
  }

  /// CPython's `float_floor_div`: by way of the exact remainder, so that `1 // 0.1` is 9.
  private static func floorQuotient(_ a: Double, _ b: Double) -> Double {
    let remainder = fmod(a, b)
    var quotient = (a - remainder) / b
    if remainder != 0, (b < 0) != (remainder < 0) { quotient -= 1 }
    guard quotient != 0 else { return Double(signOf: a / b, magnitudeOf: 0) }
    let floor = quotient.rounded(.down)
    return quotient - floor > 0.5 ? floor + 1 : floor
  }
}

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

// MARK: Parsers

/// Recursive descent over Python's grammar: sums of products of signed atoms.
private struct ArithmeticParser {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func parse() -> Number? {
    guard let value = sum() else { return nil }
    skipSpaces()
    return position == bytes.count ? value : nil
  }

  private mutating func sum() -> Number? {
    guard var value = product() else { return nil }
    while true {
      skipSpaces()
      let operation: Number.Operation
      switch peek() {
      case UInt8(ascii: "+"): operation = .add
      case UInt8(ascii: "-"): operation = .subtract
      default: return value
      }
      position += 1
      guard let right = product(), let next = Number.apply(operation, value, right) else {
        return nil
      }
      value = next
    }
  }

  private mutating func product() -> Number? {
    guard var value = signed() else { return nil }
    while true {
      skipSpaces()
      let operation: Number.Operation
      switch (peek(), peek(1)) {
      case (UInt8(ascii: "*"), UInt8(ascii: "*")): return nil
      case (UInt8(ascii: "*"), _): operation = .multiply
      case (UInt8(ascii: "/"), UInt8(ascii: "/")):
        operation = .floorDivide
        position += 1
      case (UInt8(ascii: "/"), _): operation = .divide
      default: return value
      }
      position += 1
      guard let right = signed(), let next = Number.apply(operation, value, right) else {
        return nil
      }
      value = next
    }
  }

  private mutating func signed() -> Number? {
    var isNegative = false
    while true {
      skipSpaces()
      if peek() == UInt8(ascii: "-") {
        isNegative.toggle()
      } else if peek() != UInt8(ascii: "+") {
        return atom().map { isNegative ? -$0 : $0 }
      }
      position += 1
    }
  }

  private mutating func atom() -> Number? {
    if peek() == UInt8(ascii: "(") {
      position += 1
      guard let value = sum() else { return nil }
      skipSpaces()
      guard peek() == UInt8(ascii: ")") else { return nil }
      position += 1
      return value
    }
    let start = position
    var points = 0
    while let byte = peek(),
      byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    {
      points += byte == UInt8(ascii: ".") ? 1 : 0
      position += 1
    }
    let literal = bytes[start..<position]
    if points == 0 {
      // Python refuses leading zeros of an integer, but not zeros alone.
      guard let value = BigInteger(decimal: literal) else { return nil }
      return literal.first == UInt8(ascii: "0") && !value.isZero ? nil : .integer(value)
    }
    guard points == 1, literal.count > 1 else { return nil }
    return Double("0" + String(decoding: literal, as: UTF8.self) + "0").map(Number.float)
  }

  private func peek(_ ahead: Int = 0) -> UInt8? {
    position + ahead < bytes.count ? bytes[position + ahead] : nil
  }

  private mutating func skipSpaces() {
    while peek() == UInt8(ascii: " ") { position += 1 }
  }
}

/// `'word'.count('r')`, either kind of quotes, no escapes.
private struct LetterCountParser {
  let scalars: [Unicode.Scalar]
  var position = 0

  init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  mutating func parse() -> Int? {
    guard let text = literal(), take("."), take("c"), take("o", spaces: false),
      take("u", spaces: false), take("n", spaces: false), take("t", spaces: false), take("("),
      let part = literal(), take(")")
    else { return nil }
    skipSpaces()
    return position == scalars.count ? Self.count(of: part, in: text) : nil
  }

  private mutating func literal() -> ArraySlice<Unicode.Scalar>? {
    skipSpaces()
    guard position < scalars.count, scalars[position] == "'" || scalars[position] == "\"" else {
      return nil
    }
    let quote = scalars[position]
    let start = position + 1
    guard let end = scalars[start...].firstIndex(of: quote) else { return nil }
    let text = scalars[start..<end]
    guard !text.contains(where: { $0 == "\\" || $0 == "\n" || $0 == "\r" || $0 == "\0" }) else {
      return nil
    }
    position = end + 1
    return text
  }

  private mutating func take(_ scalar: Unicode.Scalar, spaces: Bool = true) -> Bool {
    if spaces { skipSpaces() }
    guard position < scalars.count, scalars[position] == scalar else { return false }
    position += 1
    return true
  }

  private mutating func skipSpaces() {
    while position < scalars.count, scalars[position] == " " { position += 1 }
  }

  /// Python's `str.count`: without overlaps; an empty part stands between all characters and at
  /// both ends.
  private static func count(
    of part: ArraySlice<Unicode.Scalar>, in text: ArraySlice<Unicode.Scalar>
  ) -> Int {
    guard !part.isEmpty else { return text.count + 1 }
    var count = 0
    var rest = text
    while rest.count >= part.count {
      if rest.starts(with: part) {
        count += 1
        rest = rest.dropFirst(part.count)
      } else {
        rest = rest.dropFirst()
      }
    }
    return count
  }
}

extension Double {
  /// Zero or another magnitude with the sign of `signSource`.
  fileprivate init(signOf signSource: Double, magnitudeOf magnitude: Double) {
    self = signSource.sign == .minus ? -magnitude.magnitude : magnitude.magnitude
  }
}
