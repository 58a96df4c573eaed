import Glibc

/// Time since this process began.
enum ProcessClock {
  static var secondsSinceStart: Double { max(0, now - start) }

  /// When `main` began, seconds since 1970.
  private static let start = now

  /// Call it first thing.
  static func begin() { _ = start }

  /// Seconds since 1970.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
