/// A portable generator: the same seed gives the same numbers on every machine and every version.
///
/// xoshiro256++ (Blackman, Vigna) seeded through SplitMix64. Its arithmetic is exact, and the
/// logarithm of the normal distribution is computed here, since C libraries differ in last bits.
package struct RandomSource: Sendable, Hashable {
  private var s0: UInt64, s1: UInt64, s2: UInt64, s3: UInt64

  /// `stream` gives independent sequences of one seed.
  package init(seed: UInt64, stream: UInt64 = 0) {
    var mixer = seed ^ (stream &* 0xD1B5_4A32_D192_ED03)
    func next() -> UInt64 {
      mixer &+= 0x9E37_79B9_7F4A_7C15
      var z = mixer
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    s0 = next()
    s1 = next()
    s2 = next()
    s3 = next()
  }

  /// The whole state, for a checkpoint.
  package var state: [UInt64] {
    get { [s0, s1, s2, s3] }
    set {
      precondition(newValue.count == 4, "a state has four words")
      (s0, s1, s2, s3) = (newValue[0], newValue[1], newValue[2], newValue[3])
    }
  }

  package mutating func next() -> UInt64 {
    func rotated(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
    let result = rotated(s0 &+ s3, 23) &+ s0
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = rotated(s3, 45)
    return result
  }

  /// Uniform in [0, 1), 53 bits.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in `0..<bound`, without bias (Lemire).
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "an empty range has no element")
    let range = UInt64(bound)
    while true {
      let product = next().multipliedFullWidth(by: range)
      if product.low >= (0 &- range) % range { return Int(product.high) }
    }
  }

  /// Standard normal, by Marsaglia's polar method.
  package mutating func normal() -> Double {
    while true {
      let u = 2 * uniform() - 1, v = 2 * uniform() - 1
      let s = u * u + v * v
      if s > 0, s < 1 { return u * (-2 * Self.logarithm(s) / s).squareRoot() }
    }
  }

  /// ln(x) for positive normal x from exactly rounded operations only.
  static func logarithm(_ x: Double) -> Double {
    var exponent = x.exponent
    var m = x.significand
    if m > 1.4142135623730951 {
      m /= 2
      exponent += 1
    }
    let z = (m - 1) / (m + 1), z2 = z * z
    var sum = 0.0
    for k in stride(from: 27, through: 1, by: -2) { sum = sum * z2 + 1 / Double(k) }
    return 2 * z * sum + Double(exponent) * 0.6931471805599453
  }
}
