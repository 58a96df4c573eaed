extension Download {
  func takeHeader(_ line: UnsafeRawBufferPointer) { head.take(line, now: Clock.wall) }

  func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(TransferError) {
      if body == .undecided { try decide() }
      guard let decoder else { return try take(bytes) }
      var goesOn = true
      let isSound = try decoder.decode(bytes) { (piece) throws(TransferError) in
        if goesOn { goesOn = try take(piece) }
      }
      if !isSound {
        // Nobody needs the text of an error.
        guard body != .dropped else { return false }
        throw .interrupted(
          url: displayURL, received: bytesHeld, reason: "its \(encoding) encoding is damaged")
      }
      return goesOn
    } catch {
      fault = error
      return false
    }
  }

  /// False when no more is wanted.
  private func take(_ bytes: UnsafeRawBufferPointer) throws(TransferError) -> Bool {
    switch body {
    case .undecided: return false
    case .stored:
      try store(bytes)
      return true
    case .collected:
      collected += bytes.prefix(LFSPointer.longest + 1 - collected.count)
      return collected.count <= LFSPointer.longest
    case .dropped:
      collected += bytes.prefix(Self.longestExcerpt - collected.count)
      dropped += bytes.count
      return dropped <= (head.isRedirect ? Self.longestRedirectBody : Self.longestErrorBody)
    }
  }

  private var encoding: String { head.contentEncoding ?? "" }

  /// An encoded body must have come to its own end, which the length of the answer doesn't tell. Only a
  /// length of 0 says that nothing was encoded: servers name an encoding for empty files, too, and a proxy
  /// that lost its own server may well end an answer of unknown length before its first byte.
  func checkEncodingEnded() throws(TransferError) {
    guard let decoder, !decoder.isAtEnd else { return }
    if head.contentLength == 0, decoder.isUntouched { return }
    throw .interrupted(
      url: displayURL, received: bytesHeld, reason: "its \(encoding) encoding has no end")
  }

  private func store(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
    guard let partial else { return }
    bytesReceived += bytes.count
    guard ledger.receive(bytes.count, &reservation) else { throw totalSizeExceeded }
    let size = partial.size + bytes.count
    if let limit = request.sizeLimit, size > limit {
      throw .tooLarge(url: displayURL, limit: limit)
    }
    if let answeredSize, size > answeredSize {
      sourcesWithoutRanges.insert(sourceIndex)
      try restart(partial)
      throw .badAnswer(url: displayURL, reason: "more bytes than the \(answeredSize) it told of")
    }
    if let expectedSize, size > expectedSize {
      throw .wrongSize(url: displayURL, expected: expectedSize, found: size)
    }
    try partial.append(bytes)
    hash?.update(bytes)
    content?.update(bytes)
    if size >= options.resumeThreshold { try partial.remember() }
  }

  /// Looks at the whole head of the answer: where its body belongs.
  func decide() throws(TransferError) {
    body = .dropped
    if decodesBody, !head.isRedirect, let name = head.contentEncoding {
      decoder = ContentDecoder(name)
      if decoder == nil, head.status == 200 || head.status == 206 {
        throw .badAnswer(url: displayURL, reason: "an encoding nobody asked for, `\(name)`")
      }
    }
    guard phase == .content else {
      if head.status == 200 { body = .collected }
      return
    }
    guard let partial else { return }
    if head.isMalformed, head.status == 200 || head.status == 206 {
      throw .badAnswer(url: displayURL, reason: "a length or range that is no number")
    }
    let isEncoded = decoder != nil
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
    case 416 where requestedOffset > 0:
      try restart(partial)
      throw .interrupted(url: displayURL, received: 0, reason: "the file became shorter")
    default: break
    }
  }

  private func continueFile(_ partial: PartialFile, isEncoded: Bool) throws(TransferError) {
    guard let answered = head.contentRange, let range = answered.range, !isEncoded,
      range.lowerBound == requestedOffset, partial.size == requestedOffset
    else {
      sourcesWithoutRanges.insert(sourceIndex)
      throw .badAnswer(url: displayURL, reason: "another part than the one asked for")
    }
    // Without the size of the whole a part may end anywhere, which a hash would tell.
    let end = range.upperBound + 1
    let whole = answered.total ?? expectedSize ?? partial.origin?.size ?? (hash == nil ? nil : end)
    guard let size = whole, size == end else {
      sourcesWithoutRanges.insert(sourceIndex)
      throw .badAnswer(url: displayURL, reason: "a part that doesn't go to the end of the file")
    }
    if let known = partial.origin?.size, known != size {
      try restart(partial)
      throw .interrupted(url: displayURL, received: 0, reason: "the file changed meanwhile")
    }
    switch version(of: partial) {
    case .same: break
    case .unknown where hash != nil: try partial.forgetVersion()
    case .unknown, .other:
      try restart(partial)
      throw .interrupted(url: displayURL, received: 0, reason: "the file changed meanwhile")
    }
    try accept(size: size, into: partial, hasValidators: true)
  }

  private enum Version { case same, other, unknown }

  /// Whether a part belongs to the bytes held. A server may not know `If-Range`, so it has to repeat the
  /// validator it was sent.
  private func version(of partial: PartialFile) -> Version {
    guard let origin = partial.origin, case .remote(let url)? = source, origin.url == url.text,
      let sent = origin.validator
    else { return .unknown }
    guard let answered = origin.entityTag == nil ? head.lastModified : head.entityTag else {
      // Ranges that name no version are of no use without a hash, now or later.
      if hash == nil { sourcesWithoutRanges.insert(sourceIndex) }
      return .unknown
    }
    return answered == sent ? .same : .other
  }

  private func accept(
    size: Int?, into partial: PartialFile, hasValidators: Bool
  ) throws(TransferError) {
    if let size, let expectedSize, size != expectedSize {
      throw .wrongSize(url: displayURL, expected: expectedSize, found: size)
    }
    answeredSize = size
    if let size { try reserve(size - partial.size, of: size) }
    if partial.origin == nil, case .remote(let url)? = source {
      partial.begin(
        PartialFile.Origin(
          url: url.text, entityTag: hasValidators ? head.entityTag : nil,
          lastModified: hasValidators ? head.lastModified : nil, size: size,
          isVerifiable: hasValidators && hash != nil))
    }
    body = .stored
  }

  /// Makes sure there is room for the bytes that are about to come, before they do.
  func reserve(_ count: Int, of size: Int) throws(TransferError) {
    if let limit = request.sizeLimit, size > limit {
      throw .tooLarge(url: displayURL, limit: limit)
    }
    guard ledger.reserve(count, &reservation) else { throw totalSizeExceeded }
  }

  private var totalSizeExceeded: TransferError {
    .totalSizeExceeded(url: displayURL, limit: options.maxTotalSize ?? 0)
  }
}
