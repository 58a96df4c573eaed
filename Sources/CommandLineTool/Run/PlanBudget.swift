import BuildEngine
import Diagnostics
import Glibc
import JSON
import PipelineFile
import Steps

/// What a plan asks of the machine, and what the machine has.
struct PlanBudget {
  var estimates: [WorkEstimate]
  var speed: MachineSpeed?
  var cores: Int
  var machineMemory: Int
  var freeDisk: Int?

  static func make(_ plan: Plan, _ session: Session) throws -> PlanBudget {
    let engine = session.engine
    let configuration = engine.configuration
    var known: [String: PipelineEstimator.Known] = [:]
    let byAsset = Dictionary(grouping: plan.tasks, by: \.asset)
    let runs = Set(
      try engine.history(limit: 10_000).filter { $0.profile == configuration.profile }.map(\.id))
    for (asset, tasks) in byAsset {
      let stale = tasks.filter { task in
        switch task.action {
        case .run, .pending, .blocked: true
        case .fresh, .restore: false
        }
      }
      known[asset] = PipelineEstimator.Known(
        stale: stale.count, total: tasks.count,
        currentBytes: tasks.reduce(0) { $0 + Int($1.byteCount) },
        metrics: tasks.count == 1 ? tasks.first?.metrics ?? [:] : [:],
        history: stale.isEmpty ? [] : try engine.history(of: asset, limit: 50),
        runsOfProfile: runs,
        memoryLimit: engine.graph[asset]?.resources.memory,
        stalePartitions: stale.compactMap(\.partition))
    }
    var estimator = PipelineEstimator(
      pipeline: session.pipeline, root: session.project.root, cores: configuration.cores,
      measureSpeed: {
        try? MachineSpeed.find(cacheRoot: configuration.cacheRoot, cores: configuration.cores)
      })
    let estimates = estimator.estimate(known)
    return PlanBudget(
      estimates: estimates, speed: estimator.speed, cores: configuration.cores,
      machineMemory: configuration.memory, freeDisk: freeSpace(configuration.cacheRoot))
  }

  private static func freeSpace(_ path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let (bytes, overflow) = Int(clamping: status.f_bavail)
      .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
    return overflow ? nil : bytes
  }

  // MARK: Sums

  var seconds: Double { estimates.compactMap(\.seconds).reduce(0, +) }
  var secondsOnEightCores: Double { estimates.compactMap(\.secondsOnEightCores).reduce(0, +) }
  var disk: Int { estimates.compactMap(\.disk).reduce(0, Self.sum) }
  var download: Int { estimates.compactMap(\.download).reduce(0, Self.sum) }
  var memory: Int { estimates.compactMap(\.memory).max() ?? 0 }
  /// Assets whose time nothing tells.
  var unknown: [String] { estimates.filter { $0.seconds == nil }.map(\.asset) }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }

  var warnings: [String] {
    var owners: [String: [String]] = [:]
    var order: [String] = []
    for estimate in estimates {
      for warning in estimate.warnings {
        if owners[warning] == nil { order.append(warning) }
        owners[warning, default: []].append(estimate.asset)
      }
    }
    var texts = order.map { "\((owners[$0] ?? []).joined(separator: ", ")): \($0)" }
    for estimate in estimates {
      guard let memory = estimate.memory, memory > machineMemory else { continue }
      let (needed, present) = Format.distinctBytes(memory, machineMemory)
      texts.append("\(estimate.asset): it needs \(needed) of memory; this machine has \(present)")
    }
    if let freeDisk, disk > freeDisk {
      let (needed, free) = Format.distinctBytes(disk, freeDisk)
      texts.append("the results need \(needed) of disk; \(free) are free")
    }
    if seconds > 86_400 {
      texts.append("this takes \(Format.duration(seconds)) on this machine")
    }
    return texts
  }

  // MARK: Text

  func lines(_ plan: Plan, color: Bool) -> [String] {
    var table = Table([.left, .left, .right, .right, .right, .right, .left])
    table.add(["", "", "time", "memory", "disk", "download", ""].map { Table.Cell($0, .faint) })
    let byName = Dictionary(estimates.map { ($0.asset, $0) }) { first, _ in first }
    let byAsset = Dictionary(grouping: plan.tasks, by: \.asset)
    var seen = Set<String>()
    var hasRows = false
    for task in plan.tasks {
      if case .fresh = task.action { continue }
      guard seen.insert(task.asset).inserted else { continue }
      hasRows = true
      let tasks = byAsset[task.asset] ?? []
      let open = tasks.count { if case .fresh = $0.action { false } else { true } }
      let name = tasks.count > 1 ? "\(task.asset) (\(open)/\(tasks.count))" : task.asset
      let estimate = byName[task.asset]
      let isRestored = estimate == nil
      table.add([
        .init(PlanText.word(task.action), PlanText.style(task.action)), .init(name),
        .init(isRestored ? "" : Self.time(estimate)),
        .init(estimate?.memory.map(Format.bytes) ?? ""),
        .init(estimate?.disk.map(Format.bytes) ?? ""),
        .init(estimate?.download.map(Format.bytes) ?? ""),
        .init(PlanText.reasons(task.action).first ?? "", .faint),
      ])
    }
    var lines = hasRows ? table.lines(color: color) : []
    lines += plan.checks.compactMap { check in
      guard case .toRun = check.state else { return nil }
      return "\(Style.warning("check", color))  \(check.asset) · \(check.check.title)"
    }
    let training = estimates.filter { $0.training != nil }
    if !training.isEmpty {
      lines += ["", Style.strong("Training", color)] + training.flatMap { trainingLines($0) }
    }
    return lines + (lines.isEmpty ? [] : [""]) + totals(plan)
      + warnings.map { "\(Style.warning("warning:", color)) \($0)" }
  }

  private static func time(_ estimate: WorkEstimate?) -> String {
    guard let estimate, let seconds = estimate.seconds else { return "?" }
    switch estimate.basis {
    case .history: return Format.duration(seconds)
    case .computed, .assumed, .unknown: return "~" + Format.duration(seconds)
    }
  }

  private func trainingLines(_ estimate: WorkEstimate) -> [String] {
    guard let training = estimate.training else { return [] }
    var data = "\(Format.grouped(training.steps)) steps, \(Format.count(training.tokens)) tokens"
    if let passes = training.passes, let tokens = training.dataTokens {
      data +=
        passes < 1
        ? " of \(Format.count(tokens))"
        : " (\(Format.fixed(passes, passes < 10 ? 1 : 0)) passes over \(Format.count(tokens)))"
    }
    var time = ""
    if let seconds = estimate.seconds, let eight = estimate.secondsOnEightCores {
      time = "\(Format.duration(seconds)) here, \(Format.duration(eight)) on 8 such cores"
      if case .history(let runs) = estimate.basis {
        time += ", from \(runs) past \(runs == 1 ? "run" : "runs")"
      }
    }
    return [
      "  \(estimate.asset): \(training.layers) layers, width \(training.width), vocabulary "
        + "\(Format.grouped(training.vocabularySize)): \(Format.count(Double(training.parameters))) "
        + "parameters (\(Format.count(Double(training.matrixParameters))) in matrices)",
      "    \(data), \(Self.power(training.operations)) operations"
        + (time.isEmpty ? "" : ": \(time)"),
    ]
  }

  /// `2.1e17`
  static func power(_ value: Double) -> String {
    guard value >= 1, value.isFinite else { return "0" }
    var exponent = 0
    var mantissa = value
    while mantissa >= 9.95 {
      mantissa /= 10
      exponent += 1
    }
    return "\(Format.fixed(mantissa, 1))e\(exponent)"
  }

  private func totals(_ plan: Plan) -> [String] {
    let fresh = plan.tasks.count { if case .fresh = $0.action { true } else { false } }
    let stale = plan.tasks.count - fresh
    var lines = ["\(plan.tasks.count) tasks: \(stale) to do, \(fresh) fresh"]
    guard !estimates.isEmpty else { return lines }
    let least = unknown.isEmpty ? "about" : "at least"
    var time =
      "time      \(least) \(Format.duration(seconds)) on this machine (\(cores) \(cores == 1 ? "core" : "cores")"
    if let speed {
      time +=
        ", \(Format.fixed(speed.gigaflops, 0)) GFLOP/s × \(Format.fixed(MachineSpeed.trainingShare, 1))"
    }
    time += "), \(Format.duration(secondsOnEightCores)) on 8 such cores"
    lines.append(time)
    if !unknown.isEmpty {
      lines.append("          unknown: \(unknown.joined(separator: ", "))")
    }
    let (peak, present) = Format.distinctBytes(memory, machineMemory)
    lines.append("memory    \(peak) at the peak of \(present)")
    if let freeDisk {
      let (needed, free) = Format.distinctBytes(disk, freeDisk)
      lines.append("disk      \(needed) of \(free) free")
    } else {
      lines.append("disk      \(Format.bytes(disk))")
    }
    if download > 0 {
      let time = Double(download) / PlanBudget.assumedDownloadRate
      lines.append("download  \(Format.bytes(download)), \(Format.duration(time)) at 20 MB/s")
    }
    return lines
  }

  private static let assumedDownloadRate = 20e6

  // MARK: JSON

  var json: [String: JSONValue] {
    var total: [String: JSONValue] = [
      "seconds": .double(seconds), "seconds_on_8_cores": .double(secondsOnEightCores),
      "memory_bytes": .int(memory), "disk_bytes": .int(disk), "download_bytes": .int(download),
      "unknown": .array(unknown.map { .string($0) }),
    ]
    total["free_disk_bytes"] = freeDisk.map { .int($0) }
    var machine: [String: JSONValue] = ["cores": .int(cores), "memory_bytes": .int(machineMemory)]
    if let speed {
      machine["processor"] = .string(speed.processor)
      machine["gigaflops"] = .double(speed.gigaflops)
    }
    return [
      "estimates": .array(estimates.map(Self.json)), "total": .object(total),
      "machine": .object(machine), "warnings": .array(warnings.map { .string($0) }),
    ]
  }

  private static func json(_ estimate: WorkEstimate) -> JSONValue {
    var members: [String: JSONValue] = ["asset": .string(estimate.asset)]
    switch estimate.basis {
    case .history(let runs):
      members["basis"] = "history"
      members["runs"] = .int(runs)
    case .computed: members["basis"] = "computed"
    case .assumed: members["basis"] = "assumed"
    case .unknown: members["basis"] = "unknown"
    }
    members["seconds"] = estimate.seconds.map { .double($0) }
    members["seconds_on_8_cores"] = estimate.secondsOnEightCores.map { .double($0) }
    members["memory_bytes"] = estimate.memory.map { .int($0) }
    members["disk_bytes"] = estimate.disk.map { .int($0) }
    members["download_bytes"] = estimate.download.map { .int($0) }
    if let training = estimate.training {
      var inner: [String: JSONValue] = [
        "layers": .int(training.layers), "width": .int(training.width),
        "vocabulary_size": .int(training.vocabularySize), "parameters": .int(training.parameters),
        "matrix_parameters": .int(training.matrixParameters), "steps": .int(training.steps),
        "tokens": .double(training.tokens), "operations": .double(training.operations),
      ]
      inner["data_tokens"] = training.dataTokens.map { .double($0) }
      members["training"] = .object(inner)
    }
    return .object(members)
  }
}
