import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Time as the engine needs it.
package enum Clock {
  /// Files whose time stamp lies closer than this to the moment they were read may change again
  /// without their stamp changing: the kernel's clock ticks every 1 to 10 ms.
  package static let grain: Int64 = 20_000_000

  /// Nanoseconds since 1970; can be set back by the user.
  package static func wall() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  /// Seconds that only go forward.
  package static func seconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
  }

  /// Names this start of the system, so that data that was never flushed is not trusted after the
  /// next one. Zero when the system does not tell.
  package static func bootIdentifier() -> Int64 {
    guard let bytes = try? Disk.read("/proc/sys/kernel/random/boot_id") else { return 0 }
    return Int64(bitPattern: Digest(of: bytes).high) | 1
  }
}

extension FileGuard {
  /// Whether the file may have changed since it was read at `moment` with this stamp unaltered.
  ///
  /// A stamp in the future counts as racy (the clock was set back). File systems that keep whole
  /// seconds are recognised by their zero nanoseconds and given two seconds.
  package func isRacy(readAt moment: Int64) -> Bool {
    let second: Int64 = 1_000_000_000
    let isCoarse = modified % second == 0 && changed % second == 0
    let latest = max(modified, changed)
    return latest > moment || moment - latest < (isCoarse ? 2 * second + Clock.grain : Clock.grain)
  }
}
