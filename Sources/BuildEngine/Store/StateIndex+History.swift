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
