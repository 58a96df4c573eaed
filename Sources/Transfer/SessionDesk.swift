import Synchronization

/// What the threads of a session share: where requests come from, where results go, and the counts.
///
/// The caller's closures need not be safe from several threads: each is called by one at a time.
final class SessionDesk: Sendable {
  typealias Outcome = Result<DownloadedFile, TransferError>

  /// One closure behind a lock of its own.
  private final class Guarded<Input, Output>: Sendable {
    private nonisolated(unsafe) let body: (Input) -> Output
    private let lock = Mutex(())

    init(_ body: @escaping (Input) -> Output) { self.body = body }

    func call(_ input: Input) -> Output {
      nonisolated(unsafe) let input = input
      return lock.withLock { _ in
        nonisolated(unsafe) let output = body(input)
        return output
      }
    }
  }

  private struct Counts {
    var done = 0
    var failed = 0
    var bytes = 0
    /// Bytes of files on their way, by thread, and when each was told.
    var held: [Int]
    var toldAt: [Double]
    var meter = RateMeter()
  }

  private static let progressInterval = 0.1

  let ledger: SizeLedger
  private let receivedBefore: Int
  private let total: Int?
  private let began = Clock.monotonic()
  private let isStopped = Atomic(false)
  private let counts: Mutex<Counts>
  private let source: Guarded<Void, DownloadRequest?>
  private let cancellation: Guarded<Void, Bool>
  private let listener: Guarded<TransferProgress, Void>
  private let receiver: Guarded<(DownloadRequest, Outcome), Void>

  init(
    ledger: SizeLedger, total: Int?, threads: Int, next: @escaping () -> DownloadRequest?,
    isCancelled: @escaping () -> Bool, progress: @escaping (TransferProgress) -> Void,
    finished: @escaping (DownloadRequest, Outcome) -> Void
  ) {
    self.ledger = ledger
    receivedBefore = ledger.received
    self.total = total
    var counts = Counts(
      held: Array(repeating: 0, count: threads), toldAt: Array(repeating: 0, count: threads))
    counts.meter.take(time: began, bytes: 0)
    self.counts = Mutex(counts)
    source = Guarded { next() }
    cancellation = Guarded { isCancelled() }
    listener = Guarded { progress($0) }
    receiver = Guarded { finished($0.0, $0.1) }
  }

  /// Asked for, or another thread failed.
  var isCancelled: Bool { isStopped.load(ordering: .relaxed) || cancellation.call(()) }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  func next() -> DownloadRequest? { source.call(()) }

  func finish(_ request: DownloadRequest, _ outcome: Outcome) {
    counts.withLock { counts in
      switch outcome {
      case .success(let file):
        counts.done += 1
        counts.bytes += file.size
      case .failure: counts.failed += 1
      }
    }
    receiver.call((request, outcome))
  }

  /// Ten times a second tells how far the session is. `downloads` are those on their way in the
  /// thread with this number.
  func report(_ thread: Int, _ downloads: () -> [Download]) {
    let now = Clock.monotonic()
    let isDue = counts.withLock { counts in
      guard now - counts.toldAt[thread] >= Self.progressInterval else { return false }
      counts.toldAt[thread] = now
      return true
    }
    guard isDue else { return }
    let current = downloads()
    let held = current.reduce(0) { $0 + $1.bytesHeld }
    counts.withLock { $0.held[thread] = held }
    listener.call(progress(now, expected: current.first?.bytesExpected))
  }

  /// The last word: nothing is on its way any more.
  func reportEnd() {
    counts.withLock { counts in
      for thread in counts.held.indices { counts.held[thread] = 0 }
    }
    listener.call(progress(Clock.monotonic(), expected: nil))
  }

  private func progress(_ now: Double, expected: Int?) -> TransferProgress {
    let received = ledger.received - receivedBefore
    return counts.withLock { counts in
      counts.meter.take(time: now, bytes: received)
      let rate = counts.meter.rate(time: now, bytes: received)
      var progress = TransferProgress(
        filesDone: counts.done, filesFailed: counts.failed, filesTotal: total,
        bytesReceived: received, bytesInFiles: counts.bytes + counts.held.reduce(0, +),
        bytesTotal: nil, bytesPerSecond: rate, secondsLeft: nil)
      let ended = counts.done + counts.failed
      if total == 1 {
        progress.bytesTotal = counts.done == 1 ? counts.bytes : expected
        if let size = progress.bytesTotal, rate > 0 {
          progress.secondsLeft = Double(max(0, size - progress.bytesInFiles)) / rate
        }
      } else if let total, ended > 0, now > began {
        progress.secondsLeft = Double(max(0, total - ended)) * (now - began) / Double(ended)
      }
      return progress
    }
  }
}
