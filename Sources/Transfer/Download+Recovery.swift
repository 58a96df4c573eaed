extension Download {
  /// Decides whether, where and when to try again after `error`.
  func recover(from error: TransferError) -> Outcome {
    redirects = 0
    if phase == .pointer, request.pointer == .automatic, !error.isTransient, !error.endsRequest {
      // No hub after all, or one that shows no pointers: fetch without knowing the hash.
      sourcesWithoutPointer.insert(sourceIndex)
      return .later(0)
    }
    if error.endsRequest { return fail(error) }
    do throws(TransferError) { try tidy(after: error) } catch { return fail(error) }
    if sourceIndex == 0 || firstError == nil { firstError = error }
    if sourceIndex > 0, error.silence == nil { mirrorsAnswer = error }
    if (!error.isTransient && !isOfUseLater(error)) || isWrongAgain(error) {
      deadSources.insert(sourceIndex)
    }
    failures += 1
    askedSources.insert(sourceIndex)
    if failures > options.retries {
      // Who was not asked yet, or asked to be left alone while others were tried, has its try still to come.
      deadSources.formUnion(askedSources.filter { notBefore[$0] == nil })
    }
    guard deadSources.count < request.sources.count else { return fail(error) }
    let now = Clock.monotonic()
    if !deadSources.contains(sourceIndex), let seconds = head.retryAfter {
      notBefore[sourceIndex] = now + min(seconds, options.longestRetryDelay)
    }
    let failed = sourceIndex
    let due = chooseSource(now: now)
    var retry = TransferRetry(
      error: error, delay: max(0, due - now), number: failures, most: max(failures, options.retries)
    )
    if sourceIndex != failed { retry.nextSource = source?.forDisplay }
    self.retry = retry
    isRetryNews =
      toldFaults.insert("\(failed) \(error.shortName)").inserted
      || retry.delay >= TransferRetry.longDelay
    return .later(due)
  }

  /// Goes to the living source that may be asked the soonest, and says when. Those after this one are
  /// due at once, this one and those before it after a wait, each not before it asked to be.
  private func chooseSource(now: Double) -> Double {
    let count = request.sources.count
    let nextRound = now + backoff()
    var best: (source: Int, due: Double)?
    for step in 1...count {
      let source = (sourceIndex + step) % count
      guard !deadSources.contains(source) else { continue }
      let due = max(source > sourceIndex ? 0 : nextRound, notBefore[source] ?? 0)
      if due < best?.due ?? .infinity { best = (source, due) }
    }
    guard let best else { return nextRound }
    sourceIndex = best.source
    return best.due
  }

  /// Wrong bytes go, right ones are kept for the next try.
  private func tidy(after error: TransferError) throws(TransferError) {
    guard let partial else { return }
    switch error {
    case .wrongSize, .wrongHash, .tooLarge: try restart(partial)
    default:
      try partial.remember()
      if partial.size >= highWater + 1 << 20 {
        highWater = partial.size
        failures = 0
      }
    }
  }

  /// A copy that nothing can be compared with, while another source may still tell the hash.
  private func isOfUseLater(_ error: TransferError) -> Bool {
    guard case .unverifiable = error else { return false }
    return request.sources.indices.contains { number in
      !deadSources.contains(number) && request.sources[number].remote?.pointerURL != nil
    }
  }

  /// The same wrong content a second time is no accident of the way.
  private func isWrongAgain(_ error: TransferError) -> Bool {
    switch error {
    case .wrongSize, .wrongHash:
      defer { lastWrongContent = error }
      return lastWrongContent == error
    default: return false
    }
  }

  private func fail(_ error: TransferError) -> Outcome {
    try? partial?.suspend()
    partial = nil
    guard let firstError, firstError != error, request.sources.count > 1, !error.endsRequest else {
      return .failed(error)
    }
    // One that answers is no silent host, whoever was asked last.
    let last = error.silence == nil ? error : mirrorsAnswer ?? error
    return .failed(.everySource(first: firstError, last: last))
  }

  /// Seconds: the delay doubles with each failure, and up to half of it is left out at random.
  private func backoff() -> Double {
    let doubled = options.retryDelay * Double(1 << min(max(failures - 1, 0), 16))
    return min(doubled, options.longestRetryDelay) * Double.random(in: 0.5...1)
  }

  var displayURL: String {
    if phase == .pointer, case .remote(let url)? = source, let pointer = url.pointerURL,
      let address = try? WebURL(pointer)
    {
      return address.forDisplay
    }
    return source?.forDisplay ?? ""
  }

  /// The start of an error answer's text, on one line; empty for pages, and for what repeats a secret.
  var excerpt: String {
    let text = String(decoding: collected, as: UTF8.self)
    guard !text.contains("<"), !text.contains("\u{fffd}") else { return "" }
    let shown = SecretFilter(options, sources: request.sources).shown(text)
    return shown.prefix(300).split { $0.isWhitespace }.joined(separator: " ").filter {
      !$0.unicodeScalars.contains { $0.value < 0x20 }
    }
  }
}
