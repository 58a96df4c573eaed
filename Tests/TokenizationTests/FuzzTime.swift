import Glibc

/// How long the fuzz test runs, from the environment.
enum FuzzTime {
  static let minutes = number("NANOBUILD_FUZZ_MINUTES") ?? 0
  static let seed = UInt64(number("NANOBUILD_FUZZ_SEED") ?? 1)

  private static func number(_ name: String) -> Int? {
    getenv(name).flatMap { Int(String(cString: $0)) }
  }
}
