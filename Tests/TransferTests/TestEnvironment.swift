#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Variables of this process, which all tests share.
enum TestEnvironment {
  /// Sets a variable; the other tests' servers stay reachable without a proxy.
  static func set(_ name: String, _ value: String) throws {
    setenv("no_proxy", "127.0.0.1,localhost", 1)
    setenv(name, value, 1)
  }
}
