import ByteCoding

/// What a clean-up removed, or would remove.
package struct CollectionReport: Sendable, Hashable {
  package var results: [Digest] = []
  package var freedBytes: Int64 = 0
  package var runs: [String] = []
  package var staging: [String] = []
  /// Assets, or all of a profile, that the pipeline no longer has.
  package var orphans: [CurrentAsset] = []
  package var keptResults = 0
  package var keptBytes: Int64 = 0

  package init() {}
}

/// An asset with current links under a profile.
package struct CurrentAsset: Sendable, Hashable {
  package var profile: String
  package var asset: String
}

/// What a clean-up keeps.
package struct CollectionRule: Sendable {
  /// Results that so many of the newest runs made or used stay.
  package var keepRuns = 10
  /// With a limit only as many results go, oldest first, as it takes.
  package var maxSize: Int64?
  /// What the pipeline has, when nothing shall stay for the sake of anything else.
  package var declared: Declared?
  /// Steps that never continue what an earlier attempt left.
  var stepsFromScratch: Set<String> = []
  /// Only says what would go.
  package var dryRun = false

  package init(keepRuns: Int = 10, maxSize: Int64? = nil, dryRun: Bool = false) {
    self.keepRuns = keepRuns
    self.maxSize = maxSize
    self.dryRun = dryRun
  }

  package struct Declared: Sendable {
    let profiles: Set<ExactText>
    let assets: Set<ExactText>

    package init(profiles: [String], assets: [String]) {
      self.profiles = Set(profiles.map { ExactText($0) })
      self.assets = Set(assets.map { ExactText($0) })
    }

    func has(_ current: CurrentAsset) -> Bool {
      profiles.contains(ExactText(current.profile)) && assets.contains(ExactText(current.asset))
    }
  }
}

/// Clean-up. Nothing runs meanwhile: the caller holds the cache's lock.
extension CacheKeeper {
  /// Removes results that neither current links nor kept runs need.
  func collect(_ rule: CollectionRule) throws(BuildError) -> CollectionReport {
    let dryRun = rule.dryRun
    var report = CollectionReport()
    var assets = try currentAssets()
    if let declared = rule.declared {
      report.orphans = assets.filter { !declared.has($0) }
      assets.removeAll { !declared.has($0) }
    }
    var needed = try results(of: assets)
    let runs = try index.runs(limit: max(0, rule.keepRuns))
    for run in runs {
      for (asset, digest) in try index.results(ofRun: run.id)
      where rule.declared?.assets.contains(ExactText(asset)) ?? true { needed.insert(digest) }
    }
    if !dryRun { for orphan in report.orphans { try removeLinks(orphan) } }
    let all = try index.allResults()
    var total = all.reduce(0) { $0 + $1.bytes }
    for (digest, bytes, _) in all.sorted(by: { $0.created < $1.created }) {
      let isOverfull = rule.maxSize.map { total > $0 } ?? true
      if needed.contains(digest) || !isOverfull {
        report.keptResults += 1
        report.keptBytes += bytes
        continue
      }
      report.results.append(digest)
      report.freedBytes += bytes
      total -= bytes
    }
    if !dryRun {
      // The index forgets first: a result half removed is one nobody asks for.
      try index.forgetResults(report.results)
      for digest in report.results { try remove(digest) }
      let kept = Set(all.map(\.digest)).subtracting(report.results)
      try store.records.compact { kept.contains($0) }
    }
    try collectStrays(known: Set(all.map(\.digest)), dryRun: dryRun, &report)
    try collectStaging(stepsFromScratch: rule.stepsFromScratch, dryRun: dryRun, &report)
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

  /// An asset that is gone from the pipeline leaves no link, and an empty profile no folder.
  private func removeLinks(_ orphan: CurrentAsset) throws(BuildError) {
    try index.forgetCurrent(profile: orphan.profile, asset: orphan.asset)
    try Disk.removeTree(layout.current(profile: orphan.profile, asset: orphan.asset))
    let folder = "\(layout.current)/\(orphan.profile)"
    if try Disk.names(in: folder).isEmpty { try Disk.removeTree(folder) }
  }

  private func remove(_ digest: Digest) throws(BuildError) {
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

  /// What runs that were killed left behind goes: links and stages of checks under way, damaged results,
  /// locks, and work whose step would begin anew. Other unfinished work stays two weeks for those who want
  /// to continue it.
  private func collectStaging(
    stepsFromScratch: Set<String>, dryRun: Bool, _ report: inout CollectionReport
  ) throws(BuildError) {
    let oldest = Clock.wall() - 14 * 86_400 * 1_000_000_000
    let names = (try? Disk.names(in: layout.staging)) ?? []
    let held = try heldKeys(names, dryRun: dryRun)
    for name in names {
      let path = "\(layout.staging)/\(name)"
      // What a killed run left behind is still writing there.
      if held.contains(where: { name.hasPrefix($0) }) { continue }
      if let key = CacheLayout.key(ofWork: name) {
        let step = WorkerRequest.stepName(at: layout.stage(key).request)
        // Partitions that are made together have one lock between them, so any that is held may be theirs.
        let isUseless = held.isEmpty && step.map(stepsFromScratch.contains) ?? false
        let modified = Disk.status(path, follow: false)?.stamp.modified ?? 0
        if !isUseless, modified > oldest { continue }
      }
      report.staging.append(name)
      report.freedBytes += size(path)
    }
    guard !dryRun else { return }
    for name in report.staging { try Disk.removeTree("\(layout.staging)/\(name)") }
  }

  /// Keys whose lock somebody holds though no run is on; those who do are ended, so that the next
  /// clean-up or run finds it free. A dry run asks nobody.
  private func heldKeys(_ names: [String], dryRun: Bool) throws(BuildError) -> [String] {
    var held: [String] = []
    guard !dryRun else { return held }
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
