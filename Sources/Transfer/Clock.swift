#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

enum Clock {
  /// Seconds that only go forward.
  static func monotonic() -> Double { read(CLOCK_MONOTONIC) }

  /// Seconds since 1970.
  static func wall() -> Double { read(CLOCK_REALTIME) }

  /// Seconds since the machine started, those it slept included.
  static func sinceStart() -> Double {
    #if canImport(Glibc)
      read(CLOCK_BOOTTIME)
    #else
      read(CLOCK_MONOTONIC)
    #endif
  }

  static func sleep(milliseconds: Int32) { usleep(UInt32(max(milliseconds, 0)) * 1000) }

  private static func read(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// Bytes a second over the last few seconds.
struct RateMeter {
  private static let window = 5.0
  private static let grain = 0.25

  private var marks: [(time: Double, bytes: Int)] = []

  /// `bytes` is the count since the beginning.
  mutating func take(time: Double, bytes: Int) {
    if let last = marks.last, time - last.time < Self.grain { return }
    marks.append((time, bytes))
    marks.removeAll { time - $0.time > Self.window }
  }

  func rate(time: Double, bytes: Int) -> Double {
    guard let first = marks.first, time - first.time > 1e-3 else { return 0 }
    return Double(bytes - first.bytes) / (time - first.time)
  }
}
