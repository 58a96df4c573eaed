package import BuildEngine
import JSON
import Transfer

/// `data.fetch`: brings files here, one a partition, from the web or from this machine.
package struct FetchStep: Step {
  private static let mostPrepared = 4096

  package init() {}

  package func run(_ context: StepContext) throws {
    let settings = try FetchSettings(context.parameters, root: context.projectRoot)
    if settings.isRemote { DownloadSession.prepare() }
    let targets = try self.targets(context)
    // Asked for anew, all of it: an attempt of this run that ends early must not leave some of an older
    // run's files to the next one.
    if context.isForced { for target in targets { try FetchFolder.empty(target.output) } }
    let ledger = SizeLedger(limit: settings.options.maxTotalSize)
    if context.parameters["listing"]?.boolValue == true {
      return try FetchListing(context: context, settings: settings, ledger: ledger).run(targets)
    }
    // All faults of the parameters come before the first byte. The first thousands of requests are kept
    // for when they are due; more of them would take memory that grows with their number.
    var prepared: [DownloadRequest] = []
    for target in targets {
      let request = try settings.request(for: target, in: context)
      if prepared.count < Self.mostPrepared { prepared.append(request) }
    }
    var failures: [(name: String, error: TransferError)] = []
    var upcoming = targets.indices.makeIterator()
    var fault: StepFailure?
    let reporter = context.reporter
    do throws(TransferError) {
      try DownloadSession(options: settings.options, ledger: ledger).run(
        total: targets.count, threads: context.threads,
        next: {
          guard let number = upcoming.next() else { return nil }
          let target = targets[number]
          do throws(StepFailure) {
            var request =
              try number < prepared.count
              ? prepared[number] : settings.request(for: target, in: context)
            request.isFolderNew = try FetchFolder.make(target.output)
            if !request.isFolderNew { try FetchFolder.clear(target.output, for: request) }
            return request
          } catch {
            fault = error
            return nil
          }
        },
        isCancelled: { reporter.isCancelled },
        progress: { reporter.progress(Self.describe($0)) },
        retrying: { request, retry in
          reporter.log(context.partitionKey == nil ? "\(retry)" : "\(request.name): \(retry)")
        },
        finished: { request, result in
          let partition = context.partitionKey == nil ? nil : request.name
          switch result {
          case .success(let file):
            let output = Self.output(request, file)
            if let partition {
              reporter.partitionDone(partition, output)
            } else {
              reporter.written(output)
            }
          case .failure(let error):
            failures.append((request.name, error))
            reporter.log(partition.map { "\($0): \(error)" } ?? "\(error)")
            if let partition { reporter.partitionFailed(partition, "\(error)") }
          }
        })
    } catch .cancelled {
      throw StepInterrupted()
    } catch {
      throw StepFailure("\(error)", help: error.help)
    }
    if let fault { throw fault }
    reporter.measurement("bytes_received", .int(ledger.received))
    if let first = failures.first {
      guard context.partitionKey != nil else {
        throw StepFailure("\(first.error)", help: first.error.help)
      }
      throw Self.failure(failures, of: targets.count)
    }
  }

  /// What the engine need not read or list again.
  private static func output(_ request: DownloadRequest, _ file: DownloadedFile) -> WrittenOutput {
    guard let written = writtenFile(request, file) else { return [] }
    return WrittenOutput([written], isWhole: request.isFolderNew)
  }

  static func writtenFile(_ request: DownloadRequest, _ file: DownloadedFile) -> WrittenFile? {
    guard let content = file.written else { return nil }
    let slash = request.destination.utf8.lastIndex(of: UInt8(ascii: "/"))
    return WrittenFile(
      path: slash.map { String(request.destination[$0...].dropFirst()) } ?? request.destination,
      digest: Digest(high: content.digest.high, low: content.digest.low),
      stamp: FileGuard(
        size: content.size, modified: content.modified, changed: content.changed,
        inode: content.inode))
  }

  /// One a partition; one without a name where the asset has no partitions.
  private func targets(_ context: StepContext) throws(StepFailure) -> [FetchTarget] {
    guard let key = context.partitionKey else {
      return [FetchTarget(partition: nil, key: nil, output: context.output)]
    }
    return context.partitions.map {
      FetchTarget(partition: $0.value, key: key, output: $0.output)
    }
  }

  private static func failure(
    _ failures: [(name: String, error: TransferError)], of total: Int
  ) -> StepFailure {
    let names = failures.map(\.name)
    let first = failures.first.map { "; \($0.name): \($0.error)" } ?? ""
    let shown = names.prefix(10).joined(separator: ", ")
    let more = names.count > 10 ? " and \(names.count - 10) more" : ""
    return StepFailure(
      "\(names.count) of \(total) partitions failed: \(shown)\(more)\(first)",
      help: failures.first?.error.help, failedPartitions: names)
  }

  /// Files and their rate; bytes where there is only one file.
  static func describe(_ progress: TransferProgress) -> StepProgress {
    var details = [
      progress.wait ?? FetchWording.bytes(Double(progress.bytesPerSecond)) + "/s"
    ]
    if progress.wait == nil, let seconds = progress.secondsLeft, seconds >= 1 {
      details.append("\(FetchWording.time(seconds)) left")
    }
    if progress.filesTotal == 1 {
      return StepProgress(
        completed: Double(progress.bytesInFiles), total: progress.bytesTotal.map { Double($0) },
        unit: "bytes", detail: details.joined(separator: " · "))
    }
    details.insert(FetchWording.bytes(Double(progress.bytesInFiles)), at: 0)
    if progress.filesWaiting > 0 { details.append("\(progress.filesWaiting) to try again") }
    if progress.filesFailed > 0 { details.append("\(progress.filesFailed) failed") }
    return StepProgress(
      completed: Double(progress.filesDone), total: progress.filesTotal.map { Double($0) },
      unit: "files", detail: details.joined(separator: " · "))
  }
}

/// One file to make, and the partition it is.
struct FetchTarget {
  /// Nil for an asset without partitions.
  var partition: String?
  var key: String?
  var output: String

  /// Unique among the targets of one step.
  var name: String { partition ?? "" }
}
