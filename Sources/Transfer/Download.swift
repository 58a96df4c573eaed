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

  enum Phase { case pointer, content }

  /// What happens to the body that arrives.
  enum Body { case undecided, stored, collected, dropped }

  /// Longest text of an error answer read only to keep its connection usable.
  static let longestErrorBody = 64 << 10
  /// libcurl tells where a redirect leads only when its body has ended.
  static let longestRedirectBody = 16 << 20
  /// Bytes of it that are looked at; more than are shown, so that no secret is cut and missed.
  static let longestExcerpt = 4 << 10
  static let mostRedirects = 10

  let request: DownloadRequest
  let options: TransferOptions
  let ledger: SizeLedger

  // The file.
  var partial: PartialFile?
  /// Of exactly the bytes in `partial`; nil when no hash is expected.
  var hash: SHA256?
  /// Of exactly the bytes in `partial` too; nil where an earlier session left some, which would have
  /// to be read for it.
  var content: ContentHash?
  var expectedHash: String?
  var expectedSize: Int?
  var resumedFrom = 0
  /// Bytes set aside in the ledger for the answer under way.
  var reservation = 0
  private var hasCountedKept = false
  private var hasOpened = false
  var bytesReceived = 0

  // The sources.
  var sourceIndex = 0
  var deadSources: Set<Int> = []
  /// Those that failed at least once.
  var askedSources: Set<Int> = []
  /// Until when a source asked to be left alone, on the monotonic clock; none once it was asked again.
  var notBefore: [Int: Double] = [:]
  var sourcesWithoutRanges: Set<Int> = []
  var sourcesWithoutPointer: Set<Int> = []
  var failures = 0
  var attempts = 0
  var highWater = 0
  var firstError: TransferError?
  /// What a mirror last said that did answer.
  var mirrorsAnswer: TransferError?
  /// Nil unless the last try failed and this is the wait for the next.
  var retry: TransferRetry?
  /// `retry` says what was not said before of this file.
  var isRetryNews = false
  var toldFaults: Set<String> = []
  var lastWrongContent: TransferError?

  // The question under way.
  var phase = Phase.content
  var address: WebURL?
  var redirects = 0
  var requestedOffset = 0
  /// Bytes the whole file has by the answer under way; nil when it doesn't say.
  var answeredSize: Int?
  var decodesBody = true
  /// Nil for a body that is not encoded, or is to stay so.
  var decoder: ContentDecoder?
  var head = ResponseHead()
  var body = Body.undecided
  var collected: [UInt8] = []
  var dropped = 0
  var fault: TransferError?

  init(_ request: DownloadRequest, options: TransferOptions, ledger: SizeLedger) {
    self.request = request
    self.options = options
    self.ledger = ledger
    expectedHash = request.sha256
    expectedSize = request.size
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
    decoder = nil
    collected = []
    dropped = 0
    fault = nil
    answeredSize = nil
    if redirects == 0 {
      attempts += 1
      notBefore[sourceIndex] = nil
      address = try firstAddress(of: url)
    }
    let address = self.address ?? url
    var question = CurlHandle.Question(url: address.text, headers: [])
    if address.origin == request.credentialsOrigin {
      question.headers += options.headers
      if let token = options.token { question.headers.append("Authorization: Bearer \(token)") }
    }
    decodesBody = true
    guard phase == .content else {
      question.headers.append(Self.acceptIdentity)
      return question
    }
    if partial == nil {
      let opened = try PartialFile(
        destination: request.destination, isFolderNew: request.isFolderNew)
      // Opened again after another source was a file on this machine, it holds what this session brought.
      if !hasOpened {
        hasOpened = true
        resumedFrom = opened.size
        highWater = opened.size
      }
      partial = opened
      content = opened.size == 0 ? ContentHash() : nil
    }
    guard let partial else { return question }
    if expectedHash != nil && hash == nil {
      let hash = try SHA256()
      let content = ContentHash()
      try partial.replay { bytes in
        hash.update(bytes)
        content.update(bytes)
      }
      self.hash = hash
      self.content = content
    }
    if !canResume(partial, from: url) { try restart(partial) }
    if !hasCountedKept {
      hasCountedKept = true
      ledger.keep(resumedFrom)
    }
    if partial.size > 0, let size = expectedSize ?? partial.origin?.size, size == partial.size {
      return nil
    }
    requestedOffset = partial.size
    let ending = Self.ending(of: request.destination)
    decodesBody = !Self.compressedNames.contains(ending)
    if partial.size > 0 {
      question.range = "\(partial.size)-"
      if partial.origin?.url == url.text, let validator = partial.origin?.validator {
        question.headers.append("If-Range: \(validator)")
      }
    }
    let isText = partial.size == 0 && Self.textNames.contains(ending)
    question.headers.append(isText ? Self.acceptEncoded : Self.acceptIdentity)
    return question
  }

  private static let acceptIdentity = "Accept-Encoding: identity"
  private static let acceptEncoded = "Accept-Encoding: \(ContentDecoder.offered)"
  /// Names whose own bytes are compressed: a server that labels them as encoded means the file.
  private static let compressedNames: Set<String> = [
    ".gz", ".tgz", ".zst", ".xz", ".bz2", ".br", ".lz4", ".zip",
  ]
  /// Names worth asking for in a compressed form, which can't be resumed.
  private static let textNames: Set<String> = [
    ".txt", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".md", ".html", ".xml", ".yaml", ".yml",
  ]

  /// From the last point on, in lower case.
  private static func ending(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: ".")).map { path[$0...].lowercased() } ?? ""
  }

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

  func restart(_ partial: PartialFile) throws(TransferError) {
    try partial.restart()
    hash?.reset()
    if let content { content.reset() } else { content = ContentHash() }
    resumedFrom = 0
  }
}
