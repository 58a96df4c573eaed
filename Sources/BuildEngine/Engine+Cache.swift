/// The cache as a whole.
extension Engine {
  private var keeper: CacheKeeper {
    CacheKeeper(layout: layout, store: store, index: index, cores: configuration.cores)
  }

  package func cacheStatistics() throws(BuildError) -> CacheStatistics {
    try keeper.statistics()
  }

  /// Removes results that nothing needs by the rule. Refuses while a run is on.
  package func collectGarbage(
    _ rule: CollectionRule = CollectionRule()
  ) throws(BuildError) -> CollectionReport {
    var rule = rule
    rule.stepsFromScratch = Set(graph.assets.lazy.filter { !$0.isResumable }.map(\.step))
      .subtracting(graph.assets.lazy.filter(\.isResumable).map(\.step))
    guard !isReadOnly || rule.dryRun else { throw .cacheNotWritable(path: layout.root, code: 30) }
    if isReadOnly { return try keeper.collect(rule) }
    guard let lock = try CacheLock.tidy(layout) else { throw .cacheInUse(path: layout.root) }
    defer { withExtendedLifetime(lock) {} }
    return try keeper.collect(rule)
  }

  /// Reads every result completely. Damaged ones are moved aside and made again by the next run.
  package func verifyCache(
    progress: (VerificationProgress) -> Void = { _ in }
  ) throws(BuildError) -> [DamagedResult] {
    guard !isReadOnly else { return try keeper.verify(progress: progress) }
    guard let lock = try CacheLock.tidy(layout) else { throw .cacheInUse(path: layout.root) }
    defer { withExtendedLifetime(lock) {} }
    return try keeper.verify(progress: progress)
  }
}
