import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads that each run one body with their own index.
///
/// Plain threads and not tasks: the work is numeric and long, and the cooperative pool must stay
/// free for others.
struct ThreadTeam: ~Copyable {
  private var threads: [pthread_t] = []
  private var refused: [Int] = []
  private let body: @Sendable (Int) -> Void

  /// Starts `count` threads with the indices 0 ..< `count`.
  ///
  /// Should the system refuse a thread, its part runs in `join`: no part is lost.
  static func start(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> ThreadTeam {
    ThreadTeam(count, body)
  }

  private init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    self.body = body
    for index in 0..<max(count, 0) {
      let part = Unmanaged.passRetained(Part(index: index, body: body))
      var thread = pthread_t()
      let status = pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          let part = Unmanaged<Part>.fromOpaque(argument).takeRetainedValue()
          part.body(part.index)
          return nil
        }, part.toOpaque())
      if status == 0 {
        threads.append(thread)
      } else {
        part.release()
        refused.append(index)
      }
    }
  }

  /// Waits for all threads.
  consuming func join() {
    for index in refused { body(index) }
    for thread in threads { pthread_join(thread, nil) }
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
    Int(nb_usable_processors())
  }
}
