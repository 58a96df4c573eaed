import JSON

/// Turns finished staging folders into results on threads of its own, so that the engine keeps
/// listening to workers while gigabytes are hashed.
struct Publisher: Sendable {
  /// A finished staging folder.
  struct Order: Sendable {
    var job: Int
    var item: Int
    var key: Digest
    var step: String
    var folder: String
    /// What is known of its content.
    var written: WrittenOutput
    var metrics: [String: JSONValue]
    /// Bytes from which on it is flushed to the disk.
    var flushedFrom: Int64
    var bootIdentifier: Int64
    var width: Int

    func isFlushed(_ manifest: ResultManifest) -> Bool { manifest.byteCount >= flushedFrom }
  }

  struct Publication: Sendable {
    var job: Int
    var item: Int
    var result: Result<ResultRecord, BuildError>
  }

  /// How many partitions of a job are published one after the other, so that what they share (a
  /// write to the records, a wake-up) is done once.
  static let batchSize = 32

  let store: ResultStore
  let mailbox: Mailbox<Publication>
  private let team: ThreadTeam

  init(store: ResultStore, mailbox: Mailbox<Publication>, width: Int) throws(BuildError) {
    self.store = store
    self.mailbox = mailbox
    team = try ThreadTeam(width: width)
  }

  /// Publishes the orders: those of one job some at a time, different jobs beside each other.
  func start(_ orders: [Order]) {
    var start = 0
    while start < orders.count {
      var end = start + 1
      while end < min(orders.count, start + Self.batchSize), orders[end].job == orders[start].job {
        end += 1
      }
      let batch = Array(orders[start..<end])
      let publisher = self
      team.add { publisher.mailbox.post(publisher.publish(batch)) }
      start = end
    }
  }

  /// Seal and flush, then write the records, then rename: a result that is in place has its record.
  func publish(_ batch: [Order]) -> [Publication] {
    var sealed = batch.map { order in
      Result<ResultManifest, BuildError>.attempt { () throws(BuildError) in try seal(order) }
    }
    let isFlushed = zip(batch, sealed).contains { order, manifest in
      if case .success(let manifest) = manifest { order.isFlushed(manifest) } else { false }
    }
    do throws(BuildError) {
      try record(batch, sealed, durable: isFlushed)
    } catch {
      sealed = sealed.map { _ in .failure(error) }
    }
    var publications = zip(batch, sealed).map { order, manifest in
      Publication(
        job: order.job, item: order.item,
        result: .attempt { () throws(BuildError) in try place(order, try manifest.get()) })
    }
    if isFlushed {
      do throws(BuildError) { try Disk.synchronize(store.layout.results) } catch {
        for place in publications.indices { publications[place].result = .failure(error) }
      }
    }
    return publications
  }

  private func seal(_ order: Order) throws(BuildError) -> ResultManifest {
    let manifest = try store.seal(order.folder, written: order.written, width: order.width)
    if order.isFlushed(manifest) { try store.flush(order.folder, manifest) }
    return manifest
  }

  private func record(
    _ batch: [Order], _ sealed: [Result<ResultManifest, BuildError>], durable: Bool
  ) throws(BuildError) {
    let now = Double(Clock.wall()) * 1e-9
    var lines: [RecordLog.Line] = []
    for (order, manifest) in zip(batch, sealed) {
      guard case .success(let manifest) = manifest else { continue }
      lines.append(
        RecordLog.Line(
          digest: manifest.digest, key: order.key, step: order.step, createdAt: now,
          metrics: order.metrics))
    }
    try store.records.append(lines, durable: durable)
  }

  private func place(_ order: Order, _ sealed: ResultManifest) throws(BuildError) -> ResultRecord {
    let manifest = try store.place(order.folder, sealed)
    return ResultRecord(
      digest: sealed.digest, manifest: manifest, metrics: order.metrics,
      createdAt: Double(Clock.wall()) * 1e-9, step: order.step,
      unflushedBoot: order.isFlushed(sealed) ? 0 : order.bootIdentifier)
  }
}

extension Result where Failure == BuildError {
  /// What `body` returns or throws.
  fileprivate static func attempt(_ body: () throws(BuildError) -> Success) -> Self {
    do throws(BuildError) { return .success(try body()) } catch { return .failure(error) }
  }
}
