/// The sizes of all files of a session, known or so far, against the most it may fetch.
final class SizeLedger {
  private let limit: Int?
  private var promised = 0
  /// Bytes that came in, those of failed tries included.
  private(set) var received = 0

  init(limit: Int?) { self.limit = limit }

  func receive(_ count: Int) { received &+= count }

  /// Replaces one file's share; false, changing nothing, when the sum would pass the limit.
  func change(from old: Int, to new: Int) -> Bool {
    let (sum, overflow) = (promised - old).addingReportingOverflow(new)
    if let limit, new > old, overflow || sum > limit { return false }
    promised = overflow ? Int.max : sum
    return true
  }
}
