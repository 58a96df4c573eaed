/// Why a file could not be brought here, or why a whole session had to stop.
package enum TransferError: Error, Sendable, Hashable {
  /// The URL can't be read as a path, `file://`, `http://` or `https://`.
  case unusableURL(String, reason: String)
  /// libcurl or libcrypto is not on this machine; `reason` is the loader's.
  case missingLibrary(String, reason: String)
  /// No answer at all: name not found, connection refused or lost before the first header.
  case unreachable(url: String, reason: String)
  /// The connection broke or went wrong after the answer had begun.
  case interrupted(url: String, received: Int, reason: String)
  /// The server answered, but not with the file. `excerpt` is the start of its text.
  case status(url: String, code: Int, excerpt: String)
  /// A redirect that can't be followed.
  case badRedirect(url: String, reason: String)
  /// The server could not prove who it is.
  case untrusted(url: String, reason: String)
  /// The server broke HTTP: a range it was not asked for, for example.
  case badAnswer(url: String, reason: String)
  case wrongSize(url: String, expected: Int, found: Int)
  case wrongHash(url: String, expected: String, found: String)
  /// A Git-LFS pointer was demanded and `url` does not answer with one.
  case noPointer(url: String)
  /// A file on this machine that only a Git-LFS pointer could vouch for, and none was read.
  case unverifiable(path: String)
  /// This file would take the download past the bytes it may fetch.
  case totalSizeExceeded(url: String, limit: Int)
  /// The file has more bytes than a file of its kind may have.
  case tooLarge(url: String, limit: Int)
  case notAFile(path: String)
  case noSuchFile(path: String)
  /// A file on this machine that was to be fetched can't be read.
  case unreadable(operation: String, path: String, code: Int32)
  case fileSystem(operation: String, path: String, code: Int32)
  /// libcurl refused an option or ran out of memory.
  case library(reason: String)
  /// All sources failed: what the first one and the last one tried said.
  indirect case everySource(first: TransferError, last: TransferError)
  case cancelled
}

extension TransferError {
  /// True when trying the same source again may help.
  var isTransient: Bool {
    switch self {
    case .unreachable, .interrupted, .badAnswer, .wrongSize, .wrongHash: true
    case .status(_, let code, _):
      switch code {
      case 408, 425, 429, 500, 502, 503, 504: true
      case 505...: code != 505 && code != 511
      default: false
      }
    case .unusableURL, .missingLibrary, .badRedirect, .untrusted, .noPointer, .unverifiable,
      .totalSizeExceeded,
      .tooLarge, .notAFile, .noSuchFile, .unreadable, .fileSystem, .library, .everySource,
      .cancelled:
      false
    }
  }

  /// True when no other source can help either.
  var endsRequest: Bool {
    switch self {
    case .missingLibrary, .totalSizeExceeded, .fileSystem, .library, .cancelled: true
    default: false
    }
  }
}
