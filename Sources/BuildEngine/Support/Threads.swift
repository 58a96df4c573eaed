import CSystem
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Plain threads: hashing and publishing block, so they stay off the cooperative pool.
enum Threads {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` on a new detached thread; runs it here when the system gives no thread.
  static func start(_ body: @escaping @Sendable () -> Void) {
    guard !launch(body, detached: true).isStarted else { return }
    body()
  }

  /// Runs `body` with the numbers 0..<count, at most `width` at a time, and waits for all.
  static func forEach(count: Int, width: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let next = Atomic<Int>(0)
    withoutActuallyEscaping(
      { @Sendable in
        while true {
          let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
          guard number < count else { return }
          body(number)
        }
      } as @Sendable () -> Void
    ) { work in
      var threads: [pthread_t] = []
      for _ in 1..<max(1, min(width, count)) {
        let thread = launch(work, detached: false)
        if thread.isStarted { threads.append(thread.handle) }
      }
      work()
      for thread in threads { pthread_join(thread, nil) }
    }
  }

  private static func launch(
    _ body: @escaping @Sendable () -> Void, detached: Bool
  ) -> (handle: pthread_t, isStarted: Bool) {
    var handle = pthread_t()
    let context = Unmanaged.passRetained(Body(body))
    let code = pthread_create(
      &handle, nil,
      { pointer in
        if let pointer { Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      return (handle, false)
    }
    if detached { pthread_detach(handle) }
    return (handle, true)
  }
}
