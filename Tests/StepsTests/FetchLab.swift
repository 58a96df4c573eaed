import BuildEngine
import JSON
import Steps
import Synchronization
import TestSupport

/// A project folder in which `data.fetch` runs, quick to try again.
struct FetchLab {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder("nanobuild-fetch") }

  func run(
    _ parameters: [String: JSONValue], partitions: [String]? = nil, isForced: Bool = false,
    listener: Listener = Listener()
  ) throws {
    var parameters = parameters
    parameters["retry_delay"] = 0.001
    var context = StepContext(
      step: "data.fetch", asset: "text", inputs: [:], parameters: parameters,
      output: folder.file("out"), partitionKey: partitions == nil ? nil : "shard",
      partitions: (partitions ?? []).map {
        StepPartition(value: $0, output: folder.file("out/\($0)"))
      }, projectRoot: folder.path, threads: 1, memoryLimit: nil, reporter: listener)
    context.isForced = isForced
    try FetchStep().run(context)
  }
}

/// Remembers what a step said.
final class Listener: StepReporter {
  struct Heard {
    var done: [String] = []
    var written: [String: WrittenOutput] = [:]
    var failed: [String: String] = [:]
    var progress: StepProgress?
    var details: Set<String> = []
    var lines: [String] = []
    var measurements: [String: JSONValue] = [:]
    var isCancelled = false
  }

  let heard = Mutex(Heard())
  let cancelsAfter: Int

  init(cancelsAfter: Int = .max) { self.cancelsAfter = cancelsAfter }

  var done: [String] { heard.withLock { $0.done.sorted() } }
  var failed: [String: String] { heard.withLock { $0.failed } }

  var isCancelled: Bool { heard.withLock { $0.done.count >= cancelsAfter } }
  func progress(_ progress: StepProgress) {
    heard.withLock {
      $0.progress = progress
      $0.details.insert(progress.detail)
    }
  }
  func metric(_ name: String, _ value: JSONValue) {}
  func measurement(_ name: String, _ value: JSONValue) {
    heard.withLock { $0.measurements[name] = value }
  }
  func sample(step: Int, _ values: [String: Double]) {}
  func log(_ line: String) { heard.withLock { $0.lines.append(line) } }
  func partitionDone(_ value: String, _ output: WrittenOutput) {
    heard.withLock {
      $0.done.append(value)
      $0.written[value] = output
    }
  }
  func written(_ output: WrittenOutput) { heard.withLock { $0.written[""] = output } }
  func partitionFailed(_ value: String, _ message: String) {
    heard.withLock { $0.failed[value] = message }
  }
}
