import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the cache holds and how much of it is needed.
package struct CacheStatistics: Sendable, Hashable {
  package var resultCount = 0
  package var resultBytes: Int64 = 0
  /// Of results some profile's current links lead to.
  package var currentCount = 0
  package var currentBytes: Int64 = 0
  package var stagingBytes: Int64 = 0
  package var runCount = 0
  package var runBytes: Int64 = 0
  package var indexBytes: Int64 = 0

  package init() {}
}

/// A result whose content is not what its name says.
package struct DamagedResult: Sendable, Hashable {
  package var digest: Digest
  /// First path that differs; empty when the whole folder is gone or unreadable.
  package var path: String
}

/// How much of the cache has been read again.
package struct VerificationProgress: Sendable, Hashable {
  package var results = 0
  package var totalResults: Int
  package var bytes: Int64 = 0
  package var totalBytes: Int64
}

/// Looks after the cache as a whole: sizes, clean-up, verification.
struct CacheKeeper {
  let layout: CacheLayout
  let store: ResultStore
  let index: StateIndex
  let cores: Int

  /// Every asset that has current links, by profile.
  func currentAssets() throws(BuildError) -> [CurrentAsset] {
    var found: [CurrentAsset] = []
    guard Disk.exists(layout.current) else { return found }
    for profile in try Disk.names(in: layout.current) {
      let folder = "\(layout.current)/\(profile)"
      guard Disk.status(folder, follow: false)?.kind == .folder else { continue }
      found += try Disk.names(in: folder).map { CurrentAsset(profile: profile, asset: $0) }
    }
    return found
  }

  /// Results that the current links of these assets lead to.
  func results(of assets: [CurrentAsset]) throws(BuildError) -> Set<Digest> {
    var found = Set<Digest>()
    for current in assets {
      try addLinks(layout.current(profile: current.profile, asset: current.asset), to: &found)
    }
    return found
  }

  private func addLinks(_ path: String, to found: inout Set<Digest>) throws(BuildError) {
    switch Disk.status(path, follow: false)?.kind {
    case .link:
      if let digest = Disk.linkTarget(path).flatMap(CacheLayout.digest(ofLinkTarget:)) {
        found.insert(digest)
      }
    case .folder:
      for name in try Disk.names(in: path) { try addLinks("\(path)/\(name)", to: &found) }
    case .file, .other, nil: break
    }
  }

  func statistics() throws(BuildError) -> CacheStatistics {
    var statistics = CacheStatistics()
    let current = try results(of: try currentAssets())
    for (digest, bytes, _) in try index.allResults() {
      statistics.resultCount += 1
      statistics.resultBytes += bytes
      if current.contains(digest) {
        statistics.currentCount += 1
        statistics.currentBytes += bytes
      }
    }
    statistics.stagingBytes = size(layout.staging)
    statistics.runBytes = size(layout.runs)
    statistics.runCount = ((try? Disk.names(in: layout.runs)) ?? []).count
    statistics.indexBytes = ["", "-wal", "-shm"].reduce(0) {
      $0 + (Disk.status(layout.database + $1)?.stamp.size ?? 0)
    }
    return statistics
  }

  /// Bytes of all files below a folder.
  func size(_ path: String) -> Int64 {
    guard let status = Disk.status(path, follow: false) else { return 0 }
    guard status.kind == .folder else { return status.stamp.size }
    return ((try? Disk.names(in: path)) ?? []).reduce(0) { $0 + size(path + "/" + $1) }
  }

  // MARK: Verification

  /// Reads every result; the damaged ones are moved aside and forgotten.
  func verify(progress: (VerificationProgress) -> Void) throws(BuildError) -> [DamagedResult] {
    var damaged: [DamagedResult] = []
    let all = try index.allResults()
    var done = VerificationProgress(
      totalResults: all.count, totalBytes: all.reduce(0) { $0 + $1.bytes })
    for entry in all {
      progress(done)
      done.results += 1
      done.bytes += entry.bytes
      let found = try? store.rescan(layout.result(entry.digest), width: cores)
      if let found, found.digest == entry.digest { continue }
      let expected = try index.result(entry.digest)?.manifest.entries ?? []
      damaged.append(
        DamagedResult(digest: entry.digest, path: Self.difference(expected, found?.entries ?? [])))
      guard !index.database.isReadOnly else { continue }
      try index.forgetResults([entry.digest])
      try Disk.makeFolders(layout.staging)
      try store.setAside(entry.digest)
      try Disk.removeFile(layout.oldRecord(entry.digest))
    }
    progress(done)
    return damaged
  }

  private static func difference(
    _ expected: [ResultManifest.Entry], _ found: [ResultManifest.Entry]
  ) -> String {
    let there = Dictionary(found.map { ($0.path, $0) }) { $1 }
    for entry in expected where !entry.path.isEmpty {
      guard let other = there[entry.path], other.kind == entry.kind else { return entry.path }
    }
    let known = Set(expected.map(\.path))
    return found.first { !known.contains($0.path) }?.path ?? ""
  }
}
