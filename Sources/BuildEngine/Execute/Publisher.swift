import JSON

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
  private let team: ThreadTeam

  init(store: ResultStore, mailbox: Mailbox<Publication>, width: Int) throws(BuildError) {
    self.store = store
    self.mailbox = mailbox
    team = try ThreadTeam(width: width)
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
