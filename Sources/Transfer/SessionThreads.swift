#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads that run beside the calling one until all are done.
enum SessionThreads {
  private final class Body: Sendable {
    let run: @Sendable (Int) -> Void
    let number: Int

    init(_ number: Int, _ run: @escaping @Sendable (Int) -> Void) {
      self.number = number
      self.run = run
    }
  }

  /// Runs `body` with the numbers 0..<count, each on a thread of its own, the first on this one. A
  /// number for which the system gives no thread comes after the first.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var threads: [pthread_t] = []
    var left: [Int] = []
    for number in stride(from: 1, to: count, by: 1) {
      var thread = pthread_t()
      let context = Unmanaged.passRetained(Body(number, body))
      let code = pthread_create(
        &thread, nil,
        { pointer in
          if let pointer {
            let body = Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
            body.run(body.number)
          }
          return nil
        }, context.toOpaque())
      if code == 0 {
        threads.append(thread)
      } else {
        context.release()
        left.append(number)
      }
    }
    body(0)
    for number in left { body(number) }
    for thread in threads { pthread_join(thread, nil) }
  }
}
