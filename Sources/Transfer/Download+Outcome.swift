import CCurl

extension Download {
  /// The transfer ended with `code`; `redirect` is where the answer points.
  func ended(_ code: CURLcode, reason: String, redirect: String?) -> Outcome {
    defer {
      decoder = nil
      ledger.release(&reservation)
    }
    do throws(TransferError) {
      if let fault { throw fault }
      if head.isRedirect {
        if dropped > Self.longestRedirectBody {
          throw .badRedirect(url: displayURL, reason: "its text is too long")
        }
        if redirect == nil, code != CURLE_OK { throw transportError(code, reason: reason) }
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
      if code == CURLE_OK { try checkEncodingEnded() }
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

  /// Checks the bytes at hand and ends the file.
  func complete() throws(TransferError) -> DownloadedFile {
    guard let partial else { throw .library(reason: "no file was open") }
    // The length of an answer is one thing, what it says of the whole file another.
    if let answeredSize, partial.size != answeredSize {
      throw .interrupted(
        url: displayURL, received: partial.size, reason: "the whole has \(answeredSize) bytes")
    }
    if let expectedSize, partial.size != expectedSize {
      throw .wrongSize(url: displayURL, expected: expectedSize, found: partial.size)
    }
    if let hash, let expectedHash {
      let found = hash.finish()
      guard found == expectedHash else {
        // Should it have been put together of parts, it is asked for in one piece next.
        if requestedOffset > 0 { sourcesWithoutRanges.insert(sourceIndex) }
        throw .wrongHash(url: displayURL, expected: expectedHash, found: found)
      }
    }
    let written = try partial.finish(content?.digest)
    self.partial = nil
    var file = DownloadedFile(
      size: partial.size, sha256: expectedHash, bytesReceived: bytesReceived,
      resumedFrom: resumedFrom, attempts: attempts)
    file.written = written
    return file
  }

  /// The file of an earlier session with the same request.
  func finishedBefore() -> DownloadedFile? {
    guard request.keepsFinished, !request.isFolderNew, attempts == 0,
      let size = FinishedFile.size(request.destination),
      expectedSize ?? size == size
    else { return nil }
    ledger.keep(size)
    // After a loss of power a file may be finished and its memo still there.
    PartialFile.removeMemo(request.destination)
    return DownloadedFile(
      size: size, sha256: expectedHash, bytesReceived: 0, resumedFrom: size, attempts: 0)
  }

  /// Takes the file from a place on this machine.
  func copy(from path: String, isCancelled: () -> Bool) -> Outcome {
    phase = .content
    partial = nil
    hash = nil
    head = ResponseHead()
    attempts += 1
    defer { ledger.release(&reservation) }
    do throws(TransferError) {
      if request.pointer == .required, expectedHash == nil { throw .unverifiable(path: path) }
      var request = self.request
      request.sha256 = expectedHash
      request.size = expectedSize
      return .done(
        try LocalCopy.run(request, from: path, isCancelled: isCancelled) { count in
          bytesReceived += count
          // More than was reserved is a file that grew, which is no result.
          _ = ledger.receive(count, &reservation)
        } admit: { size throws(TransferError) in
          try reserve(size, of: size)
        })
    } catch {
      return recover(from: error)
    }
  }

  /// Keeps what another session can continue.
  func suspend() {
    try? partial?.suspend()
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
    // A proxy is named with its password.
    let reason = SecretFilter.withoutUserInfo(reason)
    return switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
      .unreachable(url: displayURL, reason: reason)
    case CURLE_OPERATION_TIMEDOUT where head.status == 0 && bytesReceived == 0:
      .unreachable(url: displayURL, reason: reason)
    // An unsupported protocol is not meant: only web addresses come here, so that code means an
    // answer that is not HTTP, which a broken proxy gives once in a while.
    case CURLE_URL_MALFORMAT:
      .unusableURL(displayURL, reason: reason)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
      .untrusted(url: displayURL, reason: reason)
    case CURLE_OUT_OF_MEMORY: .library(reason: reason)
    default: .interrupted(url: displayURL, received: bytesHeld, reason: reason)
    }
  }
}
