package import JSON

/// One line of `status`.
package struct AssetStatus: Sendable, Hashable {
  package enum State: String, Sendable, Hashable {
    case fresh
    /// The right results are in the cache but not in force.
    case restorable
    case stale
    /// Depends on something that has to be made first.
    case pending
    /// Made, but a blocking check failed.
    case checkFailed
    /// Made, but a check has not judged it yet.
    case unchecked
    /// An asset it needs failed its check.
    case blocked
  }

  package var name: String
  package var state: State
  /// When the newest part of the result was made, seconds since 1970.
  package var since: Double?
  package var byteCount: Int64
  /// Nil for an asset without partitions.
  package var partitionCount: Int?
  package var freshPartitions: Int
  /// Partitions whose last try failed, with nothing changed since.
  package var failedPartitions: Int
  /// Numbers of the result; for a partitioned asset none.
  package var metrics: [String: JSONValue]
  /// The first reason it is not fresh.
  package var reason: String?
  /// What warning checks said.
  package var warnings: [String]

  package init(name: String, state: State) {
    self.name = name
    self.state = state
    byteCount = 0
    freshPartitions = 0
    failedPartitions = 0
    metrics = [:]
    warnings = []
  }
}

extension AssetStatus.State {
  /// The word `status` prints.
  package var word: String {
    switch self {
    case .fresh: "fresh"
    case .restorable: "restorable"
    case .stale: "stale"
    case .pending: "pending"
    case .checkFailed: "check failed"
    case .unchecked: "unchecked"
    case .blocked: "blocked"
    }
  }
}

extension Plan {
  /// One line an asset, in the order of the plan.
  package var statuses: [AssetStatus] {
    var lines: [AssetStatus] = []
    var places: [String: Int] = [:]
    for task in tasks {
      let place: Int
      if let last = lines.last, last.name == task.asset {
        place = lines.count - 1
      } else {
        place = lines.count
        places[task.asset] = place
        lines.append(AssetStatus(name: task.asset, state: .fresh))
      }
      lines[place].add(task)
    }
    for check in checks {
      guard let place = places[check.asset] else { continue }
      lines[place].add(check)
    }
    return lines
  }
}

extension AssetStatus {
  private static let severityOrder: [State] = [
    .fresh, .unchecked, .checkFailed, .restorable, .pending, .blocked, .stale,
  ]

  fileprivate mutating func add(_ task: Plan.Task) {
    if task.partition != nil { partitionCount = (partitionCount ?? 0) + 1 }
    switch task.action {
    case .fresh:
      if task.partition != nil { freshPartitions += 1 }
      if task.partition == nil { metrics = task.metrics }
    case .restore: raise(.restorable, "the cache has the right result; another is in force")
    case .run(let reasons): raise(.stale, reasons.first?.description)
    case .pending(let assets, let reasons):
      raise(.pending, reasons.first?.description ?? "waits for `\(assets.first ?? "")`")
    case .blocked(let asset): raise(.blocked, "a check of `\(asset)` failed")
    }
    byteCount += task.byteCount
    if let made = task.since { since = max(since ?? 0, made) }
  }

  fileprivate mutating func add(_ check: Plan.Check) {
    switch check.state {
    case .known(let verdict):
      guard !verdict.passed else { return }
      switch check.check.severity {
      case .error: raise(.checkFailed, "check `\(check.check.title)`: \(verdict.message)")
      case .warn: warnings.append("\(check.check.title): \(verdict.message)")
      }
    case .toRun: raise(.unchecked, "check `\(check.check.title)` has not run")
    case .pending: return
    }
  }

  /// Says what failed instead of that it is missing.
  mutating func addFailures(_ failures: [(partition: String, message: String)]) {
    if partitionCount != nil { failedPartitions = failures.count }
    guard state == .stale, let first = failures.first else { return }
    let name = first.partition.isEmpty ? "it" : first.partition
    reason = "\(name) failed: \(first.message)"
  }

  private mutating func raise(_ other: State, _ why: String?) {
    guard let here = Self.severityOrder.firstIndex(of: state),
      let there = Self.severityOrder.firstIndex(of: other), there > here
    else { return }
    state = other
    reason = why
  }
}
