import Synchronization

/// The sizes of all files of a session, known or so far, against the most it may fetch. Safe from any
/// thread.
final class SizeLedger: Sendable {
  private struct State {
    var promised = 0
    var received = 0
  }

  private let limit: Int?
  private let state = Mutex(State())

  init(limit: Int?) { self.limit = limit }

  /// Bytes that came in, those of failed tries included.
  var received: Int { state.withLock { $0.received } }

  func receive(_ count: Int) { state.withLock { $0.received &+= count } }

  /// Replaces one file's share; false, changing nothing, when the sum would pass the limit.
  func change(from old: Int, to new: Int) -> Bool {
    state.withLock { state in
      let (sum, overflow) = (state.promised - old).addingReportingOverflow(new)
      if let limit, new > old, overflow || sum > limit { return false }
      state.promised = overflow ? Int.max : sum
      return true
    }
  }
}
