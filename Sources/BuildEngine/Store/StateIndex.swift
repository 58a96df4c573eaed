import ByteCoding
import JSON

/// The cache's index, `state.sqlite`: keys → results, file digests, checks, runs.
///
/// Everything in it but history can be found again from `results/`.
final class StateIndex {
  static let schemaVersion: Int64 = 2

  let database: Database
  let bootIdentifier: Int64
  private var ownKeys = 0
  /// Digests learnt while the index can't be written.
  private var unsavedFiles: [ExactText: HashedFile] = [:]

  init(_ database: Database) throws(BuildError) {
    self.database = database
    bootIdentifier = Clock.bootIdentifier()
    guard !database.isReadOnly else { return }
    try database.useWriteAheadLog()
    try database.execute("PRAGMA synchronous = NORMAL")
    // Moving the log into the file waits for the disk: rarer than after SQLite's 4 MB.
    try database.execute("PRAGMA wal_autocheckpoint = 8000")
    // In kibibytes, used as needed: what does not fit is written before its transaction ends, and then
    // again.
    try database.execute("PRAGMA cache_size = -16000")
  }

  /// Two that are equal have no change of a key between them.
  struct Version: Equatable {
    /// Changes made through other connections, of this or another process.
    var others: Int64
    /// Keys remembered through this one.
    var own: Int
  }

  var version: Version {
    get throws(BuildError) {
      let others = try database.first("PRAGMA data_version") { $0.integer(0) } ?? 0
      return Version(others: others, own: ownKeys)
    }
  }

  /// 0 until the tables are filled.
  private var schema: Int64 {
    get throws(BuildError) { try database.first("PRAGMA user_version") { $0.integer(0) } ?? 0 }
  }

  /// Whether the tables are there, of this version and filled.
  var isComplete: Bool { get throws(BuildError) { try schema == Self.schemaVersion } }

  /// Whether what is there can be read, if not written: version 1 only lacks `checks.result`.
  var isReadable: Bool { get throws(BuildError) { (1...Self.schemaVersion).contains(try schema) } }

  /// Makes this version of the one before; false when the tables are of no such version.
  func upgrade() throws(BuildError) -> Bool {
    guard try schema == 1 else { return false }
    try database.transaction { () throws(BuildError) in
      try database.execute(
        """
        ALTER TABLE checks ADD COLUMN result BLOB;
        DROP INDEX IF EXISTS keys_by_digest;
        DROP INDEX IF EXISTS tasks_by_step;
        """)
      try markComplete()
    }
    return true
  }

  /// From now on `isComplete`.
  func markComplete() throws(BuildError) {
    try database.execute("PRAGMA user_version = \(Self.schemaVersion)")
  }

  /// Empty tables in place of whatever is there.
  func createTables() throws(BuildError) {
    try database.transaction { () throws(BuildError) in
      for table in ["keys", "results", "files", "current", "checks", "runs", "tasks", "numbers"] {
        try database.execute("DROP TABLE IF EXISTS \(table)")
      }
      try database.execute(
        """
        CREATE TABLE keys (
          key BLOB PRIMARY KEY, digest BLOB NOT NULL, created REAL NOT NULL, recipe TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE results (
          digest BLOB PRIMARY KEY, step TEXT NOT NULL, created REAL NOT NULL, bytes INTEGER NOT NULL,
          manifest BLOB NOT NULL, metrics TEXT NOT NULL, boot INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE files (
          path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL,
          changed INTEGER NOT NULL, inode INTEGER NOT NULL, executable INTEGER NOT NULL,
          readAt INTEGER NOT NULL, boot INTEGER NOT NULL, digest BLOB NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE current (
          profile TEXT NOT NULL, asset TEXT NOT NULL, partition TEXT NOT NULL, key BLOB NOT NULL,
          since REAL NOT NULL, PRIMARY KEY (profile, asset, partition)
        ) WITHOUT ROWID;
        CREATE TABLE checks (
          key BLOB PRIMARY KEY, asset TEXT NOT NULL, name TEXT NOT NULL, severity TEXT NOT NULL,
          passed INTEGER NOT NULL, message TEXT NOT NULL, numbers TEXT NOT NULL,
          created REAL NOT NULL, run TEXT NOT NULL, result BLOB
        ) WITHOUT ROWID;
        CREATE INDEX checks_by_asset ON checks (asset, created);
        CREATE TABLE runs (
          id TEXT PRIMARY KEY, profile TEXT NOT NULL, started REAL NOT NULL, ended REAL,
          status INTEGER, summary TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE tasks (
          run TEXT NOT NULL, asset TEXT NOT NULL, partition TEXT NOT NULL, step TEXT NOT NULL,
          outcome TEXT NOT NULL, started REAL NOT NULL, seconds REAL NOT NULL, key BLOB,
          digest BLOB, inputBytes INTEGER NOT NULL, outputBytes INTEGER NOT NULL,
          reason TEXT NOT NULL, PRIMARY KEY (run, asset, partition)
        ) WITHOUT ROWID;
        CREATE INDEX tasks_by_asset ON tasks (asset, started);
        CREATE TABLE numbers (
          run TEXT NOT NULL, asset TEXT NOT NULL, partition TEXT NOT NULL, name TEXT NOT NULL,
          value TEXT NOT NULL, PRIMARY KEY (run, asset, partition, name)
        ) WITHOUT ROWID;
        """)
    }
  }

  // MARK: Files

  /// What was last read at `path`, unless a loss of power may have undone it.
  func file(_ path: String) throws(BuildError) -> HashedFile? {
    if let known = unsavedFiles[ExactText(path)] { return known }
    return try database.first(
      """
      SELECT size, modified, changed, inode, executable, readAt, boot, digest FROM files
      WHERE path = ?
      """, .text(path)
    ) { row -> HashedFile? in
      guard let digest = row.digest(7), row.integer(6) == 0 || row.integer(6) == bootIdentifier
      else { return nil }
      return HashedFile(
        digest: digest,
        stamp: FileGuard(
          size: row.integer(0), modified: row.integer(1), changed: row.integer(2),
          inode: UInt64(bitPattern: row.integer(3))),
        isExecutable: row.integer(4) != 0, readAt: row.integer(5))
    } ?? nil
  }

  func rememberFiles(_ files: [(path: String, file: HashedFile)]) throws(BuildError) {
    guard !database.isReadOnly else {
      for (path, file) in files { unsavedFiles[ExactText(path)] = file }
      return
    }
    // Data that the kernel may not have written yet can be lost with the power while the stamp stays.
    let settles: Int64 = 120 * 1_000_000_000
    try database.transaction { () throws(BuildError) in
      for (path, file) in files {
        let age = file.readAt - max(file.stamp.modified, file.stamp.changed)
        try database.run(
          "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", .text(path),
          .integer(file.stamp.size), .integer(file.stamp.modified), .integer(file.stamp.changed),
          .integer(Int64(bitPattern: file.stamp.inode)), .integer(file.isExecutable ? 1 : 0),
          .integer(file.readAt), .integer(age < settles ? bootIdentifier : 0),
          .digest(file.digest))
      }
    }
  }

  // MARK: Keys and results

  func digest(forKey key: Digest) throws(BuildError) -> Digest? {
    try database.first("SELECT digest FROM keys WHERE key = ?", .digest(key)) { $0.digest(0) }
      ?? nil
  }

  func recipe(ofKey key: Digest) throws(BuildError) -> String? {
    try database.first("SELECT recipe FROM keys WHERE key = ?", .digest(key)) { $0.text(0) }
  }

  func rememberKey(_ key: Digest, _ digest: Digest, recipe: String, at time: Double)
    throws(BuildError)
  {
    ownKeys += 1
    try database.run(
      "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)", .digest(key), .digest(digest),
      .real(time), .text(recipe))
  }

  /// The record of a result; nil also when the row is damaged.
  func result(_ digest: Digest) throws(BuildError) -> ResultRecord? {
    try database.first(
      "SELECT step, created, manifest, metrics, boot FROM results WHERE digest = ?",
      .digest(digest)
    ) { row -> ResultRecord? in
      guard let manifest = ResultManifest(encoded: row.blob(2)), manifest.digest == digest else {
        return nil
      }
      let metrics = (try? JSONParser.parse(row.text(3)))?.objectValue
      return ResultRecord(
        digest: digest, manifest: manifest, metrics: metrics ?? [:], createdAt: row.real(1),
        step: row.text(0), unflushedBoot: row.integer(4))
    } ?? nil
  }

  func rememberResult(_ record: ResultRecord) throws(BuildError) {
    guard !database.isReadOnly else { return }
    try database.run(
      "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?)", .digest(record.digest),
      .text(record.step), .real(record.createdAt), .integer(record.manifest.byteCount),
      .blob(record.manifest.encoded), .text(JSONWriter.text(.object(record.metrics))),
      .integer(record.unflushedBoot))
  }

  func byteCount(ofResult digest: Digest) throws(BuildError) -> Int64 {
    try database.first("SELECT bytes FROM results WHERE digest = ?", .digest(digest)) {
      $0.integer(0)
    } ?? 0
  }

  /// Forgets results and the keys that led to them. The keys are searched once for all results: nothing
  /// else asks for them by result, and an index over them would cost every recording more than this.
  func forgetResults(_ digests: [Digest]) throws(BuildError) {
    guard !digests.isEmpty else { return }
    try database.transaction { () throws(BuildError) in
      for digest in digests {
        try database.run("DELETE FROM results WHERE digest = ?", .digest(digest))
      }
      try database.run("DELETE FROM keys WHERE digest NOT IN (SELECT digest FROM results)")
    }
  }

  // MARK: Current results

  /// The key that last gave the current result of a task.
  func current(profile: String, asset: String, partition: String?) throws(BuildError)
    -> (key: Digest, since: Double)?
  {
    try database.first(
      "SELECT key, since FROM current WHERE profile = ? AND asset = ? AND partition = ?",
      .text(profile), .text(asset), .text(partition ?? "")
    ) { row in row.digest(0).map { ($0, row.real(1)) } } ?? nil
  }

  func setCurrent(
    profile: String, asset: String, partition: String?, key: Digest, at time: Double
  ) throws(BuildError) {
    try database.run(
      "INSERT OR REPLACE INTO current VALUES (?, ?, ?, ?, ?)", .text(profile), .text(asset),
      .text(partition ?? ""), .digest(key), .real(time))
  }

  func forgetCurrent(profile: String, asset: String, partition: String) throws(BuildError) {
    try database.run(
      "DELETE FROM current WHERE profile = ? AND asset = ? AND partition = ?", .text(profile),
      .text(asset), .text(partition))
  }

  func forgetCurrent(profile: String, asset: String) throws(BuildError) {
    try database.run(
      "DELETE FROM current WHERE profile = ? AND asset = ?", .text(profile), .text(asset))
  }

  // MARK: Checks

  func verdict(_ key: Digest) throws(BuildError) -> CheckVerdict? {
    try database.first("SELECT passed, message, numbers FROM checks WHERE key = ?", .digest(key)) {
      CheckVerdict(
        passed: $0.integer(0) != 0, message: $0.text(1),
        numbers: (try? JSONParser.parse($0.text(2)))?.objectValue ?? [:])
    }
  }

  /// `result` is what was judged; nil for an asset of many results.
  func rememberVerdict(
    _ verdict: CheckVerdict, key: Digest, asset: String, result: Digest?, check: CheckNode,
    run: String, at time: Double
  ) throws(BuildError) {
    try database.run(
      "INSERT OR REPLACE INTO checks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", .digest(key),
      .text(asset), .text(check.name), .text(check.severity.rawValue),
      .integer(verdict.passed ? 1 : 0), .text(verdict.message),
      .text(JSONWriter.text(.object(verdict.numbers))), .real(time), .text(run),
      result.map { .digest($0) } ?? .null)
  }
}

// MARK: The cache as a whole

extension StateIndex {
  func allResults() throws(BuildError) -> [(digest: Digest, bytes: Int64, created: Double)] {
    try database.rows("SELECT digest, bytes, created FROM results") { row in
      row.digest(0).map { (digest: $0, bytes: row.integer(1), created: row.real(2)) }
    }.compactMap { $0 }
  }

  func results(ofRun run: String) throws(BuildError) -> [(asset: String, digest: Digest)] {
    try database.rows(
      "SELECT asset, digest FROM tasks WHERE run = ? AND digest IS NOT NULL", .text(run)
    ) { row in row.digest(1).map { (row.text(0), $0) } }.compactMap { $0 }
  }
}
