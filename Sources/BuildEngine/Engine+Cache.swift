/// The cache as a whole.
extension Engine {
  private var keeper: CacheKeeper {
    CacheKeeper(layout: layout, store: store, index: index, cores: configuration.cores)
  }

  package func cacheStatistics() throws(BuildError) -> CacheStatistics {
    try keeper.statistics()
  }

  /// Removes results that no profile's current links and none of the newest `keepRuns` runs needs;
  /// with `maxSize` only as many of them, oldest first, as it takes. Refuses while a run is on.
  package func collectGarbage(
    keepRuns: Int = 10, maxSize: Int64? = nil, dryRun: Bool = false
  ) throws(BuildError) -> CollectionReport {
    if isReadOnly && !dryRun { throw .cacheNotWritable(path: layout.root, code: 30) }
    guard !isReadOnly else {
      return try keeper.collect(keepRuns: keepRuns, maxSize: maxSize, dryRun: true)
    }
    guard let lock = try CacheLock.tidy(layout) else { throw .cacheInUse(path: layout.root) }
    defer { withExtendedLifetime(lock) {} }
    return try keeper.collect(keepRuns: keepRuns, maxSize: maxSize, dryRun: dryRun)
  }

  /// Reads every result completely. Damaged ones are moved aside and made again by the next run.
  package func verifyCache(
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(BuildError) -> [DamagedResult] {
    guard !isReadOnly else { return try keeper.verify(progress: progress) }
    guard let lock = try CacheLock.tidy(layout) else { throw .cacheInUse(path: layout.root) }
    defer { withExtendedLifetime(lock) {} }
    return try keeper.verify(progress: progress)
  }
}
