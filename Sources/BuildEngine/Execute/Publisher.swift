import JSON
import Synchronization

/// Turns finished staging folders into results on threads of its own, so that the engine keeps
/// listening to workers while gigabytes are hashed.
struct Publisher: Sendable {
  struct Order: Sendable {
    var job: Int
    var item: Int
    var key: Digest
    var step: String
    var folder: String
    var metrics: [String: JSONValue]
    var flush: Bool
    var bootIdentifier: Int64
    var width: Int
  }

  struct Publication: Sendable {
    var job: Int
    var item: Int
    var result: Result<ResultRecord, BuildError>
  }

  let store: ResultStore
  let mailbox: Mailbox<Publication>
  private let team: Team

  init(store: ResultStore, mailbox: Mailbox<Publication>, width: Int) {
    self.store = store
    self.mailbox = mailbox
    team = Team(width: width)
  }

  func start(_ order: Order) {
    let publisher = self
    team.add {
      let result: Result<ResultRecord, BuildError>
      do throws(BuildError) {
        result = .success(try publisher.publish(order))
      } catch {
        result = .failure(error)
      }
      publisher.mailbox.post(Publication(job: order.job, item: order.item, result: result))
    }
  }

  /// At most `width` threads that live as long as there is something to publish.
  private final class Team: Sendable {
    private struct State {
      var waiting: [@Sendable () -> Void] = []
      var next = 0
      var threads = 0
    }

    private let width: Int
    private let state = Mutex(State())

    init(width: Int) { self.width = max(1, width) }

    func add(_ work: @escaping @Sendable () -> Void) {
      let needsThread = state.withLock { state in
        state.waiting.append(work)
        guard state.threads < width else { return false }
        state.threads += 1
        return true
      }
      if needsThread { Threads.start { self.workUntilDone() } }
    }

    private func workUntilDone() {
      while let work = take() { work() }
    }

    private func take() -> (@Sendable () -> Void)? {
      state.withLock { state in
        guard state.next < state.waiting.count else {
          state = State(threads: state.threads - 1)
          return nil
        }
        defer { state.next += 1 }
        return state.waiting[state.next]
      }
    }
  }

  /// Seal, flush, rename, then write the record beside the result.
  func publish(_ order: Order) throws(BuildError) -> ResultRecord {
    let sealed = try store.seal(order.folder, width: order.width)
    if order.flush { try store.flush(order.folder, sealed) }
    let manifest = try store.place(order.folder, sealed)
    let record = ResultRecord(
      digest: manifest.digest, manifest: manifest, metrics: order.metrics,
      createdAt: Double(Clock.wall()) * 1e-9, step: order.step,
      unflushedBoot: order.flush ? 0 : order.bootIdentifier)
    try store.writeRecord(record, key: order.key, durable: order.flush)
    if order.flush { try Disk.synchronize(store.layout.results) }
    return record
  }
}
