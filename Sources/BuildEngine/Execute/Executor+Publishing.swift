import JSON

/// From a finished staging folder to a recorded result.
extension Executor {
  func publish(_ job: Job, _ place: Int) throws(BuildError) {
    job.items[place].isDone = true
    if let path = try changedInput(of: job.asset, partition: job.items[place].partition) {
      return try inputChanged(job, place, path)
    }
    let item = job.items[place]
    let seconds = Clock.seconds() - job.startedAt
    job.publishing += 1
    publisher.start(
      Publisher.Order(
        job: job.number, item: place, key: item.key, step: graph.assets[job.asset].step,
        folder: item.stage.output, metrics: item.metrics,
        flush: seconds >= options.limits.flushAfter, bootIdentifier: index.bootIdentifier,
        width: min(jobs, configuration.cores)))
  }

  /// A file of the project's that is no longer what the key was computed from.
  private func changedInput(
    of asset: Int, partition: String?
  ) throws(BuildError) -> String? {
    let node = graph.assets[asset]
    for input in node.inputs {
      for path in input.paths.map({ node.path($0, partition: partition) }) {
        do throws(BuildError) {
          if try !evaluator.sources.isUnchanged(path) { return path }
        } catch {
          return path
        }
      }
    }
    return nil
  }

  /// The step may have read old and new content: what it made belongs to no key. Made again.
  private func inputChanged(_ job: Job, _ place: Int, _ path: String) throws(BuildError) {
    let item = job.items[place]
    try? Disk.removeTree(item.stage.output)
    job.inputsChanged += 1
    recorder.record(
      .notice("`\(path)` changed while `\(graph.assets[job.asset].name)` was being made"))
    states[item.task] = .waiting
    changes[item.task, default: 0] += 1
    if changes[item.task, default: 0] > 3 {
      let error = BuildError.inputKeepsChanging(path: path)
      states[item.task] = .failed
      summary.failed += 1
      hasFailed = true
      recorder.record(
        .finished(
          name(item.task, job.asset), .failed(TaskFailure(message: error.message)), seconds: 0))
      return
    }
    again.append((job.asset, item.task))
  }

  func published(_ publication: Publisher.Publication) throws(BuildError) {
    guard let job = active[publication.job] else { return }
    job.publishing -= 1
    let place = publication.item
    let item = job.items[place]
    let seconds = Clock.seconds() - job.firstStart
    do throws(BuildError) {
      var record = try publication.result.get()
      if let known = try index.result(record.digest) {
        record.metrics.merge(known.metrics) { new, _ in new }
        if known.unflushedBoot == 0 { record.unflushedBoot = 0 }
      }
      let before = try index.current(
        profile: configuration.profile, asset: graph.assets[job.asset].name,
        partition: item.partition)
      let old = try before.flatMap { current throws(BuildError) in
        try index.digest(forKey: current.key)
      }
      let saved = record
      try index.database.transaction { () throws(BuildError) in
        try index.rememberResult(saved)
        try index.rememberKey(item.key, saved.digest, recipe: item.recipe, at: saved.createdAt)
        try remember(
          job, item, .ran(saved.digest, isSame: old == saved.digest), seconds: seconds,
          record: saved)
      }
      try link(item.task, job.asset, item.key, saved.digest)
      try? Disk.removeTree(item.stage.root)
      try settle(
        item.task, job.asset, .ran(saved.digest, isSame: old == saved.digest), seconds: seconds)
      if job.worker == nil { try endIfPublished(job) }
    } catch {
      // The disk filled up, or the step left something that can't be a result.
      hasFailed = true
      states[item.task] = .failed
      summary.failed += 1
      let failure = TaskFailure(message: error.message, help: error.help, logPath: job.logPath)
      recorder.record(
        .finished(name(item.task, job.asset), .failed(failure), seconds: seconds))
      try? remember(job, item, .failed(failure), seconds: seconds, record: nil)
      if job.worker == nil { try endIfPublished(job) }
    }
  }

  /// The task's line in the history.
  func remember(
    _ job: Job, _ item: Job.Item, _ outcome: TaskOutcome, seconds: Double, record: ResultRecord?
  ) throws(BuildError) {
    let run = try recorder.open()
    let task = name(item.task, job.asset)
    var message = job.reasons.first?.description ?? ""
    if case .failed(let failure) = outcome { message = failure.message }
    try index.rememberTask(
      StateIndex.TaskLine(
        run: run, name: task, step: graph.assets[job.asset].step, outcome: outcome.name,
        started: Double(Clock.wall()) * 1e-9 - seconds, seconds: seconds, key: item.key,
        digest: record?.digest, inputBytes: inputBytes(item.task, job.asset),
        outputBytes: record?.manifest.byteCount ?? 0, reason: message))
    for (name, value) in job.measurements {
      try index.rememberNumber(run: run, task: task, name: name, value: value)
    }
  }

  /// What a task read, for estimates of how long it takes.
  private func inputBytes(_ task: Int, _ asset: Int) -> Int64 {
    var total: Int64 = 0
    let partition = graph.partition(of: task, asset: asset)
    for input in graph.assets[asset].inputs {
      for path in input.paths.map({ graph.assets[asset].path($0, partition: partition) }) {
        total +=
          (try? evaluator.sources.resolve(path))?.entries.reduce(0) { $0 + $1.stamp.size } ?? 0
      }
    }
    for other in graph.inputAssets[asset] {
      for inputTask in graph.inputTasks(of: task, asset: asset, input: other) {
        if let digest = evaluator.digests[inputTask] {
          total += (try? index.byteCount(ofResult: digest)) ?? 0
        }
      }
    }
    return total
  }
}
