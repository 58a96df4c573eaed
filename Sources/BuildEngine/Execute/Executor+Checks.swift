import JSON

/// Checks: judged once for each content, blocking or warning.
extension Executor {
  func startChecks(of asset: Int) throws(BuildError) {
    for (number, check) in graph.assets[asset].checks.enumerated() {
      let others = check.otherAssets.compactMap { graph.index(of: $0) }
      let waiting = others.filter { tasksLeft[$0] > 0 && isIncluded[$0] }
      if waiting.isEmpty {
        try startCheck(number, of: asset)
      } else {
        pendingChecks.append((asset, number))
      }
    }
    // Checks of other assets may have waited for this one.
    let candidates = pendingChecks
    for (other, number) in candidates where other != asset {
      let check = graph.assets[other].checks[number]
      guard check.otherAssets.contains(graph.assets[asset].name), tasksLeft[other] == 0,
        check.otherAssets.allSatisfy({ name in
          graph.index(of: name).map { tasksLeft[$0] == 0 || !isIncluded[$0] } ?? true
        })
      else { continue }
      pendingChecks.removeAll { $0.asset == other && $0.check == number }
      try startCheck(number, of: other)
    }
  }

  private func startCheck(_ number: Int, of asset: Int) throws(BuildError) {
    let check = graph.assets[asset].checks[number]
    guard let key = try evaluator.checkKey(check, of: asset) else {
      return checkUnknown(asset, check)
    }
    if !options.recheck, let verdict = try index.verdict(key) {
      return try judged(asset, check, verdict, isCached: true)
    }
    let job = Job(number: nextJob, asset: asset, check: number, items: [], reasons: [])
    job.verdictKey = key
    for path in check.files {
      job.checkSources.append(
        Job.SeenSource(path: path, found: try evaluator.sources.resolve(path)))
    }
    nextJob += 1
    queue.append(job, now: Clock.seconds())
  }

  /// With `--only`, another asset's result may be absent.
  private func checkUnknown(_ asset: Int, _ check: CheckNode) {
    recorder.record(
      .notice(
        "check `\(check.title)` of `\(graph.assets[asset].name)` lacks a result it compares with"))
    if check.severity == .error { countFailed(check, of: asset) }
  }

  func checkEnded(_ job: Job, _ end: WorkerEnd) throws(BuildError) {
    active[job.number] = nil
    guard let number = job.check else { return }
    let stage = checkStage(job)
    try? Disk.removeTree(stage.output)
    stage.remove()
    let check = graph.assets[job.asset].checks[number]
    let isShell = check.name == ShellCommand.name
    // A command that was asked to stop says nothing about the result.
    if isStopping, isShell { return }
    if let verdict = job.verdict, job.failure == nil, end == .exited(0) || isShell {
      // Of files that changed meanwhile nobody knows which content was judged: judged again next time.
      if let key = job.verdictKey, changedSource(job.checkSources, isForgiving: false) == nil,
        !index.database.isReadOnly
      {
        let asset = graph.assets[job.asset]
        try index.rememberVerdict(
          verdict, key: key, asset: asset.name,
          result: asset.partitions == nil ? evaluator.digests[graph.firstTask[job.asset]] : nil,
          check: check, run: try recorder.open(), at: Double(Clock.wall()) * 1e-9)
      }
      return try judged(job.asset, check, verdict, isCached: false)
    }
    if isStopping { return }
    let message: String
    switch (job.failure, end) {
    case (let failure?, _): message = failure.message
    case (nil, .signalled(let signal)): message = "the check was ended by \(SignalName.of(signal))"
    case (nil, .exited(let status)): message = "the check gave no verdict (exit status \(status))"
    }
    checkBroke(
      job,
      TaskFailure(
        message: message, help: job.failure?.help, logTail: LogFile.tail(job.logPath, lines: 10),
        logPath: job.logPath))
  }

  /// A check that could not judge counts as failed, but is asked again next time.
  func checkBroke(_ job: Job, _ failure: TaskFailure) {
    active[job.number] = nil
    guard let number = job.check else { return }
    let check = graph.assets[job.asset].checks[number]
    recorder.record(
      .checkFinished(
        asset: graph.assets[job.asset].name, check: check.title, severity: check.severity,
        CheckVerdict(passed: false, message: failure.message), isCached: false))
    countFailed(check, of: job.asset)
  }

  private func judged(
    _ asset: Int, _ check: CheckNode, _ verdict: CheckVerdict, isCached: Bool
  ) throws(BuildError) {
    if !isCached || !verdict.passed {
      recorder.record(
        .checkFinished(
          asset: graph.assets[asset].name, check: check.title, severity: check.severity, verdict,
          isCached: isCached))
    }
    guard verdict.passed || check.severity == .warn else { return countFailed(check, of: asset) }
    if !verdict.passed { countFailed(check, of: asset) }
    guard check.severity == .error else { return }
    blockingLeft[asset] -= 1
    if blockingLeft[asset] == 0 { try openGate(asset) }
  }

  private func countFailed(_ check: CheckNode, of asset: Int) {
    switch check.severity {
    case .error:
      shutGates.insert(asset)
      summary.failedChecks += 1
      hasFailed = true
    case .warn: summary.warnings += 1
    }
  }
}
