#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs one body on several threads and waits for all of them.
enum ThreadTeam {
  /// Calls `body` once with every index in 0 ..< `count`, index 0 on the calling thread.
  ///
  /// Should the system refuse a thread, its part runs on the calling thread: no part is lost.
  static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
    guard count > 1 else {
      body(0)
      return
    }
    withoutActuallyEscaping(body) { body in
      var threads: [pthread_t] = []
      var refused: [Int] = []
      for index in 1..<count {
        let part = Unmanaged.passRetained(Part(index: index, body: body))
        var thread = pthread_t()
        if start(&thread, part) {
          threads.append(thread)
        } else {
          part.release()
          refused.append(index)
        }
      }
      body(0)
      for index in refused { body(index) }
      for thread in threads { pthread_join(thread, nil) }
    }
  }

  private static func start(_ thread: inout pthread_t, _ part: Unmanaged<Part>) -> Bool {
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let part = Unmanaged<Part>.fromOpaque(argument).takeRetainedValue()
        part.body(part.index)
        return nil
      }, part.toOpaque()) == 0
  }

  private final class Part {
    let index: Int
    let body: @Sendable (Int) -> Void

    init(index: Int, body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.body = body
    }
  }

  /// The number of threads to use when none is asked for.
  static var processorCount: Int {
    max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }
}
