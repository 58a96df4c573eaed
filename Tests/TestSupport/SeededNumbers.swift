#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The same numbers on every machine, so that a story that fails can be told again.
package struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// SplitMix64.
  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// A number below `bound`, which must be positive.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// `FUZZ_ROUNDS` in the environment asks for a longer run than the test's own, with a sequence
  /// that depends on it.
  package static func fuzzing(
    rounds: Int, seed: UInt64
  ) -> (rounds: Int, numbers: SeededNumbers) {
    guard let text = getenv("FUZZ_ROUNDS"), let wanted = Int(String(cString: text)) else {
      return (rounds, SeededNumbers(seed: seed))
    }
    return (wanted, SeededNumbers(seed: seed &+ UInt64(clamping: wanted)))
  }
}
