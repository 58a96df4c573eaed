#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A value of the arithmetic: Python's `int` or `float`.
enum PythonNumber {
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

  static prefix func - (value: PythonNumber) -> PythonNumber {
    switch value {
    case .integer(let integer): .integer(-integer)
    case .float(let float): .float(-float)
    }
  }

  enum Operation {
    case add, subtract, multiply, divide, floorDivide
  }

  /// Nil where Python raises.
  static func apply(_ operation: Operation, _ left: PythonNumber, _ right: PythonNumber)
    -> PythonNumber?
  {
    if case .integer(let a) = left, case .integer(let b) = right {
      switch operation {
      case .add: return bounded(a + b)
      case .subtract: return bounded(a - b)
      case .multiply: return bounded(a * b)
      case .divide: return a.trueDivided(by: b).map(PythonNumber.float)
      case .floorDivide: return a.floorDivided(by: b).map(PythonNumber.integer)
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

  private static func bounded(_ value: BigInteger) -> PythonNumber? {
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
  /// Zero or another magnitude with the sign of `signSource`.
  fileprivate init(signOf signSource: Double, magnitudeOf magnitude: Double) {
    self = signSource.sign == .minus ? -magnitude.magnitude : magnitude.magnitude
  }
}
