import BuildEngine
import JSON
import Transfer

/// Data sets whose address answers with a JSON array of the addresses of their files, as hubs do
/// for every data set in parquet. The files are numbered in the order of the list.
struct FetchListing {
  /// Bytes of a list: more than a hundred thousand addresses, and still no burden to parse.
  static let sizeLimit = 64 << 20
  /// The list by which files beside it have their numbers; never part of a result.
  private static let name = ".listing"
  private static let newName = ".listing.new"

  let context: StepContext
  let settings: FetchSettings
  /// One for all partitions.
  let ledger: SizeLedger

  func run(_ targets: [FetchTarget]) throws {
    let reporter = context.reporter
    // All faults of the parameters come before the first byte.
    for target in targets { _ = try request(target) }
    var failures: [(name: String, error: StepFailure)] = []
    for target in targets {
      do {
        let written = try bring(target)
        if let partition = target.partition {
          reporter.partitionDone(partition, WrittenOutput(written))
        } else {
          reporter.written(WrittenOutput(written))
        }
      } catch let error as StepFailure {
        failures.append((target.name, error))
        reporter.log(target.partition.map { "\($0): \(error.message)" } ?? error.message)
        if let partition = target.partition { reporter.partitionFailed(partition, error.message) }
      }
    }
    reporter.measurement("bytes_received", .int(ledger.received))
    guard let first = failures.first?.error else { return }
    throw StepFailure(
      first.message, help: first.help,
      failedPartitions: failures.map(\.name).filter { !$0.isEmpty })
  }

  private func request(_ target: FetchTarget) throws(StepFailure) -> DownloadRequest {
    var request = try settings.request(for: target, in: context, named: Self.newName)
    request.pointer = .never
    request.sizeLimit = Self.sizeLimit
    return request
  }

  /// Fetches a list and what it names, and leaves nothing else in the output.
  private func bring(_ target: FetchTarget) throws -> [WrittenFile] {
    let isNew = try FetchFolder.make(target.output)
    // Asked again every time: the list is small, and an old one may name files that are gone.
    let path = "\(target.output)/\(Self.newName)"
    try Disk.removeFile(path)
    let list = try request(target)
    try fetch([list], of: target.partition) { _, _ in }
    let addresses = try Self.addresses(in: path)
    let requests = try files(of: list, addresses: addresses)
    if !isNew { try keepSame(requests, addresses, in: target.output) }
    try Disk.move(path, to: "\(target.output)/\(Self.name)")
    var written: [WrittenFile] = []
    try fetch(requests, of: target.partition) { request, file in
      if let file = FetchStep.writtenFile(request, file) { written.append(file) }
    }
    // An attempt that was cut short may have left files of a list that was longer then.
    let named = Set(requests.map { Path.lastComponent($0.destination) })
    for name in try Disk.names(in: target.output) where !named.contains(name) {
      try Disk.removeTree("\(target.output)/\(name)")
    }
    return written
  }

  /// Of what an earlier attempt left, finished or not, keeps what has the same number and address now.
  /// In this order a kill does no harm: first files go, then the old list.
  private func keepSame(
    _ requests: [DownloadRequest], _ addresses: [String], in folder: String
  ) throws {
    let old = (try? Self.addresses(in: "\(folder)/\(Self.name)")) ?? []
    var kept: Set = [Self.name, Self.newName]
    for (request, (address, before)) in zip(requests, zip(addresses, old))
    where address.utf8.elementsEqual(before.utf8) {
      kept.formUnion(request.ownedNames)
    }
    for name in try Disk.names(in: folder) where !kept.contains(name) {
      try Disk.removeTree("\(folder)/\(name)")
    }
  }

  // MARK: The list

  private func files(
    of list: DownloadRequest, addresses: [String]
  ) throws(StepFailure) -> [DownloadRequest] {
    var requests: [DownloadRequest] = []
    requests.reserveCapacity(addresses.count)
    for (index, address) in addresses.enumerated() {
      var request = DownloadRequest(
        name: "\(index)", sources: [try settings.listed(address)],
        destination: "\(list.folder)/\(Self.fileName(index, address))", pointer: settings.pointer,
        keepsFinished: true)
      // Who may see credentials is said by where the list came from.
      request.credentialsOrigin = list.credentialsOrigin
      requests.append(request)
    }
    return requests
  }

  private static func addresses(in path: String) throws(StepFailure) -> [String] {
    guard let bytes = try ResultFiles.optionalBytes(path) else {
      throw StepFailure("the list of files was not written")
    }
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(bytes) } catch {
      throw StepFailure("the list of files is no JSON: \(error)")
    }
    guard let members = value.arrayValue else {
      throw StepFailure(
        "the list of files is \(value.kindDescription), not a list of addresses",
        help: "leave `listing` out when the address is the file itself")
    }
    guard !members.isEmpty else { throw StepFailure("the list of files is empty") }
    return try members.enumerated().map { number, member throws(StepFailure) in
      guard let address = member.stringValue else {
        throw StepFailure(
          "entry \(number + 1) of the list of files is \(member.kindDescription), not an address")
      }
      return address
    }
  }

  /// `00000.parquet`: five digits, so that files sort as they are listed.
  private static func fileName(_ index: Int, _ address: String) -> String {
    let path = address.prefix { $0 != "?" && $0 != "#" }
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let ending = name.split(separator: ".").dropFirst().last.map { ".\($0)" } ?? ""
    let number = String(index)
    return String(repeating: "0", count: max(0, 5 - number.count)) + number + ending
  }

  // MARK: Fetching

  private func fetch(
    _ requests: [DownloadRequest], of partition: String?,
    _ take: @escaping (DownloadRequest, DownloadedFile) -> Void
  ) throws {
    let reporter = context.reporter
    var upcoming = requests.makeIterator()
    var failure: TransferError?
    do throws(TransferError) {
      try DownloadSession(options: settings.options, ledger: ledger).run(
        total: requests.count, threads: context.threads, next: { upcoming.next() },
        isCancelled: { reporter.isCancelled },
        progress: { reporter.progress(FetchStep.describe($0)) },
        retrying: { _, retry in reporter.log(partition.map { "\($0): \(retry)" } ?? "\(retry)") },
        finished: { request, result in
          switch result {
          case .success(let file): take(request, file)
          case .failure(let error): failure = failure ?? error
          }
        })
    } catch .cancelled {
      throw StepInterrupted()
    } catch {
      throw StepFailure("\(error)", help: error.help)
    }
    if let failure { throw StepFailure("\(failure)", help: failure.help) }
  }
}

extension DownloadRequest {
  fileprivate var folder: String {
    destination.lastIndex(of: "/").map { String(destination[..<$0]) } ?? "."
  }
}
