import JSON

/// From a finished staging folder to a recorded result.
extension Executor {
  func publish(_ job: Job, _ place: Int) throws(BuildError) {
    job.items[place].isDone = true
    job.doneCount += 1
    // A step that touches its own sources gets one more try, not endless ones.
    let isForgiving = changes[job.items[place].task, default: 0] > 0
    if let path = changedSource(job.items[place].sources, isForgiving: isForgiving) {
      return try inputChanged(job, place, path)
    }
    let item = job.items[place]
    job.publishing += 1
    leaving.append(
      Publisher.Order(
        job: job.number, item: place, key: item.key, step: graph.assets[job.asset].step,
        folder: item.stage.output, written: item.written, metrics: item.metrics,
        flushedFrom: flushedSize(job), bootIdentifier: index.bootIdentifier,
        width: min(jobs, configuration.cores)))
  }

  /// How large a result must be to go to the disk before it is recorded. How long one of many partitions
  /// took is not known, only its share of the job's time; a large one is flushed even so, since reading it
  /// again after a restart of the system would take as long as the flush does now.
  private func flushedSize(_ job: Job) -> Int64 {
    let seconds = Clock.seconds() - job.startedAt
    guard seconds >= options.limits.flushAfter else { return .max }
    return seconds / Double(job.doneCount) >= options.limits.flushAfter
      ? 0 : options.limits.flushedSize
  }

  /// Hands what was finished to the publisher's threads.
  func sendToPublisher() {
    guard !leaving.isEmpty else { return }
    publisher.start(leaving)
    // A new list: the threads may still hold the storage of this one.
    leaving = []
  }

  /// A file of the project's that is no longer what the key was computed from.
  func changedSource(_ sources: [Job.SeenSource], isForgiving: Bool) -> String? {
    for source in sources {
      do throws(BuildError) {
        switch try evaluator.sources.lookAgain(source.path, since: source.found) {
        case .same: continue
        case .touched: if !isForgiving { return source.path }
        case .changed: return source.path
        }
      } catch {
        return source.path
      }
    }
    return nil
  }

  /// The step may have read old and new content: what it made belongs to no key. Made again.
  private func inputChanged(_ job: Job, _ place: Int, _ path: String) throws(BuildError) {
    let item = job.items[place]
    try? Disk.removeTree(item.stage.output)
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

  /// Publications wait a moment for each other: recording sixty together costs the index little more
  /// than one, as long as nothing waits for what they make.
  func receivePublications() throws(BuildError) {
    let new = publisher.mailbox.take()
    if arrived.isEmpty, !new.isEmpty { firstArrival = Clock.seconds() }
    arrived += new
    for publication in new where arrivedJobs.insert(publication.job).inserted {
      if isAwaited(publication) { isArrivalAwaited = true }
    }
    guard !arrived.isEmpty, !mayWait else { return }
    let batch = arrived
    arrived = []
    arrivedJobs = []
    isArrivalAwaited = false
    try record(batch)
  }

  private var mayWait: Bool {
    guard !isStopping, arrived.count < 1_024, Clock.seconds() - firstArrival < gatheringTime else {
      return false
    }
    // Either all cores have work anyway, or more partitions are on their way.
    return areMorePartitionsComing || (!queue.isEmpty && coresInUse >= jobs)
  }

  /// Whether the workers that made what arrived go on with more partitions than wait. The last ones are
  /// recorded some at a time, so that little is left to do when the worker is done.
  private var areMorePartitionsComing: Bool {
    arrivedJobs.allSatisfy { number in
      guard let job = active[number], job.worker != nil else { return false }
      return arrived.count < job.items.count - job.doneCount
    }
  }

  /// Seconds publications may wait for each other: long where nothing can start on them anyway.
  var gatheringTime: Double {
    if isArrivalAwaited { return Self.shortestGathering }
    return areMorePartitionsComing ? Self.longestGathering : Self.gathering
  }

  private func isAwaited(_ publication: Publisher.Publication) -> Bool {
    guard let asset = active[publication.job]?.asset else { return true }
    return successors[asset].contains { isStreamed(asset, to: Int($0)) }
  }

  /// A publication with what it is recorded by.
  private struct Finished {
    var job: Job
    var item: Job.Item
    var seconds: Double
    var record: ResultRecord
    var outcome: TaskOutcome
  }

  /// Results first, in one transaction; then the links to them; then what waits for them.
  private func record(_ batch: [Publisher.Publication]) throws(BuildError) {
    var finished: [Finished] = []
    do throws(BuildError) {
      try index.database.transaction { () throws(BuildError) in
        for publication in batch {
          if let one = try save(publication) { finished.append(one) }
        }
      }
    } catch {
      guard batch.count > 1 else {
        return try couldNotPublish(batch[0], error)
      }
      // One of them can't be recorded, or none: each for itself.
      for publication in batch { try record([publication]) }
      return
    }
    for publication in batch {
      if case .failure(let error) = publication.result { try couldNotPublish(publication, error) }
    }
    for one in finished {
      one.job.publishing -= 1
      do throws(BuildError) {
        try link(one.item.task, one.job.asset, one.record.digest)
        // Of partitions made together the first one's stage is the job's, and goes with it.
        if !graph.assets[one.job.asset].makesPartitionsTogether { one.item.stage.remove() }
        try settle(one.item.task, one.job.asset, one.outcome, seconds: one.seconds)
        if one.job.worker == nil { try endIfPublished(one.job) }
      } catch {
        try failed(one.job, one.item, error, seconds: one.seconds)
      }
    }
  }

  /// Records one publication inside the running transaction; nil when it failed.
  private func save(_ publication: Publisher.Publication) throws(BuildError) -> Finished? {
    guard let job = active[publication.job], case .success(var record) = publication.result else {
      return nil
    }
    let item = job.items[publication.item]
    let seconds = Clock.seconds() - job.firstStart
    if let known = try index.result(record.digest) {
      record.metrics.merge(known.metrics) { new, _ in new }
      if known.unflushedBoot == 0 { record.unflushedBoot = 0 }
    }
    let name = graph.assets[job.asset].name
    let old = item.wasNeverMade ? nil : try digestBefore(item, of: name)
    let outcome = TaskOutcome.ran(record.digest, isSame: old == record.digest)
    try index.rememberResult(record)
    try index.rememberKey(item.key, record.digest, recipe: item.recipe, at: record.createdAt)
    try remember(job, item, outcome, seconds: seconds, record: record)
    try index.setCurrent(
      profile: configuration.profile, asset: name, partition: item.partition, key: item.key,
      at: Double(Clock.wall()) * 1e-9)
    return Finished(job: job, item: item, seconds: seconds, record: record, outcome: outcome)
  }

  /// The result that was in force until now.
  private func digestBefore(_ item: Job.Item, of asset: String) throws(BuildError) -> Digest? {
    guard
      let current = try index.current(
        profile: configuration.profile, asset: asset, partition: item.partition)
    else { return nil }
    return try index.digest(forKey: current.key)
  }

  /// The disk filled up, or the step left something that can't be a result.
  private func couldNotPublish(
    _ publication: Publisher.Publication, _ error: BuildError
  ) throws(BuildError) {
    guard let job = active[publication.job] else { return }
    job.publishing -= 1
    try failed(
      job, job.items[publication.item], error, seconds: Clock.seconds() - job.firstStart)
  }

  private func failed(
    _ job: Job, _ item: Job.Item, _ error: BuildError, seconds: Double
  ) throws(BuildError) {
    hasFailed = true
    states[item.task] = .failed
    summary.failed += 1
    let failure = TaskFailure(message: error.message, help: error.help, logPath: job.logPath)
    recorder.record(.finished(name(item.task, job.asset), .failed(failure), seconds: seconds))
    try? remember(job, item, .failed(failure), seconds: seconds, record: nil)
    if job.worker == nil { try endIfPublished(job) }
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
