import Diagnostics
import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The build engine: what is stale and why, bringing it up to date, and what is known of results.
///
/// One instance serves one graph and profile; its calls are made from one thread.
package final class Engine {
  package let graph: BuildGraph
  package let configuration: EngineConfiguration
  package let layout: CacheLayout
  let store: ResultStore
  let index: StateIndex
  /// The newest plan or run in which nothing was to be done, with the stamps it saw.
  var lastFreshPlan: (targets: [String], plan: Plan, evaluator: TaskEvaluator)?

  /// Opens the cache, creating or repairing what is missing; a cache that can't be written is
  /// opened for reading.
  package init(graph: BuildGraph, configuration: EngineConfiguration) throws(BuildError) {
    guard BuildGraph.isUsableName(configuration.profile) else {
      throw .invalidName(configuration.profile, kind: .profile)
    }
    self.graph = graph
    self.configuration = configuration
    layout = CacheLayout(root: configuration.cacheRoot)
    store = ResultStore(layout: layout)
    index = try CacheOpener(layout: layout, store: store).open()
  }

  package var isReadOnly: Bool { index.database.isReadOnly }

  // MARK: Planning

  /// What `run` would do for these targets (all when empty), and why.
  package func plan(
    targets: [String] = [], force: [String] = [], only: Bool = false
  ) throws(BuildError) -> Plan {
    let evaluator = try evaluator(force: force)
    let assets = try selection(targets, only: only, evaluator)
    lastFreshPlan = nil
    let isPlain = force.isEmpty && !only
    if isPlain { evaluator.collectGuards() }
    let plan = try makePlan(assets, evaluator)
    if isPlain, plan.isAllFresh { lastFreshPlan = (targets, plan, evaluator) }
    return plan
  }

  private func makePlan(_ assets: [Int], _ evaluator: TaskEvaluator) throws(BuildError) -> Plan {
    try index.database.reading { () throws(BuildError) in
      try Planner(evaluator).makePlan(assets)
    }
  }

  // MARK: Running

  /// Brings the targets up to date. `handler` is called on this thread for everything that happens.
  package func run(
    _ options: RunOptions, launcher: any WorkerLauncher,
    handler: @escaping (BuildEvent) -> Void = { _ in }
  ) throws(BuildError) -> RunSummary {
    if isReadOnly { return try runReadOnly(options, handler) }
    try takeUpCutOffRun()
    let lock = try CacheLock.use(layout)
    defer { withExtendedLifetime(lock) {} }
    lastFreshPlan = nil
    let evaluator = try evaluator(force: options.force)
    let assets = try selection(options.targets, only: options.only, evaluator)
    if options.force.isEmpty && !options.only { evaluator.collectGuards() }
    let plan = try index.database.reading { () throws(BuildError) in
      try evaluator.keepFindings()
      return try Planner(evaluator).makePlan(assets)
    }
    if plan.isAllFresh, !options.recheck {
      if evaluator.collector != nil { lastFreshPlan = (options.targets, plan, evaluator) }
      return finishFresh(plan, handler)
    }
    evaluator.collector = nil
    let recorder = RunRecorder(
      layout: layout, index: index, profile: configuration.profile,
      taskCount: assets.reduce(0) { $0 + graph.tasks(of: $1).count }, handler: handler)
    let executor = try Executor(
      assets: assets, evaluator: evaluator, options: options, launcher: launcher,
      recorder: recorder)
    return try options.interruption.whileHeld { () throws(BuildError) in
      let summary = try executor.run(plan)
      recorder.finish(summary)
      return summary
    }
  }

  /// A run that was killed may leave results published but not recorded; they need not be made again.
  private func takeUpCutOffRun() throws(BuildError) {
    guard try index.runs(limit: 1).first.map({ $0.ended == nil }) ?? false,
      // Nil when it isn't cut off but goes on in another process.
      let lock = try CacheLock.tidy(layout)
    else { return }
    try withExtendedLifetime(lock) { () throws(BuildError) in
      try IndexRebuilder(store: store, index: index).addUnrecorded()
    }
  }

  /// In a cache that can't be written a run is right only when there is nothing to do.
  private func runReadOnly(
    _ options: RunOptions, _ handler: (BuildEvent) -> Void
  ) throws(BuildError) -> RunSummary {
    let plan = try plan(targets: options.targets, force: options.force, only: options.only)
    guard plan.isAllFresh else {
      let code = access(layout.root, W_OK) == 0 ? EROFS : errno
      throw .cacheNotWritable(path: layout.root, code: code)
    }
    return finishFresh(plan, handler)
  }

  /// Nothing was to be done; warnings are repeated.
  private func finishFresh(_ plan: Plan, _ handler: (BuildEvent) -> Void) -> RunSummary {
    var summary = RunSummary()
    summary.fresh = plan.tasks.count
    for check in plan.checks {
      guard case .known(let verdict) = check.state, !verdict.passed else { continue }
      summary.warnings += 1
      handler(
        .checkFinished(
          asset: check.asset, check: check.check.title, severity: check.check.severity, verdict,
          isCached: true))
    }
    handler(.runFinished(summary))
    return summary
  }

  /// Judges the results in force, changing none: checks that have no verdict yet, or with
  /// `recheck` all.
  package func runChecks(
    targets: [String] = [], options: RunOptions, launcher: any WorkerLauncher,
    handler: @escaping (BuildEvent) -> Void = { _ in }
  ) throws(BuildError) -> RunSummary {
    guard !isReadOnly else { throw .cacheNotWritable(path: layout.root, code: EROFS) }
    let lock = try CacheLock.use(layout)
    defer { withExtendedLifetime(lock) {} }
    let evaluator = try evaluatorOfCurrentResults()
    let assets = targets.isEmpty ? graph.order : try graph.indices(of: targets)
    let recorder = RunRecorder(
      layout: layout, index: index, profile: configuration.profile, taskCount: 0,
      handler: handler)
    let executor = try Executor(
      assets: assets, evaluator: evaluator, options: options, launcher: launcher,
      recorder: recorder)
    // A verdict that is given anew may be another than the one a snapshot rests on; so may be one that a
    // neighbour proves right meanwhile.
    if options.recheck { try Disk.removeTree(layout.snapshots) }
    return try options.interruption.whileHeld { () throws(BuildError) in
      let summary = try executor.runChecks()
      if options.recheck { try Disk.removeTree(layout.snapshots) }
      recorder.finish(summary)
      return summary
    }
  }

  /// What is known of the checks on the results in force, asset by asset, without judging any.
  package func judgements(targets: [String] = []) throws(BuildError) -> [Plan.Check] {
    let evaluator = try evaluatorOfCurrentResults()
    var found: [Plan.Check] = []
    for asset in targets.isEmpty ? graph.order : try graph.indices(of: targets) {
      for check in graph.assets[asset].checks {
        var state = Plan.Check.State.pending
        if let key = try evaluator.checkKey(check, of: asset) {
          state = try index.verdict(key).map { .known($0) } ?? .toRun
        }
        found.append(Plan.Check(asset: graph.assets[asset].name, check: check, state: state))
      }
    }
    return found
  }

  /// Takes the results in force as they are, fresh or not.
  private func evaluatorOfCurrentResults() throws(BuildError) -> TaskEvaluator {
    let evaluator = try evaluator()
    for asset in graph.assets.indices {
      for task in graph.tasks(of: asset) {
        evaluator.digests[task] = try currentRecord(
          asset: graph.assets[asset].name, partition: graph.partition(of: task, asset: asset))?
          .digest
      }
    }
    return evaluator
  }

  func evaluator(force: [String] = []) throws(BuildError) -> TaskEvaluator {
    TaskEvaluator(
      graph: graph, configuration: configuration, index: index, store: store,
      forced: Set(try graph.indices(of: force)))
  }

  /// The assets of a plan or run in order, among which those to be forced must be.
  private func selection(
    _ targets: [String], only: Bool, _ evaluator: TaskEvaluator
  ) throws(BuildError) -> [Int] {
    let assets = try selected(targets, only: only, evaluator)
    if let outside = evaluator.forced.subtracting(assets).min() {
      throw .forcedOutsideRun(graph.assets[outside].name)
    }
    return assets
  }

  /// As above; with `only`, the results of the others are taken as they are.
  private func selected(
    _ targets: [String], only: Bool, _ evaluator: TaskEvaluator
  ) throws(BuildError) -> [Int] {
    guard only, !targets.isEmpty else { return try graph.closure(of: targets) }
    let wanted = Set(try graph.indices(of: targets))
    let assets = graph.order.filter { wanted.contains($0) }
    for asset in try graph.closure(of: targets) where !wanted.contains(asset) {
      for task in graph.tasks(of: asset) {
        evaluator.digests[task] = try currentRecord(
          asset: graph.assets[asset].name, partition: graph.partition(of: task, asset: asset))?
          .digest
      }
    }
    for asset in assets {
      for input in graph.inputAssets[asset] where !wanted.contains(input) {
        for task in graph.tasks(of: input) where evaluator.digests[task] == nil {
          throw .noCurrentResult(asset: graph.assets[input].name)
        }
      }
    }
    return assets
  }

  // MARK: Results

  /// The record of the result in force, if it is intact.
  func currentRecord(asset: String, partition: String?) throws(BuildError) -> ResultRecord? {
    let link = layout.current(profile: configuration.profile, asset: asset, partition: partition)
    guard let target = Disk.linkTarget(link), let digest = CacheLayout.digest(ofLinkTarget: target),
      let record = try index.result(digest)
    else { return nil }
    switch store.condition(record, bootIdentifier: index.bootIdentifier) {
    case .intact: return record
    case .restamped(let manifest):
      var renewed = record
      renewed.manifest = manifest
      if record.unflushedBoot != index.bootIdentifier { renewed.unflushedBoot = 0 }
      try index.rememberResult(renewed)
      return renewed
    case .missing, .damaged: return nil
    }
  }

  /// The folder of the result in force: of one partition, or of the asset.
  package func path(of asset: String, partition: String? = nil) throws(BuildError) -> String {
    guard let node = graph[asset] else {
      throw .unknownAsset(
        asset, nearest: Suggestion.nearest(to: asset, among: graph.assets.lazy.map(\.name)))
    }
    try require(partition: partition, of: node)
    let path = layout.current(profile: configuration.profile, asset: asset, partition: partition)
    let partitions = partition == nil ? node.partitions?.values ?? [] : []
    let complete: Bool
    if partitions.isEmpty {
      complete = try currentRecord(asset: asset, partition: partition) != nil
    } else {
      var count = 0
      for value in partitions
      where try currentRecord(asset: asset, partition: value) != nil { count += 1 }
      complete = count == partitions.count
    }
    guard complete else { throw .noCurrentResult(asset: asset) }
    return path
  }
}
