/// Recursive descent over Python's grammar: sums of products of signed atoms.
struct ArithmeticParser {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func parse() -> PythonNumber? {
    guard let value = sum() else { return nil }
    skipSpaces()
    return position == bytes.count ? value : nil
  }

  private mutating func sum() -> PythonNumber? {
    guard var value = product() else { return nil }
    while true {
      skipSpaces()
      let operation: PythonNumber.Operation
      switch peek() {
      case UInt8(ascii: "+"): operation = .add
      case UInt8(ascii: "-"): operation = .subtract
      default: return value
      }
      position += 1
      guard let right = product(), let next = PythonNumber.apply(operation, value, right) else {
        return nil
      }
      value = next
    }
  }

  private mutating func product() -> PythonNumber? {
    guard var value = signed() else { return nil }
    while true {
      skipSpaces()
      let operation: PythonNumber.Operation
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
      guard let right = signed(), let next = PythonNumber.apply(operation, value, right) else {
        return nil
      }
      value = next
    }
  }

  private mutating func signed() -> PythonNumber? {
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

  private mutating func atom() -> PythonNumber? {
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
    return Double("0" + String(decoding: literal, as: UTF8.self) + "0").map(PythonNumber.float)
  }

  private func peek(_ ahead: Int = 0) -> UInt8? {
    position + ahead < bytes.count ? bytes[position + ahead] : nil
  }

  private mutating func skipSpaces() {
    while peek() == UInt8(ascii: " ") { position += 1 }
  }
}
