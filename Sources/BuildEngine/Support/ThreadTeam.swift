import CSystem
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// At most `width` threads that take work in the order it came, and wait a moment for more before
/// they end: a thread for each piece would cost as much as publishing a small file.
final class ThreadTeam: Sendable {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var next = 0
    var threads = 0
    /// Threads that wait at the pipe.
    var idle = 0
  }

  private let width: Int
  private let state = Mutex(State())
  /// A byte for each idle thread that is wanted; closed when nobody can add work any more.
  private let bell: (read: Int32, write: Int32)

  init(width: Int) throws(BuildError) {
    self.width = max(1, width)
    var ends: [Int32] = [-1, -1]
    let code = nb_pipe(&ends)
    guard code == 0 else { throw .system(operation: "open", path: "a pipe", code: code) }
    nb_set_nonblocking(ends[0])
    bell = (ends[0], ends[1])
  }

  deinit {
    close(bell.read)
    close(bell.write)
  }

  func add(_ work: @escaping @Sendable () -> Void) {
    enum Need { case nothing, bell, thread }
    let need: Need = state.withLock { state in
      state.waiting.append(work)
      if state.idle > 0 { return .bell }
      guard state.threads < width else { return .nothing }
      state.threads += 1
      return .thread
    }
    switch need {
    case .nothing: break
    case .bell:
      var byte: UInt8 = 0
      _ = write(bell.write, &byte, 1)
    case .thread: Threads.start { self.serve() }
    }
  }

  private func serve() {
    while true {
      while let work = take() { work() }
      guard waitForMore() else { return }
    }
  }

  private func take() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard state.next < state.waiting.count else {
        state.waiting.removeAll(keepingCapacity: true)
        state.next = 0
        return nil
      }
      defer { state.next += 1 }
      return state.waiting[state.next]
    }
  }

  /// False when nothing came: the thread has left the team.
  private func waitForMore() -> Bool {
    state.withLock { $0.idle += 1 }
    var waiting = pollfd(fd: bell.read, events: Int16(POLLIN), revents: 0)
    let isRung = poll(&waiting, 1, 100) != 0
    var byte: UInt8 = 0
    _ = read(bell.read, &byte, 1)
    return state.withLock { state in
      state.idle -= 1
      // Work may have come while this thread was giving up.
      if isRung || state.next < state.waiting.count { return true }
      state.threads -= 1
      return false
    }
  }
}
