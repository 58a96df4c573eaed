import BuildEngine
import JSON
import Transfer

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Data sets whose address answers with a JSON array of the addresses of their files, as hubs do
/// for every data set in parquet. The files are numbered in the order of the list.
extension FetchStep {
  static func runListing(
    _ context: StepContext, _ settings: FetchSettings, _ targets: [FetchTarget]
  ) throws {
    let reporter = context.reporter
    for target in targets { try FetchFolder.make(target.output) }
    var failed: [String] = []
    var firstError: TransferError?
    for target in targets {
      let listing = target.output + "/.listing"
      // Asked again every time: the list is small, and an old one may name files that are gone.
      unlink(listing)
      var request = try settings.request(for: target, in: context, named: ".listing")
      request.pointer = .never
      var written: [WrittenFile] = []
      var errors = try fetch([request], settings, reporter) { _, _ in }
      if errors.isEmpty {
        let requests = try addresses(in: listing).enumerated().map { index, address in
          DownloadRequest(
            name: "\(index)", sources: [try SourceURL(address)],
            destination: "\(target.output)/\(fileName(index, address))")
        }
        errors = try fetch(requests, settings, reporter) { request, file in
          if let file = writtenFile(request, file) { written.append(file) }
        }
        unlink(listing)
      }
      if let error = errors.first {
        reporter.log("\(target.name): \(error)")
        if let partition = target.partition { reporter.partitionFailed(partition, "\(error)") }
        failed.append(target.name)
        firstError = firstError ?? error
      } else if let partition = target.partition {
        reporter.partitionDone(partition, written)
      } else {
        reporter.written(written)
      }
    }
    if let firstError {
      throw StepFailure(
        "\(firstError)", help: firstError.help, failedPartitions: failed.filter { !$0.isEmpty })
    }
  }

  private static func fetch(
    _ requests: [DownloadRequest], _ settings: FetchSettings, _ reporter: any StepReporter,
    _ take: @escaping (DownloadRequest, DownloadedFile) -> Void
  ) throws -> [TransferError] {
    var upcoming = requests.makeIterator()
    var errors: [TransferError] = []
    do throws(TransferError) {
      try DownloadSession(options: settings.options).run(
        total: requests.count, next: { upcoming.next() },
        isCancelled: { reporter.isCancelled },
        progress: { reporter.progress(Self.describe($0)) },
        finished: { request, result in
          switch result {
          case .success(let file): take(request, file)
          case .failure(let error): errors.append(error)
          }
        })
    } catch .cancelled {
      throw StepInterrupted()
    } catch {
      throw StepFailure("\(error)", help: error.help)
    }
    return errors
  }

  private static func addresses(in path: String) throws -> [String] {
    guard let bytes = try ResultFiles.optionalBytes(path) else {
      throw StepFailure("the list of files was not written")
    }
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(bytes) } catch {
      throw StepFailure("the list of files is no JSON: \(error)")
    }
    let addresses = value.arrayValue?.compactMap(\.stringValue) ?? []
    guard !addresses.isEmpty, addresses.count == value.arrayValue?.count else {
      throw StepFailure(
        "the list of files is \(value.kindDescription), not a list of addresses",
        help: "leave `listing` out when the address is the file itself")
    }
    return addresses
  }

  /// `00000.parquet`: five digits, so that files sort as they are listed.
  private static func fileName(_ index: Int, _ address: String) -> String {
    let path = address.split(separator: "?").first.map(String.init) ?? address
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let ending = name.split(separator: ".").dropFirst().last.map { ".\($0)" } ?? ""
    let number = String(index)
    return String(repeating: "0", count: max(0, 5 - number.count)) + number + ending
  }
}
