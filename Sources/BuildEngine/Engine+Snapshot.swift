#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Leaving proof behind that everything was fresh.
extension Engine {
  /// Every set of targets, profile and `--set` has one of its own.
  private static let mostSnapshots = 64

  /// Plans again and, when everything is fresh, saves a snapshot for `invocation`.
  ///
  /// `pipelineFiles` are those the graph was made from, looked at before they were read. When a
  /// stamp is too young to be trusted this waits until it no longer is (about 25 ms). Returns
  /// whether a snapshot was saved.
  @discardableResult
  package func saveSnapshot(
    _ invocation: SnapshotInvocation, pipelineFiles: [GuardedFile]
  ) throws(BuildError) -> Bool {
    guard !isReadOnly else { return false }
    if let last = lastFreshPlan, last.targets == invocation.targets,
      try write(invocation, pipelineFiles, last.plan, last.evaluator)
    {
      return true
    }
    usleep(UInt32(Clock.grain / 1000 + 2_000))
    let plan = try plan(targets: invocation.targets)
    guard plan.isAllFresh, let last = lastFreshPlan else { return false }
    return try write(invocation, pipelineFiles, plan, last.evaluator)
  }

  private func write(
    _ invocation: SnapshotInvocation, _ files: [GuardedFile], _ plan: Plan,
    _ evaluator: TaskEvaluator
  ) throws(BuildError) -> Bool {
    guard var collector = evaluator.collector else { return false }
    collector.add(evaluator.sources.all)
    var names = Set<String>()
    for status in plan.statuses {
      guard let node = graph[status.name] else { continue }
      names.formUnion(node.environment)
      for check in node.checks { names.formUnion(check.environment) }
    }
    let bytes = FreshnessSnapshot.encode(
      guards: collector.list, pipelineFiles: files, profile: configuration.profile,
      taskCount: plan.tasks.count,
      environment: names.sorted().map { ($0, configuration.environment[$0]) },
      assets: plan.statuses)
    guard let bytes else { return false }
    try Disk.makeFolders(layout.snapshots)
    try Disk.writeWhole(bytes, to: invocation.path(cache: layout.root))
    try Disk.keepNewest(Self.mostSnapshots, in: layout.snapshots)
    return true
  }
}

extension SnapshotInvocation {
  /// Identifies this very program file: a rebuilt program trusts no older snapshot.
  package static func currentTool() -> String {
    guard let status = Disk.status("/proc/self/exe") else { return "" }
    let stamp = status.stamp
    return "\(stamp.size)-\(stamp.modified)-\(stamp.inode)"
  }
}
