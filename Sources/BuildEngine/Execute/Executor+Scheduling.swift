import JSON

/// Who waits for whom, and what becomes ready.
extension Executor {
  /// Counts what every asset and task waits for.
  func connect() {
    for asset in assets {
      let tasks = graph.tasks(of: asset)
      tasksLeft[asset] = tasks.count
      blockingLeft[asset] = graph.assets[asset].checks.count { $0.severity == .error }
      for other in graph.predecessors[asset] where isIncluded[other] {
        successors[other].append(Int32(asset))
        if isStreamed(other, to: asset) {
          for task in tasks { taskWaiting[task, default: 0] += 1 }
        } else {
          assetWaiting[asset] += 1
        }
      }
    }
  }

  /// Whether `asset` may start on a partition of `other` before the others are made.
  func isStreamed(_ other: Int, to asset: Int) -> Bool {
    graph.alignments[asset]?[other] != nil && !graph.assets[asset].makesPartitionsTogether
      && !graph.assets[other].checks.contains { $0.severity == .error }
  }

  /// All that an asset as a whole waits for is there.
  func wake(_ asset: Int) throws(BuildError) {
    let tasks = graph.tasks(of: asset)
    if tasks.isEmpty { return try assetMade(asset) }
    if graph.assets[asset].makesPartitionsTogether {
      ready.append((asset, tasks.lowerBound))
    } else {
      for task in tasks where taskWaiting[task, default: 0] == 0 && states[task] == .waiting {
        states[task] = .ready
        ready.append((asset, task))
      }
    }
  }

  /// Decides about everything that is ready, until only work is left.
  func settleReady() throws(BuildError) {
    var position = 0
    while position < ready.count {
      let (asset, task) = ready[position]
      position += 1
      if graph.assets[asset].makesPartitionsTogether {
        try settleTogether(asset)
      } else if let item = try settleOrItem(task, of: asset) {
        enqueue(asset, [item.item], item.reasons)
      }
    }
    ready.removeAll(keepingCapacity: true)
  }

  private func settleTogether(_ asset: Int) throws(BuildError) {
    var items: [Job.Item] = []
    var reasons: [StaleReason] = []
    try index.database.reading { () throws(BuildError) in
      for task in graph.tasks(of: asset) where states[task] == .waiting {
        states[task] = .ready
        guard let found = try settleOrItem(task, of: asset) else { continue }
        items.append(found.item)
        for reason in found.reasons where !reasons.contains(reason) { reasons.append(reason) }
      }
    }
    if !items.isEmpty { enqueue(asset, items, reasons) }
  }

  /// Settles a task that is fresh or can be restored; else says what must run and why.
  private func settleOrItem(
    _ task: Int, of asset: Int
  ) throws(BuildError) -> (item: Job.Item, reasons: [StaleReason])? {
    if let known = plannedFresh[task] {
      plannedFresh[task] = nil
      try noteCurrent(task, asset, known.key)
      try settle(task, asset, .fresh(known.digest), seconds: 0)
      return nil
    }
    let evaluation: Evaluation
    let indexVersion = try index.version
    do throws(BuildError) {
      if let planned = evaluator.takePlanned(task, indexVersion: indexVersion) {
        evaluation = planned
      } else {
        evaluation = try evaluator.evaluate(task, asset: asset)
      }
    } catch {
      if case .database = error { throw error }
      states[task] = .failed
      summary.failed += 1
      hasFailed = true
      let failure = TaskFailure(message: error.message, help: error.help)
      recorder.record(.finished(name(task, asset), .failed(failure), seconds: 0))
      return nil
    }
    let partition = graph.partition(of: task, asset: asset)
    switch evaluation.standing {
    case .fresh(let record):
      try noteCurrent(task, asset, evaluation.key)
      try settle(task, asset, .fresh(record.digest), seconds: 0)
    case .restore(let record):
      try restore(task, asset, evaluation.key, record)
    case .stale(let reasons):
      var item = Job.Item(
        task: task, partition: partition, key: evaluation.key, recipe: evaluation.recipe,
        stage: layout.stage(evaluation.key),
        sources: try evaluator.seenSources(of: asset, partition: partition),
        indexVersion: indexVersion)
      item.wasNeverMade = reasons == [.neverRun]
      return (item, reasons)
    }
    return nil
  }

  /// Puts a cached result in force.
  func restore(
    _ task: Int, _ asset: Int, _ key: Digest, _ record: ResultRecord
  ) throws(BuildError) {
    try link(task, asset, record.digest)
    try index.setCurrent(
      profile: configuration.profile, asset: graph.assets[asset].name,
      partition: graph.partition(of: task, asset: asset), key: key,
      at: Double(Clock.wall()) * 1e-9)
    // The run used it: `cache gc --keep-runs` keeps it with the run.
    try index.rememberTask(
      StateIndex.TaskLine(
        run: try recorder.open(), name: name(task, asset), step: graph.assets[asset].step,
        outcome: TaskOutcome.restored(record.digest).name, started: Double(Clock.wall()) * 1e-9,
        seconds: 0, key: key, digest: record.digest, inputBytes: 0,
        outputBytes: record.manifest.byteCount, reason: ""))
    try settle(task, asset, .restored(record.digest), seconds: 0)
  }

  /// Points the current link at a result.
  func link(_ task: Int, _ asset: Int, _ digest: Digest) throws(BuildError) {
    let name = graph.assets[asset].name
    let partition = graph.partition(of: task, asset: asset)
    let folder =
      partition == nil
      ? "\(layout.current)/\(configuration.profile)"
      : layout.current(profile: configuration.profile, asset: name)
    if !linkFolders.contains(folder) {
      let status = Disk.status(folder, follow: false)
      if let status, status.kind != .folder { try Disk.removeFile(folder) }
      if status?.kind != .folder { newLinkFolders.insert(folder) }
      try Disk.makeFolders(folder)
      try Disk.makeFolders(layout.staging)
      linkFolders.insert(folder)
    }
    let path = layout.current(profile: configuration.profile, asset: name, partition: partition)
    let target = CacheLayout.linkTarget(digest, isPartition: partition != nil)
    let spare = "\(layout.staging)/link-\(processIdentifier)"
    do throws(BuildError) {
      try Disk.replaceLink(path, target: target, spare: spare)
    } catch {
      // Someone tidied up meanwhile.
      try Disk.makeFolders(folder)
      try Disk.makeFolders(layout.staging)
      try Disk.replaceLink(path, target: target, spare: spare)
    }
  }

  /// The same result may have been reached with another key: `explain` compares with the newest.
  private func noteCurrent(_ task: Int, _ asset: Int, _ key: Digest) throws(BuildError) {
    let name = graph.assets[asset].name
    let partition = graph.partition(of: task, asset: asset)
    let known = try index.current(
      profile: configuration.profile, asset: name, partition: partition)
    guard known?.key != key, !index.database.isReadOnly else { return }
    try index.setCurrent(
      profile: configuration.profile, asset: name, partition: partition, key: key,
      at: Double(Clock.wall()) * 1e-9)
  }

  // MARK: What follows

  /// A task has its result.
  func settle(
    _ task: Int, _ asset: Int, _ outcome: TaskOutcome, seconds: Double
  ) throws(BuildError) {
    states[task] = .settled
    evaluator.digests[task] = outcome.digest
    switch outcome {
    case .fresh: summary.fresh += 1
    case .restored: summary.restored += 1
    case .ran: summary.ran += 1
    case .failed, .blocked, .interrupted, .notStarted: break
    }
    if case .fresh = outcome {
    } else {
      recorder.record(.finished(name(task, asset), outcome, seconds: seconds))
    }
    for successor in successors[asset] where isStreamed(asset, to: Int(successor)) {
      try release(task, of: asset, for: Int(successor))
    }
    tasksLeft[asset] -= 1
    if tasksLeft[asset] == 0 { try assetMade(asset) }
  }

  private func release(_ task: Int, of asset: Int, for successor: Int) throws(BuildError) {
    guard let map = graph.alignments[successor]?[asset] else { return }
    let place = task - graph.firstTask[asset]
    // Followers mostly list the same partitions in the same order.
    let isSamePlace = map.indices.contains(place) && map[place] == place
    guard let number = isSamePlace ? place : map.firstIndex(of: place) else { return }
    let waiting = graph.firstTask[successor] + number
    taskWaiting[waiting, default: 1] -= 1
    if taskWaiting[waiting] == 0, assetWaiting[successor] == 0, states[waiting] == .waiting {
      states[waiting] = .ready
      ready.append((successor, waiting))
    }
  }

  /// All tasks of an asset have results: its checks, then what waits for it.
  func assetMade(_ asset: Int) throws(BuildError) {
    try removeOldPartitions(asset)
    try startChecks(of: asset)
    if blockingLeft[asset] == 0 { try openGate(asset) }
  }

  /// The asset is made and no blocking check failed.
  func openGate(_ asset: Int) throws(BuildError) {
    guard openGates.insert(asset).inserted else { return }
    for successor in successors[asset].map(Int.init) where !isStreamed(asset, to: successor) {
      assetWaiting[successor] -= 1
      if assetWaiting[successor] == 0 { try wake(successor) }
    }
  }

  /// Takes away links of partitions the asset no longer has.
  private func removeOldPartitions(_ asset: Int) throws(BuildError) {
    let node = graph.assets[asset]
    guard let partitions = node.partitions, !index.database.isReadOnly else { return }
    let folder = layout.current(profile: configuration.profile, asset: node.name)
    guard !newLinkFolders.contains(folder), Disk.status(folder, follow: false)?.kind == .folder
    else { return }
    let names = try Disk.names(in: folder)
    guard names.count != partitions.values.count || names != partitions.values else { return }
    let wanted = Set(partitions.values)
    for name in names where !wanted.contains(name) {
      try Disk.removeFile(folder + "/" + name)
      try index.forgetCurrent(
        profile: configuration.profile, asset: node.name, partition: name)
    }
  }

  func name(_ task: Int, _ asset: Int) -> TaskName {
    TaskName(
      asset: graph.assets[asset].name, partition: graph.partition(of: task, asset: asset))
  }

  /// Counts what was never reached, and says why.
  func count() {
    var blockers: [Int: Int] = [:]
    for asset in assets {
      let blocker = graph.predecessors[asset].lazy.compactMap { other in
        blockers[other] ?? (self.hasFailed(other) ? other : nil)
      }.first
      if let blocker { blockers[asset] = blocker }
      for task in graph.tasks(of: asset) {
        switch states[task] {
        case .settled, .failed: continue
        case .interrupted: summary.interrupted += 1
        case .waiting, .ready: neverStarted(task, of: asset, blocker)
        }
      }
    }
    if isStopping {
      summary.status = .interrupted
    } else if summary.failed + summary.failedChecks + summary.blocked + summary.notStarted > 0 {
      summary.status = .failed
    }
  }

  private func hasFailed(_ asset: Int) -> Bool {
    shutGates.contains(asset) || graph.tasks(of: asset).contains { states[$0] == .failed }
  }

  private func neverStarted(_ task: Int, of asset: Int, _ blocker: Int?) {
    let outcome: TaskOutcome
    if isStopping {
      summary.interrupted += 1
      return
    } else if let blocker {
      summary.blocked += 1
      outcome = .blocked(by: graph.assets[blocker].name)
    } else {
      summary.notStarted += 1
      outcome = .notStarted
    }
    recorder.record(.finished(name(task, asset), outcome, seconds: 0))
  }
}
