package import JSON

/// Something that makes a result from inputs: one of the built-in steps, run in a worker process.
///
/// A step knows its context only: nothing of keys, caches or other steps. It writes its files into
/// `context.output` and returns; everything it leaves there becomes the result.
package protocol Step: Sendable {
  /// Throws `StepFailure` (or any error with a good description) to fail the task, and
  /// `StepInterrupted` after it has saved what a later run can continue from.
  func run(_ context: StepContext) throws
}

/// Something that judges a published result.
package protocol Check: Sendable {
  func run(_ context: CheckContext) throws -> CheckVerdict
}

/// A sentence about a result, with the numbers it rests on.
package struct CheckVerdict: Sendable, Hashable {
  package var passed: Bool
  package var message: String
  package var numbers: [String: JSONValue]

  package init(passed: Bool, message: String, numbers: [String: JSONValue] = [:]) {
    self.passed = passed
    self.message = message
    self.numbers = numbers
  }
}

/// A fault of the step's inputs or surroundings, told to the user as it is.
package struct StepFailure: Error, Sendable, CustomStringConvertible {
  package var message: String
  /// What to do about it, when that is known.
  package var help: String?
  /// Partitions that failed, when the step makes partitions together and the others succeeded.
  package var failedPartitions: [String]

  package var description: String { help.map { "\(message)\nhelp: \($0)" } ?? message }

  package init(_ message: String, help: String? = nil, failedPartitions: [String] = []) {
    self.message = message
    self.help = help
    self.failedPartitions = failedPartitions
  }
}

/// The step stopped at a safe point because it was asked to.
package struct StepInterrupted: Error, Sendable {
  package init() {}
}

/// One value of an input: a file of the user's, or the result of an asset.
package struct StepInput: Sendable, Hashable {
  /// The asset's name, or the path as the pipeline file gives it.
  package var name: String
  /// Absolute path: of a file, or of a result's folder. A partitioned asset is a folder with one
  /// entry a partition.
  package var path: String

  package init(name: String, path: String) {
    self.name = name
    self.path = path
  }
}

/// One partition of an asset that a step is to make.
package struct StepPartition: Sendable, Hashable {
  package var value: String
  /// Where its files go; with `makesPartitionsTogether` the step makes this folder, unless an earlier
  /// attempt did.
  package var output: String

  package init(value: String, output: String) {
    self.value = value
    self.output = output
  }
}

/// What a running step sees.
package struct StepContext: Sendable {
  package var step: String
  package var asset: String
  /// Inputs by the name the step gives them, each with one value or, where the step allows it, many.
  package var inputs: [String: [StepInput]]
  /// Every parameter the step declares, defaults filled in; those not given and without default
  /// are absent. Secrets are here in clear.
  package var parameters: [String: JSONValue]
  /// Absolute path of the staging folder; it may hold what an interrupted attempt left.
  package var output: String
  /// Name of the partitions' key, such as `shard`; nil when the asset has none.
  package var partitionKey: String?
  /// Partitions to make: one, or with `makesPartitionsTogether` all that are stale. Empty when the
  /// asset has no partitions.
  package var partitions: [StepPartition]
  /// The folder of the pipeline file; relative paths in parameters start here.
  package var projectRoot: String
  /// Cores this step may use.
  package var threads: Int
  package var memoryLimit: Int?
  /// The user wants it made anew, and this is the run's first attempt: what another run left is not to be
  /// taken as it is.
  package var isForced = false
  /// For showing only; never part of a key.
  package var profile = ""
  /// The assets above this one, sources first, with what is known of their current results; empty
  /// unless the step's declaration asks for it.
  package var lineage: [LineageAsset] = []
  package var reporter: any StepReporter

  package init(
    step: String, asset: String, inputs: [String: [StepInput]], parameters: [String: JSONValue],
    output: String, partitionKey: String?, partitions: [StepPartition], projectRoot: String,
    threads: Int, memoryLimit: Int?, reporter: any StepReporter
  ) {
    self.step = step
    self.asset = asset
    self.inputs = inputs
    self.parameters = parameters
    self.output = output
    self.partitionKey = partitionKey
    self.partitions = partitions
    self.projectRoot = projectRoot
    self.threads = threads
    self.memoryLimit = memoryLimit
    self.reporter = reporter
  }
}

/// An asset above a step, for reports.
package struct LineageAsset: Sendable, Hashable {
  package struct Judgement: Sendable, Hashable {
    package var name: String
    package var blocks: Bool
    package var verdict: CheckVerdict

    package init(name: String, blocks: Bool, verdict: CheckVerdict) {
      self.name = name
      self.blocks = blocks
      self.verdict = verdict
    }
  }

  package var name: String
  package var step: String
  package var description: String
  /// Assets it reads.
  package var inputs: [String]
  package var parameters: [String: JSONValue]
  package var metrics: [String: JSONValue]
  package var checks: [Judgement]
  /// What the last run of its step took, all partitions together.
  package var seconds: Double?
  package var byteCount: Int?

  package init(
    name: String, step: String, description: String, inputs: [String],
    parameters: [String: JSONValue], metrics: [String: JSONValue], checks: [Judgement],
    seconds: Double?, byteCount: Int?
  ) {
    self.name = name
    self.step = step
    self.description = description
    self.inputs = inputs
    self.parameters = parameters
    self.metrics = metrics
    self.checks = checks
    self.seconds = seconds
    self.byteCount = byteCount
  }
}

/// What a running check sees.
package struct CheckContext: Sendable {
  package var check: String
  package var asset: String
  /// Absolute path of the published result (a folder; of all partitions for a partitioned asset).
  package var result: String
  package var parameters: [String: JSONValue]
  /// Results of the assets that parameters name, by asset name.
  package var otherResults: [String: String]
  package var projectRoot: String
  package var threads: Int

  package init(
    check: String, asset: String, result: String, parameters: [String: JSONValue],
    otherResults: [String: String], projectRoot: String, threads: Int
  ) {
    self.check = check
    self.asset = asset
    self.result = result
    self.parameters = parameters
    self.otherResults = otherResults
    self.projectRoot = projectRoot
    self.threads = threads
  }
}

/// How a step speaks while it runs. Safe to call from any thread, and cheap: reports that come too
/// fast are dropped except the last.
package protocol StepReporter: Sendable {
  /// True once the step should stop at its next safe point.
  var isCancelled: Bool { get }
  func progress(_ progress: StepProgress)
  /// A number of the result, shown by `status`, `show` and `metrics`, and kept with the result.
  /// Must depend on the result only; times and rates go to `measurement`.
  func metric(_ name: String, _ value: JSONValue)
  /// A number of this run (tokens per second, seconds, peak memory), kept with the run.
  func measurement(_ name: String, _ value: JSONValue)
  /// A point of a curve, appended to the run's `metrics.jsonl`.
  func sample(step: Int, _ values: [String: Double])
  /// A line for the log.
  func log(_ line: String)
  /// A partition's files are complete; the engine publishes it soon, at the latest after the next
  /// `progress`. What is known of its files the engine need not read again.
  func partitionDone(_ value: String, _ output: WrittenOutput)
  /// The same of the files of a result without partitions.
  func written(_ output: WrittenOutput)
  func partitionFailed(_ value: String, _ message: String)
}

extension StepReporter {
  package func partitionDone(_ value: String) { partitionDone(value, []) }
}

/// What a step knows of the files in its output.
package struct WrittenOutput: Sendable, Hashable, ExpressibleByArrayLiteral {
  package var files: [WrittenFile]
  /// The step made the folder itself and nothing but these files in it, so that the engine need not
  /// list it.
  package var isWhole: Bool

  package init(_ files: [WrittenFile], isWhole: Bool = false) {
    self.files = files
    self.isWhole = isWhole
  }

  package init(arrayLiteral files: WrittenFile...) { self.init(files) }
}

/// A file in a step's output that the step hashed while it wrote it.
///
/// To state one is to promise that the step wrote every byte itself, that nobody writes to the file
/// any more, and that `stamp` was taken after the last byte. The engine believes it only of a file that
/// is read-only, has one name and still has this stamp, and reads all others.
package struct WrittenFile: Sendable, Hashable {
  /// Relative to the output folder.
  package var path: String
  package var digest: Digest
  package var stamp: FileGuard

  package init(path: String, digest: Digest, stamp: FileGuard) {
    self.path = path
    self.digest = digest
    self.stamp = stamp
  }
}

/// How far a step is.
package struct StepProgress: Sendable, Hashable {
  package var completed: Double
  /// Nil while unknown.
  package var total: Double?
  /// "steps", "bytes", "documents" …
  package var unit: String
  /// Short text for the end of the line: `loss 3.21 · 6,900 tok/s`.
  package var detail: String

  package init(completed: Double, total: Double? = nil, unit: String, detail: String = "") {
    self.completed = completed
    self.total = total
    self.unit = unit
    self.detail = detail
  }
}
