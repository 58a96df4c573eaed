package import BuildEngine
import Glibc
package import JSON
import LanguageModel
package import PipelineFile

/// Estimates a plan asset by asset, inputs before users, carrying sizes and model shapes along.
package struct PipelineEstimator {
  /// What is known of one asset.
  package struct Known: Sendable {
    /// Partitions to make; for an asset without partitions 0 or 1.
    package var stale: Int
    package var total: Int
    /// Bytes of the results in force, all partitions together.
    package var currentBytes: Int
    /// Numbers of the result in force.
    package var metrics: [String: JSONValue]
    /// The newest runs of this asset.
    package var history: [TaskRecord]
    /// Identifiers of past runs of the profile that is planned.
    package var runsOfProfile: Set<String>
    package var memoryLimit: Int?
    /// Names of the stale partitions.
    package var stalePartitions: [String]

    package init(
      stale: Int, total: Int, currentBytes: Int, metrics: [String: JSONValue],
      history: [TaskRecord], runsOfProfile: Set<String> = [], memoryLimit: Int?,
      stalePartitions: [String]
    ) {
      self.stale = stale
      self.total = total
      self.currentBytes = currentBytes
      self.metrics = metrics
      self.history = history
      self.runsOfProfile = runsOfProfile
      self.memoryLimit = memoryLimit
      self.stalePartitions = stalePartitions
    }
  }

  let pipeline: Pipeline
  let root: String
  let cores: Int
  /// Measured only when a training has to be estimated.
  private let measureSpeed: () -> MachineSpeed?
  package private(set) var speed: MachineSpeed?
  private var hasAskedForSpeed = false

  /// Bytes of each asset once it is made, where that can be told.
  var sizes: [String: Double] = [:]
  var tokens: [String: Double] = [:]
  var shapes: [String: GPTConfiguration] = [:]
  var vocabularies: [String: Int] = [:]

  /// Bytes a second of a single core; from this program's own benchmarks, rounded down.
  enum Rate {
    static let copying = 400e6
    static let download = 20e6
    static let tokenizerTraining = 12e6
    static let encoding = 12e6
    static let conversations = 15e6
  }

  /// Text that zstd or snappy packed into a byte of parquet, and bytes of text in a token.
  static let parquetExpansion = 2.5
  static let bytesPerToken = 4.2

  package init(
    pipeline: Pipeline, root: String, cores: Int, measureSpeed: @escaping () -> MachineSpeed?
  ) {
    self.pipeline = pipeline
    self.root = root
    self.cores = max(1, cores)
    self.measureSpeed = measureSpeed
  }

  /// Estimates for assets with something to do, in the order they are made. `known` holds every
  /// asset of the plan.
  package mutating func estimate(_ known: [String: Known]) -> [WorkEstimate] {
    var estimates: [WorkEstimate] = []
    for index in pipeline.order {
      let asset = pipeline.assets[index]
      let facts = known[asset.name]
      learn(asset, facts)
      guard let facts, facts.stale > 0 else { continue }
      estimates.append(estimate(asset, facts))
    }
    return estimates
  }

  private mutating func estimate(_ asset: Pipeline.Asset, _ known: Known) -> WorkEstimate {
    var estimate = WorkEstimate(asset: asset.name)
    let share = known.total > 0 ? Double(known.stale) / Double(known.total) : 1
    estimate.disk = sizes[asset.name].map { Self.int($0 * share) }
    switch asset.step.name {
    case "data.fetch": fetch(asset, known, &estimate)
    case "tokenizer.train":
      let limit = asset.parameters["max_chars"]?.doubleValue ?? .infinity
      set(&estimate, bytes: min(limit, text(asset, "text")), rate: Rate.tokenizerTraining, cores)
      // Pieces and their counts; the limit is a parameter of the step.
      let table = Double(asset.parameters["max_memory"]?.intValue ?? 2 << 30)
      estimate.memory = Self.int(min(table, 60e6 + text(asset, "text") / 6))
    case "tokenizer.encode":
      set(&estimate, bytes: text(asset, "text") * share, rate: Rate.encoding, 1)
      estimate.secondsOnEightCores = estimate.seconds.map { $0 / Double(min(8, known.stale)) }
      estimate.seconds = estimate.seconds.map { $0 / Double(min(cores, known.stale)) }
      let one = text(asset, "text") / Double(max(1, known.total))
      estimate.memory = Self.int(100e6 + one / 2)
    case "data.conversations":
      let bytes = asset.inputs.reduce(0) { $0 + text(asset, $1.name) }
      let written = sizes[asset.name] ?? 0
      set(&estimate, bytes: max(bytes, written), rate: Rate.conversations, 1)
      estimate.memory = Self.int(50e6 + bytes + conversationMemory(asset))
    case "train.base", "train.mid", "train.sft": train(asset, known, &estimate)
    case "eval.loss": evaluateLoss(asset, &estimate)
    case "report", "export.hf", "tokenizer.import":
      let bytes = asset.inputs.reduce(0) { $0 + source(asset, $1.name) }
      set(&estimate, bytes: bytes, rate: Rate.copying, 1)
    default: break
    }
    useHistory(asset, known, &estimate)
    if let limit = known.memoryLimit, let memory = estimate.memory, memory > limit {
      estimate.warnings.append("it needs more memory than `resources` allows")
    }
    return estimate
  }

  private func set(_ estimate: inout WorkEstimate, bytes: Double, rate: Double, _ cores: Int) {
    guard bytes > 0 else { return }
    estimate.basis = .assumed
    estimate.seconds = bytes / rate / Double(cores)
    estimate.secondsOnEightCores = bytes / rate / Double(cores > 1 ? 8 : 1)
  }

  // MARK: Past runs

  /// A run of the same amount of work tells more than any formula.
  private func useHistory(
    _ asset: Pipeline.Asset, _ known: Known, _ estimate: inout WorkEstimate
  ) {
    let runs = known.history.filter { $0.outcome == "ran" && $0.step == asset.step.name }
    let fitting: [TaskRecord]
    if let training = estimate.training {
      fitting = runs.filter { run in
        guard let tokens = run.metrics["tokens"]?.doubleValue,
          let parameters = run.metrics["parameters"]?.doubleValue, tokens > 0, parameters > 0
        else { return false }
        let ratio = training.tokens * Double(training.parameters) / (tokens * parameters)
        return ratio > 0.25 && ratio < 4
      }
    } else {
      fitting = runs.filter { isOfSimilarSize($0, asset, known, estimate) }
    }
    guard !fitting.isEmpty else { return }
    let newest = Array(fitting.prefix(9))
    var seconds = Self.median(newest.map(\.seconds))
    if let training = estimate.training {
      seconds = Self.median(
        newest.map { run in
          let tokens = run.metrics["tokens"]?.doubleValue ?? 1
          let parameters = run.metrics["parameters"]?.doubleValue ?? 1
          return run.seconds * training.tokens * Double(training.parameters) / (tokens * parameters)
        })
    }
    let scale = estimate.seconds.flatMap { computed in
      estimate.secondsOnEightCores.map { computed > 0 ? $0 / computed : 1 }
    }
    // Of partitions made together, each is recorded with the time of all.
    if known.total > 1, !asset.step.makesPartitionsTogether {
      seconds = seconds * Double(known.stale) / Double(min(cores, known.stale))
    }
    estimate.basis = .history(newest.count)
    estimate.seconds = seconds
    estimate.secondsOnEightCores =
      seconds * (scale ?? (asset.step.usesAllCores ? min(1, Double(cores) / 8) : 1))
    let peaks = newest.compactMap { $0.numbers[ProcessMeasurement.peakMemory]?.doubleValue }
    if let peak = peaks.max() { estimate.memory = Self.int(peak) }
  }

  /// Judged by what it read, else by what it wrote; where neither tells, runs of the same profile
  /// count.
  private func isOfSimilarSize(
    _ run: TaskRecord, _ asset: Pipeline.Asset, _ known: Known, _ estimate: WorkEstimate
  ) -> Bool {
    func isNear(_ wanted: Double, _ bytes: Int64) -> Bool? {
      guard wanted > 0, bytes > 0 else { return nil }
      let ratio = wanted / Double(bytes)
      return ratio > 0.25 && ratio < 4
    }
    // Their work depends on parameters more than on sizes.
    let isByParameters = ["train.", "eval.", "shell"].contains { asset.step.name.hasPrefix($0) }
    if isByParameters { return known.runsOfProfile.contains(run.run) }
    let tasks = Double(max(1, asset.step.name == "tokenizer.encode" ? known.total : 1))
    if let answer = isNear(inputBytes(asset) / tasks, run.inputBytes) { return answer }
    let written = Double(estimate.disk ?? 0) / Double(max(1, known.stale))
    if let answer = isNear(written, run.outputBytes) { return answer }
    return known.runsOfProfile.contains(run.run)
  }

  static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }

  // MARK: Helpers

  mutating func machineSpeed() -> MachineSpeed? {
    if !hasAskedForSpeed {
      hasAskedForSpeed = true
      speed = measureSpeed()
    }
    return speed
  }

  /// Bytes behind an input, as they lie on the disk.
  func source(_ asset: Pipeline.Asset, _ input: String) -> Double {
    asset.references(of: input).reduce(0) { sum, reference in
      switch reference.target {
      case .asset(let name): sum + (sizes[name] ?? 0)
      case .path(let path): sum + Double(Self.fileSize(path, root: root) ?? 0)
      }
    }
  }

  /// Bytes of text behind an input: parquet is packed.
  func text(_ asset: Pipeline.Asset, _ input: String) -> Double {
    asset.references(of: input).reduce(0) { sum, reference in
      switch reference.target {
      case .asset(let name):
        return sum + (sizes[name] ?? 0) * (isParquet(name) ? Self.parquetExpansion : 1)
      case .path(let path):
        let bytes = Double(Self.fileSize(path, root: root) ?? 0)
        return sum + bytes * (path.contains(".parquet") ? Self.parquetExpansion : 1)
      }
    }
  }

  private func isParquet(_ asset: String) -> Bool {
    let parameters = pipeline[asset]?.parameters ?? [:]
    return parameters["url"]?.stringValue?.contains("parquet") ?? false
  }

  /// 0 when the size of any of them is unknown.
  private func inputBytes(_ asset: Pipeline.Asset) -> Double {
    var sum = 0.0
    for input in asset.inputs {
      for reference in input.references {
        if case .asset(let name) = reference.target, sizes[name] == nil { return 0 }
      }
      sum += source(asset, input.name)
    }
    return sum
  }

  static func fileSize(_ path: String, root: String) -> Int? {
    var status = stat()
    guard stat(path.hasPrefix("/") ? path : root + "/" + path, &status) == 0,
      status.st_mode & S_IFMT == S_IFREG
    else { return nil }
    return Int(status.st_size)
  }

  static func int(_ value: Double) -> Int {
    value.isFinite ? Int(max(0, min(value, 9e18))) : 0
  }
}
