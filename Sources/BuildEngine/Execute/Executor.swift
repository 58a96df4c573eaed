import CSystem
import Diagnostics
import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Brings assets up to date: one loop that settles what needs no work, starts workers as resources
/// allow, listens to them, and publishes what they made.
///
/// A task's state only goes forward: waiting → ready → settled, failed, blocked or interrupted.
/// Everything but hashing of results happens on the thread that calls `run`.
final class Executor {
  enum TaskState: UInt8 {
    case waiting, ready, settled, failed, interrupted
  }

  let graph: BuildGraph
  let evaluator: TaskEvaluator
  let configuration: EngineConfiguration
  let options: RunOptions
  let launcher: any WorkerLauncher
  let recorder: RunRecorder
  let publisher: Publisher
  let assets: [Int]
  let jobs: Int

  var index: StateIndex { evaluator.index }
  var store: ResultStore { evaluator.store }
  var layout: CacheLayout { evaluator.store.layout }

  // Scheduling
  let isIncluded: [Bool]
  var states: [TaskState]
  /// Predecessors of each asset that are not finished yet.
  var assetWaiting: [Int]
  /// Aligned partitions each task still waits for.
  var taskWaiting: [Int: Int] = [:]
  /// Tasks of each asset that are not settled yet, and blocking checks not passed.
  var tasksLeft: [Int]
  var blockingLeft: [Int]
  var successors: [[Int32]]
  var ready: [(asset: Int, task: Int)] = []
  var queue = JobQueue()
  var active: [Int: Job] = [:]
  var nextJob = 0
  var coresInUse = 0
  var networkJobs = 0
  var memoryInUse = 0
  var hasFailed = false
  var isStopping = false
  var seenInterruptions = 0
  var nextMemoryLook = 0.0
  var nextTick = 0.0
  var summary = RunSummary()
  /// Keys and results of tasks the plan found fresh.
  var plannedFresh: [(key: Digest, digest: Digest)?]
  var openGates: Set<Int> = []
  /// Folders of current links that were found or made.
  var linkFolders: Set<String> = []
  /// Those of them that were made: nothing old is in them.
  var newLinkFolders: Set<String> = []
  /// Assets that a blocking check found wrong or could not judge.
  var shutGates: Set<Int> = []
  /// Checks that wait for the results of other assets.
  var pendingChecks: [(asset: Int, check: Int)] = []
  /// Publications that wait to be recorded together, and since when.
  var arrived: [Publisher.Publication] = []
  var firstArrival = 0.0
  /// Seconds.
  static let shortestGathering = 0.01
  static let gathering = 0.03
  static let longestGathering = 0.1
  /// The jobs of `arrived`, and whether a task waits for a partition in it.
  var arrivedJobs: Set<Int> = []
  var isArrivalAwaited = false
  /// Staging folders on their way to the publisher.
  var leaving: [Publisher.Order] = []
  /// Tasks to decide about again because a file they read changed meanwhile, and how often.
  var again: [(asset: Int, task: Int)] = []
  /// Jobs that failed and wait for their next attempt, with what went wrong.
  var retrying: [Int: (job: Job, failure: TaskFailure)] = [:]
  var changes: [Int: Int] = [:]

  init(
    assets: [Int], evaluator: TaskEvaluator, options: RunOptions, launcher: any WorkerLauncher,
    recorder: RunRecorder
  ) throws(BuildError) {
    graph = evaluator.graph
    configuration = evaluator.configuration
    self.assets = assets
    self.evaluator = evaluator
    self.options = options
    self.launcher = launcher
    self.recorder = recorder
    jobs = max(1, options.jobs ?? configuration.cores)
    publisher = try Publisher(
      store: evaluator.store, mailbox: try Mailbox(), width: configuration.cores)
    var isIncluded = [Bool](repeating: false, count: graph.assets.count)
    for asset in assets { isIncluded[asset] = true }
    self.isIncluded = isIncluded
    plannedFresh = Array(repeating: nil, count: graph.taskCount)
    states = Array(repeating: .waiting, count: graph.taskCount)
    assetWaiting = Array(repeating: 0, count: graph.assets.count)
    tasksLeft = Array(repeating: 0, count: graph.assets.count)
    blockingLeft = tasksLeft
    successors = Array(repeating: [], count: graph.assets.count)
    connect()
  }

  // MARK: The loop

  /// Carries out `plan`; what it found fresh is not looked at again, the rest is decided anew as
  /// results become known.
  func run(_ plan: Plan) throws(BuildError) -> RunSummary {
    let start = Clock.seconds()
    var next = plan.tasks.makeIterator()
    for asset in assets {
      for task in graph.tasks(of: asset) {
        guard let planned = next.next() else { break }
        if case .fresh(let digest) = planned.action, let key = planned.key {
          plannedFresh[task] = (key, digest)
        } else {
          evaluator.digests[task] = nil
        }
      }
    }
    do throws(BuildError) {
      try loop(from: assets)
    } catch {
      abort()
      throw error
    }
    count()
    summary.seconds = Clock.seconds() - start
    summary.id = recorder.identifier
    return summary
  }

  /// Only judges what is there.
  func runChecks() throws(BuildError) -> RunSummary {
    let start = Clock.seconds()
    for asset in assets {
      tasksLeft[asset] = 0
      for task in graph.tasks(of: asset) { states[task] = .settled }
    }
    for asset in assets { openGates.insert(asset) }
    do throws(BuildError) {
      for asset in assets { try startChecks(of: asset) }
      try loop(from: [])
    } catch {
      abort()
      throw error
    }
    count()
    summary.seconds = Clock.seconds() - start
    summary.id = recorder.identifier
    return summary
  }

  private func loop(from first: [Int]) throws(BuildError) {
    for asset in first where assetWaiting[asset] == 0 { try wake(asset) }
    while true {
      for (asset, task) in again {
        if !graph.assets[asset].makesPartitionsTogether { states[task] = .ready }
        ready.append((asset, task))
      }
      again.removeAll()
      try settleReady()
      try startJobs()
      if active.isEmpty && again.isEmpty && (queue.isEmpty || !mayStart) {
        return try giveUpRetrying()
      }
      sendToPublisher()
      recorder.flush()
      wait()
      try receive()
    }
  }

  /// The engine itself failed: no worker may outlive it.
  private func abort() {
    for job in active.values { job.worker?.stop(force: true) }
    for job in active.values {
      while let worker = job.worker, worker.ended() == nil { usleep(1000) }
    }
  }

  let processIdentifier = getpid()

  var mayStart: Bool { !isStopping && (options.keepGoing || !hasFailed) }

  /// Sleeps until a worker, the publisher, the user or a deadline wants something.
  private func wait() {
    var descriptors = [publisher.mailbox.descriptor]
    if let descriptor = options.interruption.descriptor { descriptors.append(descriptor) }
    for job in active.values { descriptors += job.worker?.descriptors ?? [] }
    var waiting = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    poll(&waiting, nfds_t(waiting.count), Int32(clamping: Int((timeToNext() * 1000).rounded(.up))))
    if options.interruption.count > seenInterruptions { interrupt() }
    if let tick = options.tick, Clock.seconds() >= nextTick {
      nextTick = Clock.seconds() + tick
      recorder.tell(.tick)
    }
  }

  private func timeToNext() -> Double {
    let now = Clock.seconds()
    var next = now + 60
    if !arrived.isEmpty { next = firstArrival + gatheringTime }
    if options.tick != nil { next = min(next, nextTick) }
    for job in active.values {
      if let deadline = job.deadline { next = min(next, deadline) }
      if let killAt = job.killAt { next = min(next, killAt) }
      if job.memory > 0 { next = min(next, nextMemoryLook) }
      // Without process descriptors the end of a process must be asked for.
      if let worker = job.worker, worker.descriptors.isEmpty { next = min(next, now + 0.01) }
    }
    if mayStart, let moment = queue.nextMoment { next = min(next, moment) }
    return max(0, next - now)
  }

  private func receive() throws(BuildError) {
    try receivePublications()
    let now = Clock.seconds()
    let looksAtMemory = now >= nextMemoryLook
    if looksAtMemory { nextMemoryLook = now + options.limits.memoryInterval }
    for job in active.values.sorted(by: { $0.number < $1.number }) {
      guard let worker = job.worker else { continue }
      for event in worker.readEvents() { try handle(event, of: job) }
      if let end = worker.ended() {
        for event in worker.readEvents() { try handle(event, of: job) }
        if let peak = worker.peakResidentBytes, job.check == nil {
          job.measurements.append((ProcessMeasurement.peakMemory, .int(peak)))
        }
        job.worker = nil
        try workerEnded(job, end)
      } else {
        enforceLimits(job, worker, now, looksAtMemory: looksAtMemory)
      }
    }
  }

  private func interrupt() {
    let count = options.interruption.count
    if let descriptor = options.interruption.descriptor {
      var buffer: UInt64 = 0
      while read(descriptor, &buffer, 8) > 0 {}
    }
    isStopping = true
    for job in active.values { job.worker?.stop(force: count > 1) }
    seenInterruptions = count
  }

  private func enforceLimits(
    _ job: Job, _ worker: any RunningWorker, _ now: Double, looksAtMemory: Bool
  ) {
    if let deadline = job.deadline, now >= deadline {
      job.deadline = nil
      job.killAt = now + options.limits.graceTime
      let limit = Format.duration(graph.assets[job.asset].timeout ?? 0)
      job.failure = ("it ran longer than its timeout of \(limit)", nil)
      worker.stop(force: false)
    }
    if let killAt = job.killAt, now >= killAt {
      job.killAt = nil
      worker.stop(force: true)
    }
    if job.memory > 0, looksAtMemory {
      if let resident = worker.residentBytes, resident > job.memory {
        let (used, limit) = Format.distinctBytes(resident, job.memory)
        job.failure = (
          "it used \(used) of memory; its limit is \(limit)",
          "raise `resources: {memory: …}` or make its work smaller"
        )
        worker.stop(force: true)
      }
    }
  }
}
