package import BuildEngine
import JSON
import Transfer

/// `data.fetch`: brings files here, one a partition, from the web or from this machine.
package struct FetchStep: Step {
  package init() {}

  package func run(_ context: StepContext) throws {
    let settings = try FetchSettings(context.parameters)
    let targets = try self.targets(context)
    for target in targets { try FetchFolder.make(target.output) }
    let plan = try targets.map { target in
      (target, try settings.request(for: target, in: context))
    }
    var failures: [(target: FetchTarget, error: TransferError)] = []
    var fetched = 0
    var upcoming = plan.makeIterator()
    let reporter = context.reporter
    let outputs = Dictionary(plan.map { ($0.0.name, $0) }) { first, _ in first }
    do throws(TransferError) {
      try DownloadSession(options: settings.options).run(
        total: plan.count,
        next: { upcoming.next()?.1 },
        isCancelled: { reporter.isCancelled },
        progress: { reporter.progress(Self.describe($0)) },
        finished: { request, result in
          guard let (target, _) = outputs[request.name] else { return }
          switch result {
          case .success(let file):
            fetched += file.bytesReceived
            if let partition = target.partition { reporter.partitionDone(partition) }
          case .failure(let error):
            failures.append((target, error))
            let name = target.partition ?? request.destination
            reporter.log("\(name): \(error)")
            if let partition = target.partition {
              reporter.partitionFailed(partition, "\(error)")
            }
          }
        })
    } catch .cancelled {
      throw StepInterrupted()
    } catch {
      throw StepFailure("\(error)", help: error.help)
    }
    reporter.measurement("bytes_received", .int(fetched))
    if !failures.isEmpty { throw Self.failure(failures, of: plan.count) }
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
    _ failures: [(target: FetchTarget, error: TransferError)], of total: Int
  ) -> StepFailure {
    let names = failures.compactMap(\.target.partition)
    guard let first = failures.first, !names.isEmpty else {
      let error = failures.first?.error
      return StepFailure(error.map { "\($0)" } ?? "the download failed", help: error?.help)
    }
    let shown = names.prefix(10).joined(separator: ", ")
    let more = names.count > 10 ? " and \(names.count - 10) more" : ""
    return StepFailure(
      "\(names.count) of \(total) partitions failed: \(shown)\(more); "
        + "\(first.target.partition ?? ""): \(first.error)",
      help: first.error.help, failedPartitions: names)
  }

  /// Files and their rate; bytes where there is only one file.
  private static func describe(_ progress: TransferProgress) -> StepProgress {
    var details = [FetchWording.bytes(Double(progress.bytesPerSecond)) + "/s"]
    if let seconds = progress.secondsLeft, seconds >= 1 {
      details.append("\(FetchWording.time(seconds)) left")
    }
    if progress.filesTotal == 1 {
      return StepProgress(
        completed: Double(progress.bytesInFiles), total: progress.bytesTotal.map { Double($0) },
        unit: "bytes", detail: details.joined(separator: " · "))
    }
    details.insert(FetchWording.bytes(Double(progress.bytesInFiles)), at: 0)
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
