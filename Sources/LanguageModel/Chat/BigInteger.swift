/// An integer without bounds: sign and magnitude in 32-bit limbs, least significant first.
///
/// Only what the calculator needs, with schoolbook algorithms: its operands have at most a few
/// hundred digits because the length of an expression is bounded.
struct BigInteger: Hashable, Sendable {
  private(set) var isNegative: Bool
  /// No leading zero limbs; empty for zero.
  private(set) var limbs: [UInt32]

  static let zero = BigInteger(isNegative: false, limbs: [])

  init(isNegative: Bool, limbs: [UInt32]) {
    var limbs = limbs
    while limbs.last == 0 { limbs.removeLast() }
    self.limbs = limbs
    self.isNegative = isNegative && !limbs.isEmpty
  }

  /// From decimal digits (ASCII bytes); nil when there is another byte or none.
  init?(decimal digits: some Collection<UInt8>) {
    guard !digits.isEmpty else { return nil }
    var limbs: [UInt32] = []
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      Self.multiplyAdd(&limbs, by: 10, adding: UInt32(digit - UInt8(ascii: "0")))
    }
    self.init(isNegative: false, limbs: limbs)
  }

  var isZero: Bool { limbs.isEmpty }

  var bitCount: Int {
    guard let top = limbs.last else { return 0 }
    return limbs.count * 32 - top.leadingZeroBitCount
  }

  var decimal: String {
    guard !isZero else { return "0" }
    var groups: [String] = []
    var rest = limbs
    while !rest.isEmpty {
      let remainder = Self.divide(&rest, by: 1_000_000_000)
      let group = String(remainder)
      groups.append(
        rest.isEmpty ? group : String(repeating: "0", count: 9 - group.count) + group)
    }
    return (isNegative ? "-" : "") + groups.reversed().joined()
  }

  // MARK: Arithmetic

  static prefix func - (value: BigInteger) -> BigInteger {
    BigInteger(isNegative: !value.isNegative, limbs: value.limbs)
  }

  static func + (left: BigInteger, right: BigInteger) -> BigInteger {
    if left.isNegative == right.isNegative {
      return BigInteger(
        isNegative: left.isNegative, limbs: sumOfMagnitudes(left.limbs, right.limbs))
    }
    if isMagnitudeLess(left.limbs, right.limbs) {
      return BigInteger(
        isNegative: right.isNegative, limbs: differenceOfMagnitudes(right.limbs, left.limbs))
    }
    return BigInteger(
      isNegative: left.isNegative, limbs: differenceOfMagnitudes(left.limbs, right.limbs))
  }

  static func - (left: BigInteger, right: BigInteger) -> BigInteger { left + -right }

  static func * (left: BigInteger, right: BigInteger) -> BigInteger {
    var product = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
    for (i, a) in left.limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, b) in right.limbs.enumerated() {
        let sum = UInt64(a) * UInt64(b) + UInt64(product[i + j]) + carry
        product[i + j] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      product[i + right.limbs.count] = UInt32(carry)
    }
    return BigInteger(isNegative: left.isNegative != right.isNegative, limbs: product)
  }

  /// The quotient rounded down; nil for a zero divisor.
  func floorDivided(by divisor: BigInteger) -> BigInteger? {
    guard !divisor.isZero else { return nil }
    let (quotient, remainder) = Self.divideMagnitudes(limbs, divisor.limbs)
    let isNegativeQuotient = isNegative != divisor.isNegative
    let truncated = BigInteger(isNegative: isNegativeQuotient, limbs: quotient)
    guard isNegativeQuotient, !remainder.isEmpty else { return truncated }
    return truncated - BigInteger(isNegative: false, limbs: [1])
  }

  /// The quotient as the nearest `Double`, ties to even, as Python's `int / int`; nil for a zero
  /// divisor or when the result is out of range.
  func trueDivided(by divisor: BigInteger) -> Double? {
    guard !divisor.isZero else { return nil }
    guard !isZero else { return 0 }
    // A quotient of at least 64 bits leaves 11 bits to round; the remainder is folded into the
    // lowest one so that rounding sees whether anything was left.
    let shift = 66 - (bitCount - divisor.bitCount)
    let dividend = shift > 0 ? Self.shiftedLeft(limbs, by: shift) : limbs
    let scaledDivisor = shift < 0 ? Self.shiftedLeft(divisor.limbs, by: -shift) : divisor.limbs
    let (quotient, remainder) = Self.divideMagnitudes(dividend, scaledDivisor)
    let value = BigInteger(isNegative: false, limbs: quotient)
      .nearestDouble(isInexact: !remainder.isEmpty)
    let scaled = Double(sign: .plus, exponent: -shift, significand: value)
    guard scaled.isFinite else { return nil }
    return isNegative != divisor.isNegative ? -scaled : scaled
  }

  /// The nearest `Double`, ties to even; nil when out of range.
  var nearestDouble: Double? {
    let magnitude = nearestDouble(isInexact: false)
    guard magnitude.isFinite else { return nil }
    return isNegative ? -magnitude : magnitude
  }

  /// Of the magnitude; `isInexact` says that the true value lies a little above.
  private func nearestDouble(isInexact: Bool) -> Double {
    let excess = max(0, bitCount - 64)
    var top: UInt64 = 0
    for bit in stride(from: bitCount - 1, through: excess, by: -1) {
      top = top << 1 | (Self.bit(bit, of: limbs) ? 1 : 0)
    }
    let sticky = isInexact || (0..<excess).contains { Self.bit($0, of: limbs) }
    // Below 64 bits the lowest bit would be a real one, so it is only set where it is a rest.
    if sticky, excess > 0 || bitCount >= 56 { top |= 1 }
    return Double(sign: .plus, exponent: excess, significand: Double(top))
  }

  // MARK: Magnitudes

  private static func bit(_ index: Int, of limbs: [UInt32]) -> Bool {
    limbs[index / 32] >> UInt32(index % 32) & 1 == 1
  }

  private static func multiplyAdd(_ limbs: inout [UInt32], by factor: UInt32, adding: UInt32) {
    var carry = UInt64(adding)
    for index in limbs.indices {
      let sum = UInt64(limbs[index]) * UInt64(factor) + carry
      limbs[index] = UInt32(truncatingIfNeeded: sum)
      carry = sum >> 32
    }
    if carry > 0 { limbs.append(UInt32(carry)) }
  }

  /// Divides in place and returns the remainder.
  private static func divide(_ limbs: inout [UInt32], by divisor: UInt32) -> UInt32 {
    var remainder: UInt64 = 0
    for index in limbs.indices.reversed() {
      let value = remainder << 32 | UInt64(limbs[index])
      limbs[index] = UInt32(value / UInt64(divisor))
      remainder = value % UInt64(divisor)
    }
    while limbs.last == 0 { limbs.removeLast() }
    return UInt32(remainder)
  }

  private static func isMagnitudeLess(_ left: [UInt32], _ right: [UInt32]) -> Bool {
    if left.count != right.count { return left.count < right.count }
    for (a, b) in zip(left.reversed(), right.reversed()) where a != b { return a < b }
    return false
  }

  private static func sumOfMagnitudes(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    var sum: [UInt32] = []
    var carry: UInt64 = 0
    for index in 0..<max(left.count, right.count) {
      let a = index < left.count ? UInt64(left[index]) : 0
      let b = index < right.count ? UInt64(right[index]) : 0
      sum.append(UInt32(truncatingIfNeeded: a + b + carry))
      carry = (a + b + carry) >> 32
    }
    if carry > 0 { sum.append(UInt32(carry)) }
    return sum
  }

  /// `left` must not be smaller.
  private static func differenceOfMagnitudes(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    var difference: [UInt32] = []
    var borrow: Int64 = 0
    for index in left.indices {
      var value = Int64(left[index]) - borrow - (index < right.count ? Int64(right[index]) : 0)
      borrow = value < 0 ? 1 : 0
      if value < 0 { value += 1 << 32 }
      difference.append(UInt32(value))
    }
    while difference.last == 0 { difference.removeLast() }
    return difference
  }

  private static func shiftedLeft(_ limbs: [UInt32], by bits: Int) -> [UInt32] {
    var shifted = [UInt32](repeating: 0, count: bits / 32)
    let rest = UInt64(bits % 32)
    var carry: UInt64 = 0
    for limb in limbs {
      let value = UInt64(limb) << rest | carry
      shifted.append(UInt32(truncatingIfNeeded: value))
      carry = value >> 32
    }
    if carry > 0 { shifted.append(UInt32(carry)) }
    return shifted
  }

  /// Bit by bit: operands have a thousand bits at most.
  private static func divideMagnitudes(
    _ dividend: [UInt32], _ divisor: [UInt32]
  ) -> (quotient: [UInt32], remainder: [UInt32]) {
    var quotient = [UInt32](repeating: 0, count: dividend.count)
    var remainder: [UInt32] = []
    for index in stride(from: dividend.count * 32 - 1, through: 0, by: -1) {
      remainder = shiftedLeft(remainder, by: 1)
      if bit(index, of: dividend) {
        if remainder.isEmpty { remainder = [1] } else { remainder[0] |= 1 }
      }
      if !isMagnitudeLess(remainder, divisor) {
        remainder = differenceOfMagnitudes(remainder, divisor)
        quotient[index / 32] |= 1 << UInt32(index % 32)
      }
    }
    while quotient.last == 0 { quotient.removeLast() }
    return (quotient, remainder)
  }
}
