import Synchronization
import TestSupport
import Transfer

/// A folder to fetch into and the options tests use: quick to try again, quick to give up.
struct Fetching {
  let folder: TemporaryFolder
  var options = TransferOptions()
  var threads = 1

  init() throws {
    folder = try TemporaryFolder("nanobuild-transfer")
    options.retryDelay = 0.002
    options.connectTimeout = 5
    options.lowSpeedTimeout = 5
  }

  func request(
    _ url: String..., as name: String = "file.bin", sha256: String? = nil, size: Int? = nil,
    pointer: DownloadRequest.PointerUse = .automatic
  ) throws -> DownloadRequest {
    DownloadRequest(
      name: name, sources: try url.map { try SourceURL($0) }, destination: folder.file(name),
      sha256: sha256, size: size, pointer: pointer)
  }

  @discardableResult
  func fetch(_ request: DownloadRequest) throws(TransferError) -> DownloadedFile {
    try DownloadSession(options: options).fetch(request)
  }

  /// The error that fetching ends with; nil when it succeeds.
  func failure(_ request: DownloadRequest) -> TransferError? {
    do throws(TransferError) { try fetch(request) } catch { return error }
    return nil
  }

  func fetchAll(
    _ requests: [DownloadRequest], isCancelled: @escaping () -> Bool = { false }
  ) throws(TransferError) -> [String: Result<DownloadedFile, TransferError>] {
    var results: [String: Result<DownloadedFile, TransferError>] = [:]
    var upcoming = requests.makeIterator()
    try DownloadSession(options: options).run(
      total: requests.count, threads: threads, next: { upcoming.next() }, isCancelled: isCancelled,
      finished: { results[$0.name] = $1 })
    return results
  }

  /// Starts fetching and stops once the server has sent so much that `size` bytes are on disk.
  func interrupt(_ request: DownloadRequest, at size: Int) throws {
    let folder = self.folder
    do {
      _ = try fetchAll([request]) {
        ((try? folder.read(request.name))?.count ?? 0) >= size
      }
    } catch TransferError.cancelled {
      return
    }
    throw Interruption.finished
  }

  /// Starts fetching and stops once `size` bytes are on disk, as kill -9 would: what is said of an
  /// unfinished file is what was written by then.
  func kill(_ request: DownloadRequest, at size: Int) throws {
    let folder = self.folder
    let memo = Shared<[UInt8]>([])
    do {
      _ = try fetchAll([request]) {
        guard ((try? folder.read(request.name))?.count ?? 0) >= size else { return false }
        memo.value = (try? folder.read(request.name + ".part.json")) ?? []
        return true
      }
    } catch TransferError.cancelled {
      try folder.write(request.name + ".part.json", bytes: memo.value)
      return
    }
    throw Interruption.finished
  }

  enum Interruption: Error { case finished }

  /// Bytes that look random and differ for each seed.
  static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    NumberedBytes.make(count, seed: seed)
  }
}

/// A value that a server's threads and the test both see.
final class Shared<Value: Sendable>: Sendable {
  private let storage: Mutex<Value>
  init(_ value: Value) { storage = Mutex(value) }
  var value: Value {
    get { storage.withLock { $0 } }
    set { storage.withLock { $0 = newValue } }
  }
}
