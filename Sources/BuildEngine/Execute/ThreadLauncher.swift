import CSystem
import JSON
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs steps on threads of this process, for tests and embedding; a crash takes all down.
package struct ThreadLauncher: WorkerLauncher {
  private let steps: @Sendable (String) -> (any Step)?
  private let checks: @Sendable (String) -> (any Check)?

  package init(
    steps: @escaping @Sendable (String) -> (any Step)?,
    checks: @escaping @Sendable (String) -> (any Check)? = { _ in nil }
  ) {
    self.steps = steps
    self.checks = checks
  }

  package func launch(_ launch: WorkerLaunch) throws(BuildError) -> any RunningWorker {
    if launch.request.name == ShellCommand.name, steps(ShellCommand.name) == nil {
      return try ProcessLauncher.launchShell(launch)
    }
    let worker = ThreadWorker(mailbox: try Mailbox())
    let (steps, checks) = (steps, checks)
    let (mailbox, shouldStop) = (worker.mailbox, worker.shouldStop)
    Threads.start {
      let log = nb_open_append(launch.logPath, 0o666)
      defer { close(log) }
      let reporter = WorkerReporter(
        cancelled: { shouldStop.value.load(ordering: .relaxed) },
        send: { mailbox.post($0.map { .event($0) }) },
        log: { _ = Disk.writeAll(Array(($0 + "\n").utf8), to: log) })
      let status = WorkerMain.perform(
        launch.request, reporter: reporter, send: { mailbox.post($0.map { .event($0) }) },
        environment: launch.environment, steps: steps, checks: checks)
      mailbox.post([.end(.exited(status))])
    }
    return worker
  }
}

/// A worker on a thread.
private final class ThreadWorker: RunningWorker {
  enum Message: Sendable {
    case event(WorkerEvent)
    case end(WorkerEnd)
  }

  final class Flag: Sendable {
    let value = Atomic<Bool>(false)
  }

  let mailbox: Mailbox<Message>
  let shouldStop = Flag()
  private var events: [WorkerEvent] = []
  private var end: WorkerEnd?

  init(mailbox: Mailbox<Message>) { self.mailbox = mailbox }

  var descriptors: [Int32] { [mailbox.descriptor] }

  func readEvents() -> [WorkerEvent] {
    receive()
    defer { events = [] }
    return events
  }

  func ended() -> WorkerEnd? {
    receive()
    return end
  }

  private func receive() {
    for message in mailbox.take() {
      switch message {
      case .event(let event): events.append(event)
      case .end(let end): self.end = end
      }
    }
  }

  func stop(force: Bool) { shouldStop.value.store(true, ordering: .relaxed) }
}
