import CCurl

/// One request on its way: which source is asked next, what its answer means, what to do when it
/// fails. The session around it owns the connections and the clock.
final class Download: AnswerReceiver {
  /// What happens next.
  enum Outcome {
    /// Ask again, not before this time of the monotonic clock.
    case later(Double)
    case done(DownloadedFile)
    case failed(TransferError)
  }

  private enum Phase { case pointer, content }

  /// What happens to the body that arrives.
  private enum Body { case undecided, stored, collected, dropped }

  /// Longest text of an error answer read only to keep its connection usable.
  private static let longestErrorBody = 64 << 10
  private static let mostRedirects = 10

  let request: DownloadRequest
  private let options: TransferOptions
  private let ledger: SizeLedger
  private let firstOrigin: String?

  // The file.
  private var partial: PartialFile?
  /// Of exactly the bytes in `partial`; nil when no hash is expected.
  private var hash: SHA256?
  private var expectedHash: String?
  private var expectedSize: Int?
  private var resumedFrom = 0
  private var ledgerShare = 0
  private var bytesReceived = 0

  // The sources.
  private var sourceIndex = 0
  private var deadSources: Set<Int> = []
  private var sourcesWithoutRanges: Set<Int> = []
  private var sourcesWithoutPointer: Set<Int> = []
  private var failures = 0
  private var attempts = 0
  private var highWater = 0
  private var firstError: TransferError?
  private var lastWrongContent: TransferError?

  // The question under way.
  private var phase = Phase.content
  private var address: WebURL?
  private var redirects = 0
  private var requestedOffset = 0
  private var decodesBody = true
  private var head = ResponseHead()
  private var body = Body.undecided
  private var collected: [UInt8] = []
  private var dropped = 0
  private var fault: TransferError?

  init(_ request: DownloadRequest, options: TransferOptions, ledger: SizeLedger) {
    self.request = request
    self.options = options
    self.ledger = ledger
    expectedHash = request.sha256
    expectedSize = request.size
    firstOrigin = if case .remote(let url)? = request.sources.first { url.origin } else { nil }
  }

  var source: SourceURL? {
    request.sources.indices.contains(sourceIndex) ? request.sources[sourceIndex] : nil
  }

  /// Bytes on disk.
  var bytesHeld: Int { partial?.size ?? 0 }
  /// Bytes of the finished file, when known.
  var bytesExpected: Int? { expectedSize ?? partial?.origin?.size }

  // MARK: Asking

  /// What to ask the current source, a remote one, or nil when the bytes at hand are the file.
  func question() throws(TransferError) -> CurlHandle.Question? {
    guard case .remote(let url)? = source else {
      throw .unusableURL(request.sources.first.map { "\($0)" } ?? "", reason: "it is not remote")
    }
    head = ResponseHead()
    body = .undecided
    collected = []
    dropped = 0
    fault = nil
    if redirects == 0 {
      attempts += 1
      address = try firstAddress(of: url)
    }
    let address = self.address ?? url
    var question = CurlHandle.Question(url: address.text, headers: [], acceptEncoding: "identity")
    if address.origin == firstOrigin {
      question.headers += options.headers
      if let token = options.token { question.headers.append("Authorization: Bearer \(token)") }
    }
    guard phase == .content else { return question }
    if partial == nil {
      let opened = try PartialFile(destination: request.destination)
      resumedFrom = opened.size
      highWater = opened.size
      partial = opened
    }
    guard let partial else { return question }
    if expectedHash != nil && hash == nil {
      let hash = try SHA256()
      try partial.replay(into: hash)
      self.hash = hash
    }
    if !canResume(partial, from: url) { try restart(partial) }
    if partial.size > 0, let size = expectedSize ?? partial.origin?.size, size == partial.size {
      return nil
    }
    requestedOffset = partial.size
    let name = request.destination.lowercased()
    decodesBody = !Self.compressedNames.contains { name.hasSuffix($0) }
    if partial.size > 0 {
      question.range = "\(partial.size)-"
      if partial.origin?.url == url.text, let validator = partial.origin?.validator {
        question.headers.append("If-Range: \(validator)")
      }
    } else if Self.textNames.contains(where: { name.hasSuffix($0) }) {
      question.acceptEncoding = ""
    }
    if !decodesBody {
      question.acceptEncoding = nil
      question.headers.append("Accept-Encoding: identity")
    }
    return question
  }

  /// Names whose own bytes are compressed: a server that labels them as encoded means the file.
  private static let compressedNames = [
    ".gz", ".tgz", ".zst", ".xz", ".bz2", ".br", ".lz4", ".zip",
  ]
  /// Names worth asking for in a compressed form, which can't be resumed.
  private static let textNames = [
    ".txt", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".md", ".html", ".xml", ".yaml", ".yml",
  ]

  private func firstAddress(of url: WebURL) throws(TransferError) -> WebURL {
    phase = .content
    guard expectedHash == nil, request.pointer != .never,
      !sourcesWithoutPointer.contains(sourceIndex)
    else { return url }
    guard let pointer = url.pointerURL else {
      guard request.pointer == .automatic else { throw .noPointer(url: url.forDisplay) }
      return url
    }
    phase = .pointer
    return try WebURL(pointer)
  }

  private func canResume(_ partial: PartialFile, from url: WebURL) -> Bool {
    guard partial.size > 0, let origin = partial.origin,
      !sourcesWithoutRanges.contains(sourceIndex)
    else { return false }
    if let expectedSize, partial.size > expectedSize { return false }
    // With a hash to check at the end, any source may continue; without, only the same version of
    // the same file.
    return hash != nil || (origin.url == url.text && origin.validator != nil)
  }

  private func restart(_ partial: PartialFile) throws(TransferError) {
    try partial.restart()
    hash?.reset()
    resumedFrom = 0
    setLedgerShare(0)
  }

  // MARK: Reading the answer

  func takeHeader(_ line: UnsafeRawBufferPointer) { head.take(line, now: Clock.wall) }

  func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(TransferError) {
      if body == .undecided { try decide() }
      switch body {
      case .undecided: return false
      case .stored:
        try store(bytes)
        return true
      case .collected:
        collected += bytes.prefix(LFSPointer.longest + 1 - collected.count)
        return collected.count <= LFSPointer.longest
      case .dropped:
        if collected.count < 300 { collected += bytes.prefix(300 - collected.count) }
        dropped += bytes.count
        return dropped <= Self.longestErrorBody
      }
    } catch {
      fault = error
      return false
    }
  }

  private func store(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
    guard let partial else { return }
    bytesReceived += bytes.count
    ledger.receive(bytes.count)
    let size = partial.size + bytes.count
    if size > ledgerShare { try claim(size) }
    if let expectedSize, size > expectedSize {
      throw .wrongSize(url: displayURL, expected: expectedSize, found: size)
    }
    try partial.append(bytes)
    hash?.update(bytes)
    if size >= options.resumeThreshold { try partial.remember() }
  }

  /// Looks at the whole head of the answer: where its body belongs.
  private func decide() throws(TransferError) {
    body = .dropped
    guard phase == .content else {
      if head.status == 200 { body = .collected }
      return
    }
    guard let partial else { return }
    let isEncoded = head.isEncoded && decodesBody
    switch head.status {
    case 200:
      if partial.size > 0 { try restart(partial) }
      let size = isEncoded ? nil : head.contentLength
      try accept(size: size, into: partial, hasValidators: !isEncoded)
    case 206:
      guard requestedOffset > 0 else {
        throw .badAnswer(url: displayURL, reason: "a part, but the whole was asked for")
      }
      try continueFile(partial, isEncoded: isEncoded)
    case 416:
      // The file has shrunk, or the partial file is not of it.
      try restart(partial)
    default: break
    }
  }

  private func continueFile(_ partial: PartialFile, isEncoded: Bool) throws(TransferError) {
    guard let answered = head.contentRange, let range = answered.range, !isEncoded,
      range.lowerBound == requestedOffset, partial.size == requestedOffset,
      answered.total == nil || answered.total == range.upperBound + 1
    else {
      sourcesWithoutRanges.insert(sourceIndex)
      throw .badAnswer(url: displayURL, reason: "another part than the one asked for")
    }
    if let source = source, case .remote(let url) = source, let origin = partial.origin,
      origin.url == url.text, let old = origin.entityTag, let new = head.entityTag, old != new
    {
      try restart(partial)
      throw .interrupted(url: displayURL, received: 0, reason: "the file changed meanwhile")
    }
    let size = range.upperBound + 1
    if let known = partial.origin?.size, known != size {
      try restart(partial)
      throw .interrupted(url: displayURL, received: 0, reason: "the file changed meanwhile")
    }
    try accept(size: size, into: partial, hasValidators: true)
  }

  private func accept(
    size: Int?, into partial: PartialFile, hasValidators: Bool
  ) throws(TransferError) {
    if let size, let expectedSize, size != expectedSize {
      throw .wrongSize(url: displayURL, expected: expectedSize, found: size)
    }
    if let size { try claim(size) }
    if partial.origin == nil, case .remote(let url)? = source {
      partial.begin(
        PartialFile.Origin(
          url: url.text, entityTag: hasValidators ? head.entityTag : nil,
          lastModified: hasValidators ? head.lastModified : nil, size: size,
          isVerifiable: hasValidators && hash != nil))
    }
    body = .stored
  }

  private func claim(_ size: Int) throws(TransferError) {
    guard ledger.change(from: ledgerShare, to: size) else {
      throw .totalSizeExceeded(url: displayURL, limit: options.maxTotalSize ?? 0)
    }
    ledgerShare = size
  }

  private func setLedgerShare(_ size: Int) {
    if ledger.change(from: ledgerShare, to: size) { ledgerShare = size }
  }

  // MARK: After the answer

  /// The transfer ended with `code`; `redirect` is where the answer points.
  func ended(_ code: CURLcode, reason: String, redirect: String?) -> Outcome {
    do throws(TransferError) {
      if let fault { throw fault }
      if [301, 302, 303, 307, 308].contains(head.status) {
        try follow(redirect)
        return .later(0)
      }
      if head.isComplete, head.status != 200, head.status != 206 {
        if body == .undecided { try decide() }
        throw .status(url: displayURL, code: head.status, excerpt: excerpt)
      }
      let isOverlongPointer = phase == .pointer && collected.count > LFSPointer.longest
      guard code == CURLE_OK || isOverlongPointer else {
        throw transportError(code, reason: reason)
      }
      if body == .undecided { try decide() }
      if phase == .pointer {
        try takePointer()
        redirects = 0
        return .later(0)
      }
      return .done(try complete())
    } catch {
      return recover(from: error)
    }
  }

  /// Checks the bytes at hand and gives the file its name.
  func complete() throws(TransferError) -> DownloadedFile {
    guard let partial else { throw .library(reason: "no file was open") }
    if let expectedSize, partial.size != expectedSize {
      throw .wrongSize(url: displayURL, expected: expectedSize, found: partial.size)
    }
    if let hash, let expectedHash {
      let found = hash.finish()
      guard found == expectedHash else {
        throw .wrongHash(url: displayURL, expected: expectedHash, found: found)
      }
    }
    try partial.finish()
    setLedgerShare(partial.size)
    self.partial = nil
    return DownloadedFile(
      size: partial.size, sha256: expectedHash, bytesReceived: bytesReceived,
      resumedFrom: resumedFrom, attempts: attempts)
  }

  /// Takes the file from a place on this machine.
  func copy(from path: String, isCancelled: () -> Bool) -> Outcome {
    partial = nil
    hash = nil
    attempts += 1
    do throws(TransferError) {
      return .done(
        try LocalCopy.run(request, from: path, isCancelled: isCancelled) { count in
          bytesReceived += count
          ledger.receive(count)
        } admit: { size throws(TransferError) in
          try claim(size)
        })
    } catch {
      return recover(from: error)
    }
  }

  /// Keeps what another session can continue.
  func suspend() {
    try? partial?.remember()
    partial = nil
  }

  private func follow(_ redirect: String?) throws(TransferError) {
    guard let redirect else { throw .badRedirect(url: displayURL, reason: "it names no address") }
    redirects += 1
    guard redirects <= Self.mostRedirects else {
      throw .badRedirect(url: displayURL, reason: "more than \(Self.mostRedirects) redirects")
    }
    guard case .remote(let url)? = try? SourceURL(redirect) else {
      throw .badRedirect(url: displayURL, reason: "its target is no web address")
    }
    address = url
  }

  private func takePointer() throws(TransferError) {
    if let pointer = LFSPointer(collected) {
      if let expectedSize, expectedSize != pointer.size {
        throw .wrongSize(url: displayURL, expected: expectedSize, found: pointer.size)
      }
      expectedHash = pointer.sha256
      expectedSize = pointer.size
    } else if request.pointer == .required {
      throw .noPointer(url: displayURL)
    } else {
      sourcesWithoutPointer.insert(sourceIndex)
    }
  }

  private func transportError(_ code: CURLcode, reason: String) -> TransferError {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
      .unreachable(url: displayURL, reason: reason)
    case CURLE_OPERATION_TIMEDOUT where head.status == 0 && bytesReceived == 0:
      .unreachable(url: displayURL, reason: reason)
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
      .unusableURL(displayURL, reason: reason)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
      .untrusted(url: displayURL, reason: reason)
    case CURLE_OUT_OF_MEMORY: .library(reason: reason)
    default: .interrupted(url: displayURL, received: bytesHeld, reason: reason)
    }
  }

  // MARK: Failing

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
    if !error.isTransient || isWrongAgain(error) { deadSources.insert(sourceIndex) }
    failures += 1
    guard deadSources.count < request.sources.count,
      failures <= max(options.retries, deadSources.count)
    else { return fail(error) }
    let retryAfter = deadSources.contains(sourceIndex) ? nil : head.retryAfter
    let previous = sourceIndex
    repeat {
      sourceIndex = (sourceIndex + 1) % request.sources.count
    } while deadSources.contains(sourceIndex)
    if sourceIndex > previous { return .later(0) }
    let asked = sourceIndex == previous ? retryAfter ?? 0 : 0
    let delay = min(max(asked, backoff()), options.longestRetryDelay)
    return .later(Clock.monotonic() + delay)
  }

  /// Wrong bytes go, right ones are kept for the next try.
  private func tidy(after error: TransferError) throws(TransferError) {
    guard let partial else { return }
    switch error {
    case .wrongSize, .wrongHash: try restart(partial)
    default:
      try partial.remember()
      if partial.size >= highWater + 1 << 20 {
        highWater = partial.size
        failures = 0
      }
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
    try? partial?.remember()
    partial = nil
    setLedgerShare(0)
    guard let firstError, firstError != error, request.sources.count > 1, !error.endsRequest else {
      return .failed(error)
    }
    return .failed(.everySource(first: firstError, last: error))
  }

  /// Seconds: the delay doubles with each failure, and up to half of it is left out at random.
  private func backoff() -> Double {
    let doubled = options.retryDelay * Double(1 << min(max(failures - 1, 0), 16))
    return min(doubled, options.longestRetryDelay) * Double.random(in: 0.5...1)
  }

  private var displayURL: String {
    guard case .remote(let url)? = source else { return "" }
    return phase == .pointer
      ? (url.pointerURL.flatMap { try? WebURL($0) } ?? url).forDisplay : url.forDisplay
  }

  /// The start of an error answer's text, on one line; empty for pages.
  private var excerpt: String {
    let text = String(decoding: collected, as: UTF8.self)
    guard !text.contains("<"), !text.contains("\u{fffd}") else { return "" }
    return text.split { $0.isWhitespace }.joined(separator: " ").filter {
      !$0.unicodeScalars.contains { $0.value < 0x20 }
    }
  }
}
