import CSystem
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Messages from other threads to one that waits with `poll`.
final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let ends: (read: Int32, write: Int32)

  init() throws(BuildError) {
    var ends: [Int32] = [-1, -1]
    let code = nb_pipe(&ends)
    guard code == 0 else { throw .system(operation: "open", path: "a pipe", code: code) }
    nb_set_nonblocking(ends[0])
    nb_set_nonblocking(ends[1])
    self.ends = (ends[0], ends[1])
  }

  deinit {
    close(ends.read)
    close(ends.write)
  }

  /// Polls readable when there are messages.
  var descriptor: Int32 { ends.read }

  func post(_ new: [Message]) {
    messages.withLock { $0 += new }
    var byte: UInt8 = 0
    // A full pipe wakes the reader as well.
    _ = write(ends.write, &byte, 1)
  }

  func take() -> [Message] {
    var buffer: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    while read(ends.read, &buffer, 32) > 0 {}
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
