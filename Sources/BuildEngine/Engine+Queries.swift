import ByteCoding
import Diagnostics
package import JSON

/// What is known of results, runs and checks, for the commands that only read.
extension Engine {
  /// One line an asset, in the order they are made.
  package func status(targets: [String] = []) throws(BuildError) -> [AssetStatus] {
    let plan = try plan(targets: targets)
    var statuses = plan.statuses
    for place in statuses.indices where statuses[place].state == .stale {
      statuses[place].addFailures(try failures(of: statuses[place].name, in: plan))
    }
    return statuses
  }

  /// Partitions that would run and whose last try with the same key failed, in their order; an empty
  /// name stands for an asset without partitions.
  private func failures(
    of asset: String, in plan: Plan
  ) throws(BuildError) -> [(partition: String, message: String)] {
    let last = try index.lastFailures(asset: asset)
    guard !last.isEmpty else { return [] }
    return plan.tasks(of: asset).compactMap { task in
      let partition = task.partition ?? ""
      guard case .run = task.action, let key = task.key, let failure = last[partition],
        failure.key == key
      else { return nil }
      return (partition, failure.message)
    }
  }

  /// The reasons of one asset and of everything it needs, in the order things would run, with what its
  /// last try failed of.
  package func explain(_ target: String) throws(BuildError) -> Plan {
    var plan = try plan(targets: [target])
    let failures = try failures(of: target, in: plan)
    let messages = Dictionary(failures.map { (ExactText($0.partition), $0.message) }) { $1 }
    for place in plan.tasks.indices where plan.tasks[place].asset == target {
      plan.tasks[place].lastFailure = messages[ExactText(plan.tasks[place].partition ?? "")]
    }
    return plan
  }

  /// Past runs, newest first.
  package func history(limit: Int = 20) throws(BuildError) -> [RunRecord] {
    try index.runs(limit: limit)
  }

  /// What the tasks of one run did.
  package func tasks(ofRun run: String) throws(BuildError) -> [TaskRecord] {
    try index.tasks("WHERE run = ?", [.text(run)], limit: 1_000_000)
  }

  /// What happened to one asset, newest first.
  package func history(of asset: String, limit: Int = 20) throws(BuildError) -> [TaskRecord] {
    try requireAsset(asset)
    return try index.tasks("WHERE asset = ?", [.text(asset)], limit: limit)
  }

  /// Verdicts on an asset's results, newest first.
  package func checkHistory(of asset: String, limit: Int = 50) throws(BuildError) -> [CheckRecord] {
    try requireAsset(asset)
    return try index.verdicts(asset: asset, limit: limit)
  }

  /// Numbers of the results in force, by task; assets without numbers are left out.
  package func metrics(
    targets: [String] = []
  ) throws(BuildError) -> [(task: TaskName, metrics: [String: JSONValue])] {
    var found: [(task: TaskName, metrics: [String: JSONValue])] = []
    let wanted = targets.isEmpty ? graph.order : try graph.indices(of: targets)
    for asset in wanted {
      for task in graph.tasks(of: asset) {
        let name = TaskName(
          asset: graph.assets[asset].name, partition: graph.partition(of: task, asset: asset))
        guard let record = try currentRecord(asset: name.asset, partition: name.partition),
          !record.metrics.isEmpty
        else { continue }
        found.append((name, record.metrics))
      }
    }
    return found
  }

  /// The newest log of a task; nil when it never ran or its log was removed.
  package func logPath(
    of asset: String, partition: String? = nil, run: String? = nil
  ) throws(BuildError) -> String? {
    try require(partition: partition, of: try requireAsset(asset))
    var filter = "WHERE asset = ?"
    var values: [Database.Value] = [.text(asset)]
    if let run {
      filter += " AND run = ?"
      values.append(.text(run))
    }
    if let partition {
      filter += " AND partition = ?"
      values.append(.text(partition))
    }
    for record in try index.tasks(filter, values, limit: 200) {
      let logs = layout.run(record.run) + "/logs/"
      var candidates = ["\(logs)\(asset).log"]
      if let value = record.task.partition {
        candidates.insert("\(logs)\(asset)/\(value).log", at: 0)
      }
      if let path = candidates.first(where: Disk.exists) { return path }
    }
    return nil
  }

  /// Everything about one asset.
  package func show(_ asset: String) throws(BuildError) -> AssetDetails {
    let node = try requireAsset(asset)
    let plan = try plan(targets: [asset])
    var details = AssetDetails(
      node: node, status: try status(targets: [asset]).first { $0.name == asset }, tasks: [],
      checks: plan.checks.filter { $0.asset == asset })
    for planned in plan.tasks(of: asset) {
      let record = try currentRecord(asset: asset, partition: planned.partition)
      details.tasks.append(
        AssetDetails.Task(
          plan: planned, digest: record?.digest, metrics: record?.metrics ?? [:],
          files: record?.manifest.entries.compactMap { entry in
            if case .file(let digest, _) = entry.kind {
              (entry.path, entry.stamp.size, digest)
            } else {
              nil
            }
          } ?? [],
          path: record == nil
            ? nil
            : layout.current(
              profile: configuration.profile, asset: asset, partition: planned.partition)))
    }
    return details
  }

  @discardableResult
  func requireAsset(_ name: String) throws(BuildError) -> AssetNode {
    guard let node = graph[name] else {
      throw .unknownAsset(
        name, nearest: Suggestion.nearest(to: name, among: graph.assets.lazy.map(\.name)))
    }
    return node
  }

  /// Throws when a partition is named that the asset doesn't have.
  func require(partition: String?, of node: AssetNode) throws(BuildError) {
    guard let partition else { return }
    let values = node.partitions?.values ?? []
    guard !values.contains(partition) else { return }
    throw .unknownPartition(
      asset: node.name, value: partition,
      nearest: Suggestion.nearest(to: partition, among: values))
  }
}

/// One past run.
package struct RunRecord: Sendable {
  package var id: String
  package var profile: String
  /// Seconds since 1970.
  package var started: Double
  /// Nil while it runs, or when it was killed.
  package var ended: Double?
  package var status: Int?
  /// The counts of `RunSummary` by their JSON names.
  package var summary: [String: JSONValue]
}

/// One task of a past run.
package struct TaskRecord: Sendable {
  package var run: String
  package var task: TaskName
  package var step: String
  package var outcome: String
  package var started: Double
  package var seconds: Double
  package var digest: Digest?
  package var inputBytes: Int64
  package var outputBytes: Int64
  /// Why it ran, or why it failed.
  package var reason: String
  /// What was measured in that run.
  package var numbers: [String: JSONValue]
  /// Numbers of the result it gave, while that is in the cache.
  package var metrics: [String: JSONValue]

  package init(
    run: String, task: TaskName, step: String, outcome: String, started: Double, seconds: Double,
    digest: Digest?, inputBytes: Int64, outputBytes: Int64, reason: String,
    numbers: [String: JSONValue], metrics: [String: JSONValue]
  ) {
    self.run = run
    self.task = task
    self.step = step
    self.outcome = outcome
    self.started = started
    self.seconds = seconds
    self.digest = digest
    self.inputBytes = inputBytes
    self.outputBytes = outputBytes
    self.reason = reason
    self.numbers = numbers
    self.metrics = metrics
  }
}

/// One verdict of a check.
package struct CheckRecord: Sendable {
  package var asset: String
  package var check: String
  package var severity: String
  package var verdict: CheckVerdict
  package var created: Double
  package var run: String
}

package struct AssetDetails: Sendable {
  package struct Task: Sendable {
    package var plan: Plan.Task
    /// Of the result in force.
    package var digest: Digest?
    package var metrics: [String: JSONValue]
    package var files: [(path: String, size: Int64, digest: Digest)]
    package var path: String?
  }

  package var node: AssetNode
  package var status: AssetStatus?
  package var tasks: [Task]
  package var checks: [Plan.Check]
}

/// Names of the numbers the engine itself measures of every worker process.
package enum ProcessMeasurement {
  package static let peakMemory = "peak_memory_bytes"
}
