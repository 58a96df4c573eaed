/// What a clean-up removed, or would remove.
package struct CollectionReport: Sendable, Hashable {
  package var results: [Digest] = []
  package var freedBytes: Int64 = 0
  package var runs: [String] = []
  package var staging: [String] = []
  package var keptResults = 0
  package var keptBytes: Int64 = 0

  package init() {}
}

/// Clean-up. Nothing runs meanwhile: the caller holds the cache's lock.
extension CacheKeeper {
  /// Removes results that no profile and none of the newest `keepRuns` runs needs; with `maxSize`
  /// only the oldest of them, until the rest fits. Nothing runs meanwhile: the caller holds the
  /// cache's lock.
  func collect(keepRuns: Int, maxSize: Int64?, dryRun: Bool) throws(BuildError) -> CollectionReport
  {
    var report = CollectionReport()
    var needed = try currentResults()
    let runs = try index.runs(limit: max(0, keepRuns))
    for run in runs { needed.formUnion(try index.results(ofRun: run.id)) }
    let all = try index.allResults()
    var total = all.reduce(0) { $0 + $1.bytes }
    for (digest, bytes, _) in all.sorted(by: { $0.created < $1.created }) {
      let isOverfull = maxSize.map { total > $0 } ?? true
      if needed.contains(digest) || !isOverfull {
        report.keptResults += 1
        report.keptBytes += bytes
        continue
      }
      report.results.append(digest)
      report.freedBytes += bytes
      total -= bytes
      if !dryRun { try remove(digest) }
    }
    if !dryRun {
      let kept = Set(all.map(\.digest)).subtracting(report.results)
      try store.records.compact { kept.contains($0) }
    }
    try collectStrays(known: Set(all.map(\.digest)), dryRun: dryRun, &report)
    try collectStaging(dryRun: dryRun, &report)
    let kept = Set(runs.map(\.id))
    for run in (try? Disk.names(in: layout.runs)) ?? [] where !kept.contains(run) {
      report.runs.append(run)
      report.freedBytes += size(layout.run(run))
      if !dryRun { try Disk.removeTree(layout.run(run)) }
    }
    if !dryRun {
      try index.forgetHistory(keeping: runs.map(\.id))
      try index.forgetAbsentFiles()
    }
    // What only saves time is made again.
    if !dryRun {
      try Disk.removeTree(layout.snapshots)
      try Disk.removeTree(layout.pipelines)
    }
    return report
  }

  /// The index forgets first: a result half removed is one nobody asks for.
  private func remove(_ digest: Digest) throws(BuildError) {
    try index.database.transaction { () throws(BuildError) in
      try index.forgetKeys(ofResult: digest)
      try index.forgetResult(digest)
    }
    try Disk.removeFile(layout.oldRecord(digest))
    try Disk.removeTree(layout.result(digest))
  }

  /// Folders in `results/` the index knows nothing of: left by a process that was killed.
  private func collectStrays(
    known: Set<Digest>, dryRun: Bool, _ report: inout CollectionReport
  ) throws(BuildError) {
    for name in try Disk.names(in: layout.results) {
      let isRecord = name.hasSuffix(".json")
      if let digest = Digest(isRecord ? String(name.dropLast(5)) : name), known.contains(digest) {
        continue
      }
      let path = "\(layout.results)/\(name)"
      report.freedBytes += size(path)
      if !isRecord, let digest = Digest(name) { report.results.append(digest) }
      if !dryRun { try Disk.removeTree(path) }
    }
  }

  /// Unfinished work stays two weeks for those who want to continue it.
  private func collectStaging(dryRun: Bool, _ report: inout CollectionReport) throws(BuildError) {
    let oldest = Clock.wall() - 14 * 86_400 * 1_000_000_000
    let names = (try? Disk.names(in: layout.staging)) ?? []
    let held = dryRun ? [] : try heldKeys(names)
    for name in names {
      let path = "\(layout.staging)/\(name)"
      // What a killed run left behind is still writing there.
      if held.contains(where: { name.hasPrefix($0) }) { continue }
      if CacheLayout.isWork(name), let status = Disk.status(path, follow: false),
        status.stamp.modified > oldest
      {
        continue
      }
      report.staging.append(name)
      report.freedBytes += size(path)
      if !dryRun { try Disk.removeTree(path) }
    }
  }

  /// Keys whose lock somebody holds though no run is on; those who do are ended, so that the next
  /// clean-up or run finds it free.
  private func heldKeys(_ names: [String]) throws(BuildError) -> [String] {
    var held: [String] = []
    for name in names where name.hasSuffix(".lock") {
      let path = "\(layout.staging)/\(name)"
      if try KeyLock.acquire(path) == nil {
        held.append(String(name.dropLast(".lock".count)))
        KeyLock.endOrphans(path)
      }
    }
    return held
  }
}
