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

  /// What one thread has to do.
  struct Load {
    var active: [Download]
    var waiting: [(due: Double, download: Download)]
  }

  /// How much is on its way in one thread.
  private struct Standing {
    /// Bytes of its files.
    var held = 0
    var active = 0
    /// Files whose last try failed, and the one of them that is due first.
    var waiting = 0
    var next: (due: Double, retry: TransferRetry)?

    init() {}

    init(_ load: Load) {
      active = load.active.count
      held = load.active.reduce(0) { $0 + $1.bytesHeld }
      for (due, download) in load.waiting {
        held += download.bytesHeld
        guard let retry = download.retry else { continue }
        waiting += 1
        if due < next?.due ?? .infinity { next = (due, retry) }
      }
    }
  }

  private struct Counts {
    var done = 0
    var failed = 0
    var bytes = 0
    /// By thread, and when each was told.
    var standings: [Standing]
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
  private let retryListener: Guarded<(DownloadRequest, TransferRetry), Void>
  private let receiver: Guarded<(DownloadRequest, Outcome), Void>

  init(
    ledger: SizeLedger, total: Int?, threads: Int, next: @escaping () -> DownloadRequest?,
    isCancelled: @escaping () -> Bool, progress: @escaping (TransferProgress) -> Void,
    retrying: @escaping (DownloadRequest, TransferRetry) -> Void,
    finished: @escaping (DownloadRequest, Outcome) -> Void
  ) {
    self.ledger = ledger
    receivedBefore = ledger.received
    self.total = total
    var counts = Counts(
      standings: Array(repeating: Standing(), count: threads),
      toldAt: Array(repeating: 0, count: threads))
    counts.meter.take(time: began, bytes: 0)
    self.counts = Mutex(counts)
    source = Guarded { next() }
    cancellation = Guarded { isCancelled() }
    listener = Guarded { progress($0) }
    retryListener = Guarded { retrying($0.0, $0.1) }
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

  func retry(_ request: DownloadRequest, _ retry: TransferRetry) {
    retryListener.call((request, retry))
  }

  /// Ten times a second tells how far the session is. `load` is that of the thread with this number.
  func report(_ thread: Int, _ load: () -> Load) {
    let now = Clock.monotonic()
    let isDue = counts.withLock { counts in
      guard now - counts.toldAt[thread] >= Self.progressInterval else { return false }
      counts.toldAt[thread] = now
      return true
    }
    guard isDue else { return }
    let load = load()
    let standing = Standing(load)
    counts.withLock { $0.standings[thread] = standing }
    let first = load.active.first ?? load.waiting.first?.download
    listener.call(progress(now, expected: first?.bytesExpected))
  }

  /// The last word: nothing is on its way any more.
  func reportEnd() {
    counts.withLock { counts in
      for thread in counts.standings.indices { counts.standings[thread] = Standing() }
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
        bytesReceived: received,
        bytesInFiles: counts.bytes + counts.standings.reduce(0) { $0 + $1.held },
        bytesTotal: nil, bytesPerSecond: rate, secondsLeft: nil)
      progress.filesWaiting = counts.standings.reduce(0) { $0 + $1.waiting }
      if counts.standings.allSatisfy({ $0.active == 0 }),
        let next = counts.standings.compactMap(\.next).min(by: { $0.due < $1.due })
      {
        progress.wait = next.retry.summary(secondsLeft: max(0, next.due - now))
      }
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
