#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension TransferError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unusableURL(let url, let reason):
      "can't use the URL `\(SecretFilter.withoutUserInfo(url))`: \(reason)"
    case .missingLibrary(let name, let reason): "can't load \(name): \(reason)"
    case .unreachable(let url, let reason): "can't reach \(url): \(reason)"
    case .interrupted(let url, let received, let reason):
      "\(url) broke off after \(received) bytes: \(reason)"
    case .status(let url, let code, let excerpt):
      "\(url) answered \(code)\(Self.phrase(code))\(excerpt.isEmpty ? "" : ": \(excerpt)")"
    case .badRedirect(let url, let reason): "\(url) redirects where nothing can follow: \(reason)"
    case .untrusted(let url, let reason): "can't trust \(url): \(reason)"
    case .badAnswer(let url, let reason): "\(url) gave an answer that makes no sense: \(reason)"
    case .wrongSize(let url, let expected, let found):
      "\(url) has the wrong size: expected \(expected) bytes, found \(found)"
    case .wrongHash(let url, let expected, let found):
      "\(url) has the wrong content: expected sha256 \(expected), found \(found)"
    case .noPointer(let url): "\(url) is not a Git-LFS pointer"
    case .unverifiable(let path):
      "`\(path)` can't be verified: no Git-LFS pointer was read, and `lfs_pointer` is `true`"
    case .totalSizeExceeded(let url, let limit):
      "\(url) would take the download past `max_total_size` of \(limit) bytes"
    case .tooLarge(let url, let limit): "\(url) has more than the \(limit) bytes it may have"
    case .notAFile(let path): "`\(path)` is not a file"
    case .noSuchFile(let path): "there is no file `\(path)`"
    case .unreadable(let operation, let path, let code),
      .fileSystem(let operation, let path, let code):
      "can't \(operation) `\(path)`: \(String(cString: strerror(code)))"
    case .library(let reason): "libcurl: \(reason)"
    case .everySource(let first, let last): "\(first); of the mirrors, \(last)"
    case .cancelled: "the download was interrupted"
    }
  }

  /// What to do about it, where there is something to say.
  package var help: String? {
    switch self {
    case .missingLibrary(let name, _):
      name == "libcurl"
        ? "install libcurl (Debian: apt install libcurl4)"
        : "install libcrypto (Debian: apt install libssl3)"
    case .status(_, 401, _), .status(_, 403, _):
      "if the file needs a login, give `token: ${env:NAME}` and set that variable"
    case .status(_, 404, _), .status(_, 410, _): "check the `url` and the partitions"
    case .noSuchFile(let path) where path.utf8.contains(UInt8(ascii: "*")):
      "`url` names one file; a pattern is an input of the step that reads the files"
    case .unreachable:
      "check the network; a proxy is read from http_proxy, https_proxy and no_proxy"
    case .wrongHash, .wrongSize:
      "the file at this URL is not the one described; correct `sha256` or `size`, or the `url`"
    case .totalSizeExceeded: "raise `max_total_size` or fetch fewer partitions"
    case .untrusted:
      "if the server's authority is your own, name its certificate: `ca_file`, or the variable "
        + "SSL_CERT_FILE"
    case .everySource(let first, _): first.help
    default: nil
    }
  }

  /// What kind of fault it is, in a word or two.
  var shortName: String {
    switch self {
    case .status(_, let code, _): "\(code)"
    case .unreachable: "no connection"
    case .interrupted: "broken off"
    case .wrongSize: "wrong size"
    case .wrongHash: "wrong content"
    case .badAnswer: "bad answer"
    default: "failed"
    }
  }

  private static func phrase(_ code: Int) -> String {
    switch code {
    case 400: " Bad Request"
    case 401: " Unauthorized"
    case 403: " Forbidden"
    case 404: " Not Found"
    case 408: " Request Timeout"
    case 410: " Gone"
    case 416: " Range Not Satisfiable"
    case 429: " Too Many Requests"
    case 451: " Unavailable For Legal Reasons"
    case 500: " Internal Server Error"
    case 502: " Bad Gateway"
    case 503: " Service Unavailable"
    case 504: " Gateway Timeout"
    default: ""
    }
  }
}
