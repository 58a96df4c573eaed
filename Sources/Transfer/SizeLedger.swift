import Synchronization

/// What a step has brought here, in all its sessions, against the most it may. Safe from any thread.
package final class SizeLedger: Sendable {
  private struct State {
    /// Left by an earlier attempt.
    var kept = 0
    var received = 0
    /// Promised by answers under way and not here yet.
    var reserved = 0

    /// Whether all this and `more` bytes stay below a limit.
    func fits(_ more: Int, _ limit: Int?) -> Bool {
      guard let limit else { return true }
      var sum = kept
      for count in [received, reserved, more] {
        let (next, overflow) = sum.addingReportingOverflow(count)
        if overflow { return false }
        sum = next
      }
      return sum <= limit
    }
  }

  private let limit: Int?
  private let state = Mutex(State())

  /// In bytes; nil for any number.
  package init(limit: Int?) { self.limit = limit }

  /// Bytes that came in, those of failed tries included.
  package var received: Int { state.withLock { $0.received } }

  /// Counts bytes that an earlier attempt left and this one goes on with.
  func keep(_ count: Int) { state.withLock { $0.kept &+= count } }

  /// Sets bytes aside that an answer promises; false, changing nothing, when there are not so many left.
  func reserve(_ count: Int, _ reservation: inout Int) -> Bool {
    let isGranted = state.withLock { state in
      guard state.fits(count, limit) else { return false }
      // Without a limit any promise is granted.
      let (sum, overflow) = state.reserved.addingReportingOverflow(count)
      guard !overflow else { return false }
      state.reserved = sum
      return true
    }
    if isGranted { reservation += count }
    return isGranted
  }

  /// Counts bytes that came in, out of the reservation as far as it goes; false when they are too many.
  func receive(_ count: Int, _ reservation: inout Int) -> Bool {
    let promised = min(count, reservation)
    reservation -= promised
    return state.withLock { state in
      state.received &+= count
      state.reserved -= promised
      return promised == count || state.fits(0, limit)
    }
  }

  /// Gives back what was promised and did not come.
  func release(_ reservation: inout Int) {
    guard reservation > 0 else { return }
    let count = reservation
    reservation = 0
    state.withLock { $0.reserved -= count }
  }
}
