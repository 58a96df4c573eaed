import JSON

/// Past runs: what ran, how long it took, what it measured.
extension StateIndex {
  func beginRun(_ identifier: String, profile: String, at time: Double) throws(BuildError) {
    try database.run(
      "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, NULL, NULL, '{}')", .text(identifier),
      .text(profile), .real(time))
  }

  func endRun(_ identifier: String, summary: RunSummary, at time: Double) throws(BuildError) {
    try database.run(
      "UPDATE runs SET ended = ?, status = ?, summary = ? WHERE id = ?", .real(time),
      .integer(Int64(summary.status.rawValue)), .text(JSONWriter.text(summary.json)),
      .text(identifier))
  }

  /// One line of a run's history.
  struct TaskLine {
    var run: String
    var name: TaskName
    var step: String
    var outcome: String
    var started: Double
    var seconds: Double
    var key: Digest?
    var digest: Digest?
    var inputBytes: Int64
    var outputBytes: Int64
    var reason: String
  }

  func rememberTask(_ line: TaskLine) throws(BuildError) {
    try database.run(
      "INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", .text(line.run),
      .text(line.name.asset), .text(line.name.partition ?? ""), .text(line.step),
      .text(line.outcome), .real(line.started), .real(line.seconds),
      line.key.map { .digest($0) } ?? .null, line.digest.map { .digest($0) } ?? .null,
      .integer(line.inputBytes), .integer(line.outputBytes), .text(line.reason))
  }

  func rememberNumber(
    run: String, task: TaskName, name: String, value: JSONValue
  ) throws(BuildError) {
    try database.run(
      "INSERT OR REPLACE INTO numbers VALUES (?, ?, ?, ?, ?)", .text(run), .text(task.asset),
      .text(task.partition ?? ""), .text(name), .text(JSONWriter.text(value)))
  }
}

// MARK: Reading

extension StateIndex {
  func runs(limit: Int) throws(BuildError) -> [RunRecord] {
    try database.rows(
      """
      SELECT id, profile, started, ended, status, summary FROM runs
      ORDER BY started DESC, id DESC LIMIT ?
      """, .integer(Int64(limit))
    ) { row in
      RunRecord(
        id: row.text(0), profile: row.text(1), started: row.real(2),
        ended: row.isNull(3) ? nil : row.real(3),
        status: row.isNull(4) ? nil : Int(row.integer(4)),
        summary: (try? JSONParser.parse(row.text(5)))?.objectValue ?? [:])
    }
  }

  /// Tasks that fit `condition`, newest first.
  func tasks(
    _ condition: String, _ values: [Database.Value], limit: Int
  ) throws(BuildError) -> [TaskRecord] {
    var records = try database.rows(
      """
      SELECT run, asset, partition, step, outcome, started, seconds, digest, inputBytes,
        outputBytes, reason FROM tasks \(condition) ORDER BY started DESC, asset, partition LIMIT ?
      """, values + [.integer(Int64(limit))]
    ) { row in
      TaskRecord(
        run: row.text(0),
        task: TaskName(asset: row.text(1), partition: row.text(2).isEmpty ? nil : row.text(2)),
        step: row.text(3), outcome: row.text(4), started: row.real(5), seconds: row.real(6),
        digest: row.digest(7), inputBytes: row.integer(8), outputBytes: row.integer(9),
        reason: row.text(10), numbers: [:], metrics: [:])
    }
    for place in records.indices {
      let record = records[place]
      let numbers = try database.rows(
        "SELECT name, value FROM numbers WHERE run = ? AND asset = ? AND partition = ?",
        [.text(record.run), .text(record.task.asset), .text(record.task.partition ?? "")]
      ) { row in (row.text(0), (try? JSONParser.parse(row.text(1))) ?? JSONValue.null) }
      records[place].numbers = Dictionary(numbers) { $1 }
      if let digest = record.digest {
        records[place].metrics = try metrics(ofResult: digest)
      }
    }
    return records
  }

  /// By partition, the newest line of the asset where that is a failure.
  func lastFailures(
    asset: String
  ) throws(BuildError) -> [String: (key: Digest, message: String)] {
    // SQLite takes the other columns from the row that has the maximum.
    let rows = try database.rows(
      """
      SELECT partition, key, reason, outcome, MAX(started) FROM tasks WHERE asset = ?
      GROUP BY partition
      """, [.text(asset)]
    ) { row in (row.text(0), row.digest(1), row.text(2), row.text(3)) }
    var failures: [String: (key: Digest, message: String)] = [:]
    for case (let partition, let key?, let message, "failed") in rows {
      failures[partition] = (key, message)
    }
    return failures
  }

  func metrics(ofResult digest: Digest) throws(BuildError) -> [String: JSONValue] {
    try database.first("SELECT metrics FROM results WHERE digest = ?", .digest(digest)) {
      (try? JSONParser.parse($0.text(0)))?.objectValue ?? [:]
    } ?? [:]
  }

  func verdicts(asset: String, limit: Int) throws(BuildError) -> [CheckRecord] {
    try database.rows(
      """
      SELECT name, severity, passed, message, numbers, created, run FROM checks
      WHERE asset = ? ORDER BY created DESC, name LIMIT ?
      """, [.text(asset), .integer(Int64(limit))]
    ) { row in
      CheckRecord(
        asset: asset, check: row.text(0), severity: row.text(1),
        verdict: CheckVerdict(
          passed: row.integer(2) != 0, message: row.text(3),
          numbers: (try? JSONParser.parse(row.text(4)))?.objectValue ?? [:]),
        created: row.real(5), run: row.text(6))
    }
  }
}
