import CSQLite

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Opens a cache folder: makes what is missing, repairs a lost index, and falls back to reading.
struct CacheOpener {
  let layout: CacheLayout
  let store: ResultStore

  func open() throws(BuildError) -> StateIndex {
    do throws(BuildError) {
      try Disk.makeFolders(layout.results)
    } catch {
      guard Disk.status(layout.root)?.kind == .folder else {
        if case .system(_, let path, let code) = error {
          throw .cacheNotWritable(path: path, code: code)
        }
        throw error
      }
    }
    guard access(layout.root, W_OK) == 0, access(layout.results, W_OK) == 0 else {
      return try openForReading()
    }
    if Disk.exists(layout.damageMark) { return try replaceDamaged() }
    let existed = Disk.exists(layout.database)
    do throws(BuildError) {
      return try openForWriting()
    } catch {
      guard case .database(_, _, let code) = error else { throw error }
      switch code & 0xff {
      case SQLITE_CORRUPT, SQLITE_NOTADB: return try replaceDamaged()
      case SQLITE_READONLY where existed, SQLITE_CANTOPEN where existed:
        return try openForReading()
      default: throw error
      }
    }
  }

  /// The index of the version before is brought up. One that is new, of another version, or whose making was
  /// cut off is made from the results; who comes meanwhile waits.
  private func openForWriting() throws(BuildError) -> StateIndex {
    let index = try StateIndex(try Database(path: layout.database, readOnly: false))
    if try index.isComplete { return index }
    let lock = try CacheLock.indexing(layout)
    defer { withExtendedLifetime(lock) {} }
    return try filled(index)
  }

  /// The lock of making is held.
  private func filled(_ index: StateIndex) throws(BuildError) -> StateIndex {
    if try index.isComplete { return index }
    if try index.upgrade() { return index }
    try index.createTables()
    try IndexRebuilder(store: store, index: index).rebuild()
    try index.markComplete()
    return index
  }

  private func openForReading() throws(BuildError) -> StateIndex {
    guard Disk.exists(layout.database) else {
      throw .cacheNotWritable(path: layout.root, code: errno == 0 ? EROFS : errno)
    }
    let index = try StateIndex(try Database(path: layout.database, readOnly: true))
    guard try index.isReadable else { throw .cacheNotWritable(path: layout.root, code: EROFS) }
    return index
  }

  /// Keeps the damaged file for inspection and builds a new one from the results, unless another program
  /// was quicker.
  private func replaceDamaged() throws(BuildError) -> StateIndex {
    let lock = try CacheLock.indexing(layout)
    defer { withExtendedLifetime(lock) {} }
    if Disk.exists(layout.damageMark) || !isReadable() {
      // Gone already where a kill came before the mark was removed.
      if Disk.exists(layout.database) {
        try Disk.move(layout.database, to: layout.database + ".damaged")
      }
      for suffix in ["-wal", "-shm"] { try Disk.removeFile(layout.database + suffix) }
      try Disk.removeFile(layout.damageMark)
    }
    return try filled(try StateIndex(try Database(path: layout.database, readOnly: false)))
  }

  /// Whether the index can be asked anything.
  private func isReadable() -> Bool {
    do throws(BuildError) {
      return try StateIndex(try Database(path: layout.database, readOnly: false)).isComplete
    } catch {
      return false
    }
  }
}

/// Brings results into the index by what was recorded of them.
struct IndexRebuilder {
  let store: ResultStore
  let index: StateIndex

  /// Reads every result completely: only what is what its name says comes in.
  func rebuild() throws(BuildError) { try add(unflushedBoot: 0) { _ in true } }

  /// As `rebuild`, for results that a killed run published and the index does not know. Nobody can
  /// tell whether the disk has them yet.
  func addUnrecorded() throws(BuildError) {
    let known = Set(try index.allResults().map(\.digest))
    try add(unflushedBoot: index.bootIdentifier) { !known.contains($0) }
  }

  private func add(
    unflushedBoot: Int64, where isWanted: (Digest) -> Bool
  ) throws(BuildError) {
    guard Disk.exists(store.layout.results) else { return }
    let saved = try store.savedRecords()
    var found: [(digest: Digest, record: SavedRecord)] = []
    for name in try Disk.names(in: store.layout.results) {
      guard let digest = Digest(name), isWanted(digest),
        let record = saved[digest] ?? store.readOldRecord(digest)
      else { continue }
      found.append((digest, record))
    }
    for (digest, record) in found.sorted(by: { $0.record.createdAt < $1.record.createdAt }) {
      try add(digest, record, unflushedBoot)
    }
    // A key that gave several results in its time means the last.
    let keys = found.flatMap { digest, record in record.keys.map { (digest, $0.key, $0.at) } }
    try index.database.transaction { () throws(BuildError) in
      for (digest, key, time) in keys.sorted(by: { $0.2 < $1.2 })
      where try index.result(digest) != nil {
        try index.rememberKey(key, digest, recipe: "", at: time)
      }
    }
  }

  private func add(
    _ digest: Digest, _ saved: SavedRecord, _ unflushedBoot: Int64
  ) throws(BuildError) {
    guard let manifest = try store.intact(digest) else { return }
    try index.rememberResult(
      ResultRecord(
        digest: digest, manifest: manifest, metrics: saved.metrics, createdAt: saved.createdAt,
        step: saved.step, unflushedBoot: unflushedBoot))
  }
}
