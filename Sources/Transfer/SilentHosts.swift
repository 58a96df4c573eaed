/// Hosts of which file after file could not be reached.
///
/// Files with the same hosts for all their sources share a fate; those with a source on this machine have
/// one of their own.
struct SilentHosts {
  /// Sets of hosts that are watched: many files have few of them.
  private static let most = 64

  private var failures: [String: (inRow: Int, reason: String)] = [:]

  /// A file ended, with this error or well.
  mutating func note(_ request: DownloadRequest, _ error: TransferError?) {
    guard !failures.isEmpty || error?.silence != nil, let hosts = Self.hosts(of: request) else {
      return
    }
    guard let reason = error?.silence else {
      failures[hosts] = nil
      return
    }
    guard failures[hosts] != nil || failures.count < Self.most else { return }
    failures[hosts] = (inRow: (failures[hosts]?.inRow ?? 0) + 1, reason: reason)
  }

  /// What to say of a file that isn't tried, because the last `limit` ones from there failed; nil for one
  /// that is.
  func verdict(on request: DownloadRequest, after limit: Int) -> TransferError? {
    guard !failures.isEmpty, let hosts = Self.hosts(of: request),
      let known = failures[hosts], known.inRow >= limit
    else { return nil }
    return .unreachable(url: request.sources.first?.forDisplay ?? "", reason: known.reason)
  }

  private static func hosts(of request: DownloadRequest) -> String? {
    var hosts: [String] = []
    for source in request.sources {
      guard let origin = source.remote?.origin else { return nil }
      hosts.append(origin)
    }
    return hosts.joined(separator: " ")
  }
}

extension TransferError {
  /// Why none of the sources answered at all; nil when one did.
  var silence: String? {
    switch self {
    case .unreachable(_, let reason): reason
    case .everySource(let first, let last): last.silence == nil ? nil : first.silence
    default: nil
    }
  }
}
