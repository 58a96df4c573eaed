/// Jobs that wait for resources, first come first served, in two lanes: those that compute and
/// those that wait for the network. Jobs that wait for a moment stand aside.
struct JobQueue {
  private struct Lane {
    private var jobs: [Job?] = []
    private var head = 0

    var first: Job? { head < jobs.count ? jobs[head] : nil }

    mutating func append(_ job: Job) { jobs.append(job) }

    mutating func removeFirst() {
      jobs[head] = nil
      head += 1
      // Giving the room back now and then keeps both ends cheap.
      if head > 1_024, head * 2 > jobs.count {
        jobs.removeFirst(head)
        head = 0
      }
    }
  }

  private var computing = Lane()
  private var waiting = Lane()
  private(set) var delayed: [Job] = []

  var isEmpty: Bool { computing.first == nil && waiting.first == nil && delayed.isEmpty }

  /// The moment the next delayed job is due.
  var nextMoment: Double? { delayed.lazy.map(\.notBefore).min() }

  mutating func append(_ job: Job, now: Double) {
    if job.notBefore > now {
      delayed.append(job)
    } else if job.isNetworkBound {
      waiting.append(job)
    } else {
      computing.append(job)
    }
  }

  /// Puts delayed jobs whose moment has come back in line.
  mutating func wake(now: Double) {
    guard delayed.contains(where: { $0.notBefore <= now }) else { return }
    let all = delayed
    delayed = []
    for job in all { append(job, now: now) }
  }

  /// Takes the next job that fits. The first of a lane that doesn't holds back those behind it, so
  /// that a task that needs all cores gets its turn.
  mutating func next(fits: (Job) -> Bool) -> Job? {
    if let job = computing.first, fits(job) {
      computing.removeFirst()
      return job
    }
    if let job = waiting.first, fits(job) {
      waiting.removeFirst()
      return job
    }
    return nil
  }
}
