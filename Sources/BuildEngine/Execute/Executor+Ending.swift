import JSON

/// What workers say and how they end.
extension Executor {
  func handle(_ event: WorkerEvent, of job: Job) throws(BuildError) {
    switch event {
    case .progress(let progress): recorder.record(.progress(names(job), progress))
    case .metric(let name, let value): metric(name, value, job)
    case .measurement(let name, let value):
      job.measurements.append((name, value))
      if let item = job.items.first {
        recorder.record(.measurement(self.name(item.task, job.asset), name: name, value: value))
      }
    case .sample(let step, let values):
      if let item = job.items.first {
        recorder.record(.sample(name(item.task, job.asset), step: step, values: values))
      }
    case .partitionDone(let value, let output):
      guard let place = job.place(of: value), !job.items[place].isDone else { return }
      job.items[place].written = output
      try publish(job, place)
    case .written(let output):
      if !job.items.isEmpty { job.items[0].written = output }
    case .partitionFailed(let value, let message):
      if let place = job.place(of: value) {
        job.items[place].failure = message
      }
    case .verdict(let verdict): job.verdict = verdict
    case .failed(let message, let help, let partitions):
      job.failure = job.failure ?? (message, help)
      for value in partitions {
        if let place = job.place(of: value) {
          job.items[place].failure = job.items[place].failure ?? message
        }
      }
    }
  }

  /// A metric named `value/name` belongs to that partition when several are made together.
  private func metric(_ name: String, _ value: JSONValue, _ job: Job) {
    var place = 0
    var name = name
    if job.items.count > 1, let slash = name.firstIndex(of: "/"),
      let found = job.place(of: String(name[..<slash]))
    {
      place = found
      name = String(name[name.index(after: slash)...])
    }
    guard job.items.indices.contains(place) else { return }
    job.items[place].metrics[name] = value
    recorder.record(.metric(self.name(job.items[place].task, job.asset), name: name, value: value))
  }

  func workerEnded(_ job: Job, _ end: WorkerEnd) throws(BuildError) {
    job.deadline = nil
    job.killAt = nil
    occupy(job, -1)
    if job.check != nil { return try checkEnded(job, end) }
    // A command that was asked to stop may end with status 0 and half its work done.
    if isStopping, graph.assets[job.asset].step == ShellCommand.name {
      return try endInterrupted(job)
    }
    switch end {
    case .exited(0) where job.failure == nil && job.items.allSatisfy({ $0.failure == nil }):
      for place in job.items.indices where !job.items[place].isDone { try publish(job, place) }
      try endIfPublished(job)
    case .exited(WorkerMain.interruptedStatus) where isStopping && job.failure == nil:
      try endInterrupted(job)
    default:
      if isStopping, job.failure == nil { return try endInterrupted(job) }
      try retryOrFail(job, failure(of: job, end))
    }
  }

  private func failure(of job: Job, _ end: WorkerEnd) -> TaskFailure {
    let message: String
    switch (job.failure, end) {
    case (let failure?, _): message = failure.message
    case (nil, .signalled(let signal)): message = "its worker was ended by \(SignalName.of(signal))"
    case (nil, .exited(0)): message = "some partitions failed"
    case (nil, .exited(let status)): message = "its worker exited with status \(status)"
    }
    return TaskFailure(
      message: message, help: job.failure?.help ?? Disk.lackOfRoom(at: layout.root),
      logTail: LogFile.tail(job.logPath, lines: 10), logPath: job.logPath)
  }

  private func retryOrFail(_ job: Job, _ failure: TaskFailure) throws(BuildError) {
    if job.items.allSatisfy(\.isDone) {
      // Nothing is left to make again; what was made stands on its own.
      recorder.record(
        .notice("`\(graph.assets[job.asset].name)` was made, but then \(failure.message)"))
      return try endIfPublished(job)
    }
    guard job.attempt <= graph.assets[job.asset].retries, mayStart || options.keepGoing, !isStopping
    else { return try fail(job, failure) }
    let delay = min(
      options.limits.longestRetryDelay,
      options.limits.retryDelay * Double(1 << min(20, job.attempt - 1)))
    recorder.record(.retrying(names(job), failure: failure, delay: delay))
    retrying[job.number] = (job, failure)
    job.attempt += 1
    job.failure = nil
    for place in job.items.indices {
      job.items[place].failure = nil
      job.items[place].written = []
    }
    job.notBefore = Clock.seconds() + delay
    job.isRetrying = true
    try endIfPublished(job)
  }

  /// What waits for another attempt that this run will not make.
  func giveUpRetrying() throws(BuildError) {
    for (_, waiting) in retrying.sorted(by: { $0.key < $1.key }) {
      if isStopping {
        try endInterrupted(waiting.job)
      } else {
        try fail(waiting.job, waiting.failure)
      }
    }
    retrying.removeAll()
  }

  /// Back into the queue with the items that are not made yet.
  private func requeue(_ job: Job) {
    job.isRetrying = false
    job.items.removeAll(where: \.isDone)
    job.doneCount = 0
    active[job.number] = nil
    queue.append(job, now: Clock.seconds())
  }

  func fail(_ job: Job, _ failure: TaskFailure) throws(BuildError) {
    if job.check != nil { return checkBroke(job, failure) }
    hasFailed = true
    let seconds = job.firstStart == 0 ? 0 : Clock.seconds() - job.firstStart
    for item in job.items where !item.isDone {
      // On a full disk this makes the room to say so.
      if !graph.assets[job.asset].isResumable { try? Disk.removeTree(item.stage.output) }
      states[item.task] = .failed
      summary.failed += 1
      var own = failure
      if let message = item.failure { own.message = message }
      try? remember(job, item, .failed(own), seconds: seconds, record: nil)
      recorder.record(.finished(name(item.task, job.asset), .failed(own), seconds: seconds))
    }
    try endIfPublished(job)
  }

  private func endInterrupted(_ job: Job) throws(BuildError) {
    for item in job.items where !item.isDone {
      states[item.task] = .interrupted
      try? remember(
        job, item, .interrupted, seconds: Clock.seconds() - job.firstStart, record: nil)
      recorder.record(
        .finished(
          name(item.task, job.asset), .interrupted, seconds: Clock.seconds() - job.firstStart))
    }
    try endIfPublished(job)
  }

  /// A job is over when its worker is gone and nothing of it is being published.
  func endIfPublished(_ job: Job) throws(BuildError) {
    if job.publishing > 0 || job.worker != nil { return }
    if job.isRetrying { return requeue(job) }
    active[job.number] = nil
    if let stage = job.items.first?.stage { stage.remove() }
    job.lock?.release()
    job.lock = nil
  }
}
