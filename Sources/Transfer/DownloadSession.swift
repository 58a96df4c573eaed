import CCurl
import Synchronization

/// Brings many files here: a few at once, over connections that are kept, each verified, retried and
/// resumed on its own.
///
/// Runs in the calling thread and, for many small files, in others beside it. Requests are pulled one
/// by one and results handed over one by one, so memory depends on `TransferOptions.parallel` and not
/// on the number of files.
package struct DownloadSession {
  private let options: TransferOptions
  private let ledger: SizeLedger

  /// `ledger` is shared by sessions that have one limit; by default a session has its own.
  package init(options: TransferOptions = TransferOptions(), ledger: SizeLedger? = nil) {
    self.options = options
    self.ledger = ledger ?? SizeLedger(limit: options.maxTotalSize)
  }

  /// Opening libcurl takes longer than checking a thousand addresses: begins with it meanwhile.
  package static func prepare() { nb_curl_load_early() }

  /// Fetches every file `next` names until it gives nil.
  ///
  /// `finished` hears of each request once, in the order they end; `retrying` of tries that failed, but of
  /// one kind of fault only once for each source of a file unless there is a long wait. When `isCancelled` turns true the
  /// session stops within a twentieth of a second, keeps what can be resumed, and throws
  /// `.cancelled`. Other errors thrown concern the session as a whole. Each closure is called by one
  /// thread at a time, though not always the same; `threads` share the connections.
  package func run(
    total: Int? = nil, threads: Int = 1,
    next: @escaping () -> DownloadRequest?,
    isCancelled: @escaping () -> Bool = { false },
    progress: @escaping (TransferProgress) -> Void = { _ in },
    retrying: @escaping (DownloadRequest, TransferRetry) -> Void = { _, _ in },
    finished: @escaping (DownloadRequest, Result<DownloadedFile, TransferError>) -> Void
  ) throws(TransferError) {
    // Fewer than four connections leave a thread idle.
    let count = max(1, min(threads, options.parallel / 4, (total ?? .max) / 4))
    let desk = SessionDesk(
      ledger: ledger, total: total, threads: count, next: next,
      isCancelled: isCancelled, progress: progress, retrying: retrying, finished: finished)
    let error = Mutex<TransferError?>(nil)
    let options = options
    SessionThreads.run(count) { number in
      var share = options
      share.parallel = (options.parallel + number) / count
      do throws(TransferError) {
        try Run(options: share, desk: desk, number: number).loop()
      } catch let new {
        error.withLock { $0 = $0 ?? new }
        desk.stop()
      }
    }
    if let error = error.withLock({ $0 }) { throw error }
    desk.reportEnd()
  }

  /// Fetches one file.
  package func fetch(
    _ request: DownloadRequest, isCancelled: @escaping () -> Bool = { false }
  ) throws(TransferError) -> DownloadedFile {
    var pending: DownloadRequest? = request
    var result = Result<DownloadedFile, TransferError>.failure(.cancelled)
    try run(
      total: 1,
      next: {
        defer { pending = nil }
        return pending
      }, isCancelled: isCancelled, finished: { result = $1 })
    return try result.get()
  }
}

extension DownloadSession {
  /// The state of one `run`.
  fileprivate final class Run {
    private static let longestNap = 0.05

    private let options: TransferOptions
    private let desk: SessionDesk
    private let number: Int
    private var multi: UnsafeMutableRawPointer?
    private var active: [UnsafeMutableRawPointer: (download: Download, handle: CurlHandle)] = [:]
    private var waiting: [(due: Double, download: Download)] = []
    private var isExhausted = false
    private var silence = SilentHosts()

    init(options: TransferOptions, desk: SessionDesk, number: Int) {
      self.options = options
      self.desk = desk
      self.number = number
    }

    deinit {
      for (easy, _) in active { nb_curl_multi_remove(multi, easy) }
      active = [:]
      if let multi { nb_curl_multi_free(multi) }
    }

    func loop() throws(TransferError) {
      while true {
        try fill()
        if active.isEmpty && waiting.isEmpty && isExhausted { break }
        if try !perform() { try nap() }
        desk.report(number) {
          SessionDesk.Load(active: active.values.map(\.download), waiting: waiting)
        }
      }
    }

    // MARK: Starting

    private func fill() throws(TransferError) {
      while active.count < max(options.parallel, 1) {
        guard !desk.isCancelled else { throw cancel() }
        if let download = takeDue() {
          try start(download)
        } else if !isExhausted, waiting.count < 4 * max(options.parallel, 1) {
          guard let request = desk.next() else {
            isExhausted = true
            return
          }
          let download = Download(request, options: options, ledger: desk.ledger)
          if let error = silence.verdict(on: request, after: max(options.parallel, 16)) {
            // Nobody answers: trying each of a thousand files in turn would take hours.
            settle(download, download.finishedBefore().map { .done($0) } ?? .failed(error))
          } else {
            try start(download)
          }
        } else {
          return
        }
      }
    }

    private func takeDue() -> Download? {
      guard let index = waiting.indices.min(by: { waiting[$0].due < waiting[$1].due }),
        waiting[index].due <= Clock.monotonic()
      else { return nil }
      return waiting.remove(at: index).download
    }

    private func start(_ download: Download) throws(TransferError) {
      download.retry = nil
      if case .local(let path)? = download.source {
        let outcome = download.copy(from: path, isCancelled: { desk.isCancelled })
        if case .failed(.cancelled) = outcome { throw cancel() }
        settle(download, outcome)
        return
      }
      if let file = download.finishedBefore() { return settle(download, .done(file)) }
      let question: CurlHandle.Question?
      do throws(TransferError) { question = try download.question() } catch {
        settle(download, download.recover(from: error))
        return
      }
      guard let question else {
        do throws(TransferError) { settle(download, .done(try download.complete())) } catch {
          settle(download, download.recover(from: error))
        }
        return
      }
      let multi = try openMulti()
      // A new one each time: libcurl 7.88 refuses CURLOPT_BUFFERSIZE on a handle that was used for
      // HTTP/2 or ended at a name that was not found. Connections belong to the multi handle.
      let handle = try CurlHandle()
      try handle.prepare(question, options: options, receiver: download)
      guard nb_curl_multi_add(multi, handle.easy) == CURLM_OK else {
        throw .library(reason: "a transfer could not be added")
      }
      active[handle.easy] = (download, handle)
    }

    private func openMulti() throws(TransferError) -> UnsafeMutableRawPointer {
      if let multi { return multi }
      if let reason = nb_curl_load() {
        throw .missingLibrary("libcurl", reason: String(cString: reason))
      }
      nb_keep_freed_memory()
      guard let multi = nb_curl_multi_new() else { throw .library(reason: "out of memory") }
      self.multi = multi
      _ = nb_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 2 * max(options.parallel, 1))
      return multi
    }

    // MARK: Going on

    /// True when a transfer ended, so that there may be room for another at once.
    private func perform() throws(TransferError) -> Bool {
      guard let multi, !active.isEmpty else { return false }
      guard nb_curl_multi_perform(multi) == CURLM_OK else {
        throw .library(reason: "curl_multi_perform failed")
      }
      var hasEnded = false
      var code = CURLE_OK
      while let easy = nb_curl_multi_next_done(multi, &code) {
        hasEnded = true
        guard let (download, handle) = active.removeValue(forKey: easy) else { continue }
        let outcome = download.ended(
          code, reason: code == CURLE_OK ? "" : handle.reason(code), redirect: handle.redirectURL)
        withExtendedLifetime(handle) { _ = nb_curl_multi_remove(multi, easy) }
        settle(download, outcome)
      }
      return hasEnded
    }

    private func nap() throws(TransferError) {
      guard !desk.isCancelled else { throw cancel() }
      var seconds = Self.longestNap
      if let due = waiting.map(\.due).min() { seconds = min(seconds, due - Clock.monotonic()) }
      let milliseconds = Int32(max(1, (seconds * 1000).rounded(.up)))
      if let multi {
        guard nb_curl_multi_poll(multi, milliseconds) == CURLM_OK else {
          throw .library(reason: "curl_multi_poll failed")
        }
      } else {
        Clock.sleep(milliseconds: milliseconds)
      }
    }

    private func settle(_ download: Download, _ outcome: Download.Outcome) {
      switch outcome {
      case .later(let due):
        waiting.append((due, download))
        if let retry = download.retry, download.isRetryNews {
          desk.retry(download.request, retry)
        }
      case .done(let file):
        // One that was there already says nothing about a host.
        if file.attempts > 0 { silence.note(download.request, nil) }
        desk.finish(download.request, .success(file))
      case .failed(let error):
        silence.note(download.request, error)
        desk.finish(download.request, .failure(error))
      }
    }

    private func cancel() -> TransferError {
      for (easy, entry) in active {
        nb_curl_multi_remove(multi, easy)
        entry.download.suspend()
      }
      active = [:]
      for entry in waiting { entry.download.suspend() }
      waiting = []
      return .cancelled
    }
  }
}
