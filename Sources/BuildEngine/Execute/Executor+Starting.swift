import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Starting workers as resources allow.
extension Executor {
  func enqueue(_ asset: Int, _ items: [Job.Item], _ reasons: [StaleReason]) {
    let node = graph.assets[asset]
    let job = Job(number: nextJob, asset: asset, check: nil, items: items, reasons: reasons)
    nextJob += 1
    switch node.resources.cores {
    case .all: job.cores = jobs
    case .count(let count): job.cores = max(1, min(count, jobs))
    }
    job.isNetworkBound = node.resources.isNetworkBound
    job.memory = node.resources.memory ?? 0
    queue.append(job, now: Clock.seconds())
  }

  /// Starts what fits, first come first served.
  func startJobs() throws(BuildError) {
    while mayStart {
      let now = Clock.seconds()
      queue.wake(now: now)
      guard let job = queue.next(fits: { fits($0) }) else { return }
      if !(try start(job)) { queue.append(job, now: now) }
      // Starting may have settled tasks (another run made them), which may have readied others.
      if !ready.isEmpty { try settleReady() }
    }
  }

  private func fits(_ job: Job) -> Bool {
    if memoryInUse > 0, job.memory > configuration.memory - memoryInUse { return false }
    return job.isNetworkBound ? networkJobs < jobs : coresInUse + job.cores <= jobs
  }

  /// Starts a job; false when it has to wait for another run that makes the same.
  private func start(_ job: Job) throws(BuildError) -> Bool {
    do throws(BuildError) {
      if job.check == nil {
        guard try takeLock(job) else { return false }
        retrying[job.number] = nil
        guard try stillNeeded(job) else {
          job.lock?.release()
          job.lock = nil
          return true
        }
      }
      let launch = try prepare(job)
      job.startedAt = Clock.seconds()
      if job.attempt == 1 { job.firstStart = job.startedAt }
      announce(job)
      job.worker = try launcher.launch(launch)
      // Of the step, and of each check of what it made.
      if let timeout = graph.assets[job.asset].timeout {
        job.deadline = job.startedAt + timeout
      }
    } catch {
      // A full or read-only disk fails the task, not the engine.
      try fail(job, TaskFailure(message: error.message, help: error.help, logPath: job.logPath))
      return true
    }
    active[job.number] = job
    occupy(job, 1)
    return true
  }

  func occupy(_ job: Job, _ sign: Int) {
    if job.isNetworkBound { networkJobs += sign } else { coresInUse += sign * job.cores }
    memoryInUse += sign * job.memory
  }

  private func announce(_ job: Job) {
    if let check = job.check {
      let node = graph.assets[job.asset]
      recorder.record(.checkStarted(asset: node.name, check: node.checks[check].title))
    } else {
      recorder.record(
        .started(
          names(job), step: graph.assets[job.asset].step, reasons: job.reasons,
          attempt: job.attempt, logPath: job.logPath))
    }
  }

  func names(_ job: Job) -> [TaskName] { job.items.map { name($0.task, job.asset) } }

  // MARK: Locks

  private func takeLock(_ job: Job) throws(BuildError) -> Bool {
    guard job.lock == nil else { return true }
    try Disk.makeFolders(layout.staging)
    let path = lockPath(job)
    if let lock = try KeyLock.acquire(path) {
      job.lock = lock
      return true
    }
    let now = Clock.seconds()
    if !job.isWaiting {
      job.isWaiting = true
      job.waitingSince = now
      recorder.record(.waiting(names(job)))
    } else if now - job.waitingSince > 1 {
      KeyLock.endOrphans(path)
    }
    job.notBefore = now + options.limits.lockInterval
    return false
  }

  /// Partitions made together share a lock: which of them are stale differs from run to run. What is
  /// given for each partition on its own is left out: assets that give it for different partitions may
  /// still make the same ones.
  private func lockPath(_ job: Job) -> String {
    let node = graph.assets[job.asset]
    guard node.makesPartitionsTogether else { return job.items[0].stage.lock }
    var recipe = FingerprintRecipe()
    recipe.step("together " + node.step, revision: node.stepRevision)
    recipe.parameters(node.keyParameters.filter { !node.partitionParameters.contains($0.key) })
    return layout.stage(recipe.key).lock
  }

  /// With the lock in hand: drops what another run made meanwhile.
  private func stillNeeded(_ job: Job) throws(BuildError) -> Bool {
    if try isUntouched(job) { return true }
    var items: [Job.Item] = []
    for item in job.items {
      let evaluation = try evaluator.evaluate(item.task, asset: job.asset)
      switch evaluation.standing {
      case .fresh(let record):
        try settle(item.task, job.asset, .fresh(record.digest), seconds: 0)
      case .restore(let record): try restore(item.task, job.asset, evaluation.key, record)
      case .stale where evaluation.key != item.key:
        // A file it reads changed while it waited: decided about anew, under the lock of its new key.
        states[item.task] = .waiting
        again.append((job.asset, item.task))
      case .stale: items.append(item)
      }
    }
    job.items = items
    return !items.isEmpty
  }

  /// Whether nobody can have made any of it since it was found stale: no other run, and not this one for
  /// another asset with the same key.
  private func isUntouched(_ job: Job) throws(BuildError) -> Bool {
    try index.database.reading { () throws(BuildError) in
      let version = try index.version
      for item in job.items {
        if item.indexVersion == version { continue }
        guard item.indexVersion.others == version.others,
          try index.digest(forKey: item.key) == nil
        else { return false }
      }
      return true
    }
  }

  // MARK: The request

  func checkStage(_ job: Job) -> StageLayout {
    StageLayout(root: "\(layout.staging)/check-\(processIdentifier)-\(job.number)")
  }

  private func prepare(_ job: Job) throws(BuildError) -> WorkerLaunch {
    let node = graph.assets[job.asset]
    let stage: StageLayout
    if let check = job.check {
      stage = checkStage(job)
      job.logPath = try recorder.logPath(
        asset: node.name + ".check", partition: "\(check)-\(node.checks[check].name)")
    } else {
      stage = job.items[0].stage
      job.logPath = try recorder.logPath(
        asset: node.name, partition: node.makesPartitionsTogether ? nil : job.items[0].partition)
    }
    for item in job.items where !node.isResumable {
      try Disk.removeTree(item.stage.output)
    }
    for item in job.items where !node.makesPartitionsTogether || item.partition == nil {
      try Disk.makeFolders(item.stage.output)
    }
    if job.check != nil {
      // A killed run whose process had this number may have left links to other results there.
      try Disk.removeTree(stage.root)
      try Disk.removeTree(stage.output)
      try Disk.makeFolders(stage.output)
    }
    try Disk.makeFolders(stage.root)
    let request: WorkerRequest
    if let check = job.check {
      request = try checkRequest(job, node, node.checks[check], stage)
    } else {
      request = try stepRequest(job, node, stage)
    }
    // For nobody else: a secret may stand in it in clear.
    try Disk.writeWhole(JSONWriter.bytes(request.json), to: stage.request, mode: 0o600)
    return WorkerLaunch(
      request: request, requestPath: stage.request, logPath: job.logPath,
      lockDescriptor: job.lock?.descriptor, environment: configuration.environment)
  }

  private func stepRequest(
    _ job: Job, _ node: AssetNode, _ stage: StageLayout
  ) throws(BuildError) -> WorkerRequest {
    var inputs: [String: [StepInput]] = [:]
    try Disk.removeTree(stage.inputs)
    for input in node.inputs {
      var values: [StepInput] = []
      for source in input.sources {
        switch source {
        case .asset(let name):
          guard let other = graph.index(of: name) else { continue }
          let path = try inputFolder(other, for: job, stage: stage)
          values.append(StepInput(name: name, path: path))
        case .path(let template):
          var seen = Set<String>()
          for path in job.items.map({ node.path(template, partition: $0.partition) })
          where seen.insert(path).inserted {
            let resolved = try evaluator.sources.resolve(path)
            if resolved.isPattern {
              values += resolved.entries.map { StepInput(name: $0.name, path: $0.path) }
            } else {
              values.append(StepInput(name: path, path: resolved.path))
            }
          }
        }
      }
      inputs[input.name, default: []] += values
    }
    var request = WorkerRequest(
      kind: .step, name: node.step, asset: node.name, inputs: inputs, parameters: node.parameters,
      secretParameters: node.secretParameters, output: stage.output,
      partitionKey: node.partitions?.key,
      partitions: job.items.compactMap { item in
        item.partition.map { StepPartition(value: $0, output: item.stage.output) }
      },
      projectRoot: configuration.projectRoot, threads: job.isNetworkBound ? jobs : job.cores,
      memoryLimit: node.resources.memory, environment: node.environment, result: "",
      otherResults: [:])
    request.profile = configuration.profile
    request.isForced = evaluator.forced.contains(job.asset) && job.attempt == 1
    if node.wantsLineage { request.lineage = try lineage(above: job.asset) }
    return request
  }

  /// The folder in which a step finds another asset's result. Results themselves never move, so a
  /// partitioned one is a folder of links made for this task.
  private func inputFolder(
    _ other: Int, for job: Job, stage: StageLayout
  ) throws(BuildError) -> String {
    if graph.assets[other].partitions == nil {
      guard let digest = evaluator.digests[graph.firstTask[other]] else {
        throw .noCurrentResult(asset: graph.assets[other].name)
      }
      return layout.result(digest)
    }
    var tasks: [Int] = []
    for item in job.items {
      tasks += graph.inputTasks(of: item.task, asset: job.asset, input: other)
      if graph.alignments[job.asset]?[other] == nil { break }
    }
    return try linkFolder(tasks, of: other, at: "\(stage.inputs)/\(graph.assets[other].name)")
  }

  private func linkFolder(
    _ tasks: [Int], of other: Int, at folder: String
  ) throws(BuildError) -> String {
    if Disk.exists(folder) { return folder }
    try Disk.makeFolders(folder)
    for task in tasks {
      guard let digest = evaluator.digests[task],
        let value = graph.partition(of: task, asset: other)
      else { throw .noCurrentResult(asset: graph.assets[other].name) }
      try Disk.replaceLink(
        "\(folder)/\(value)", target: layout.result(digest), spare: "\(folder)/.\(value)")
    }
    return folder
  }

  private func checkRequest(
    _ job: Job, _ node: AssetNode, _ check: CheckNode, _ stage: StageLayout
  ) throws(BuildError) -> WorkerRequest {
    var others: [String: String] = [:]
    for name in check.otherAssets {
      guard let other = graph.index(of: name) else { continue }
      others[name] = try resultFolder(other, stage)
    }
    return WorkerRequest(
      kind: .check, name: check.name, asset: node.name, inputs: [:], parameters: check.parameters,
      secretParameters: [], output: stage.output, partitionKey: nil, partitions: [],
      projectRoot: configuration.projectRoot, threads: job.cores, memoryLimit: nil,
      environment: check.environment, result: try resultFolder(job.asset, stage),
      otherResults: others)
  }

  private func resultFolder(_ asset: Int, _ stage: StageLayout) throws(BuildError) -> String {
    if graph.assets[asset].partitions != nil {
      return try linkFolder(
        Array(graph.tasks(of: asset)), of: asset,
        at: "\(stage.inputs)/\(graph.assets[asset].name)")
    }
    guard let digest = evaluator.digests[graph.firstTask[asset]] else {
      throw .noCurrentResult(asset: graph.assets[asset].name)
    }
    return layout.result(digest)
  }
}
