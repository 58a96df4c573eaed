import BuildEngine
import JSON
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A project folder with a cache and toy steps, made for one test and removed after it.
final class EngineLab: Sendable {
  let root: String
  let toys = Toys()

  init(name: String = "lab") throws {
    var template = Array("/tmp/nanobuild-\(name)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw LabError("mkdtemp failed") }
    root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? Disk.removeTree(root) }

  var cache: String { root + "/cache" }
  var layout: CacheLayout { CacheLayout(root: cache) }

  // MARK: Files

  /// Writes a file whose stamp is old enough to be trusted, so that tests need not wait.
  func write(_ path: String, _ text: String, settled: Bool = true) throws {
    let full = root + "/" + path
    try Disk.makeFolders(String(full[..<(full.lastIndex(of: "/") ?? full.endIndex)]))
    let file = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw LabError("cannot write \(full)") }
    let bytes = Array(text.utf8)
    _ = Glibc.write(file, bytes, bytes.count)
    close(file)
    if settled { usleep(25_000) }
  }

  func read(_ path: String) throws -> String {
    String(decoding: try Disk.read(path.hasPrefix("/") ? path : root + "/" + path), as: UTF8.self)
  }

  func remove(_ path: String) throws { try Disk.removeTree(root + "/" + path) }

  // MARK: Engine

  func engine(
    _ assets: [AssetNode], profile: String = "quick", environment: [String: String] = [:]
  ) throws -> Engine {
    var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
    variables.merge(environment) { $1 }
    return try Engine(
      graph: try BuildGraph(assets: assets),
      configuration: EngineConfiguration(
        projectRoot: root, cacheRoot: cache, profile: profile, environment: variables, cores: 2))
  }

  @discardableResult
  func run(
    _ assets: [AssetNode], profile: String = "quick", environment: [String: String] = [:],
    _ options: RunOptions = RunOptions()
  ) throws -> Report {
    var options = options
    options.limits.retryDelay = 0.01
    options.limits.graceTime = 0.3
    options.limits.memoryInterval = 0.02
    options.limits.lockInterval = 0.01
    let report = Report()
    toys.resetRuns()
    let engine = try engine(assets, profile: profile, environment: environment)
    report.summary = try engine.run(options, launcher: toys.launcher) { report.events.append($0) }
    report.executed = toys.runs
    return report
  }

  func plan(
    _ assets: [AssetNode], profile: String = "quick", environment: [String: String] = [:]
  ) throws -> Plan {
    try engine(assets, profile: profile, environment: environment).plan()
  }

  /// The text of the one file of the current result.
  func text(_ asset: String, partition: String? = nil, profile: String = "quick") throws -> String {
    let folder = layout.current(profile: profile, asset: asset, partition: partition)
    return try read(folder + "/text")
  }
}

struct LabError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// What a run did.
final class Report {
  var summary = RunSummary()
  var events: [BuildEvent] = []
  /// Tasks whose step really ran, in order.
  var executed: [String] = []

  var failures: [String: TaskFailure] {
    var found: [String: TaskFailure] = [:]
    for case .finished(let task, .failed(let failure), _) in events {
      found[task.description] = failure
    }
    return found
  }

  var outcomes: [String: TaskOutcome] {
    var found: [String: TaskOutcome] = [:]
    for case .finished(let task, let outcome, _) in events { found[task.description] = outcome }
    return found
  }

  var reasons: [String: [StaleReason]] {
    var found: [String: [StaleReason]] = [:]
    for case .started(let tasks, _, let reasons, _, _) in events {
      for task in tasks { found[task.description] = reasons }
    }
    return found
  }
}

/// Steps whose behaviour a test can set.
final class Toys: Sendable {
  private struct State {
    var runs: [String] = []
    var steps: [String: ToyStep] = [:]
    var checks: [String: ToyCheck] = [:]
  }

  private let state = Mutex(State())

  init() {
    define("join") { context in try Self.join(context) }
    define("constant") { context in try Self.put("constant", context) }
  }

  var runs: [String] { state.withLock { $0.runs } }
  func resetRuns() { state.withLock { $0.runs = [] } }
  func noteRun(_ name: String) { state.withLock { $0.runs.append(name) } }

  func define(_ name: String, _ body: @escaping @Sendable (StepContext) throws -> Void) {
    let step = ToyStep(toys: self, body: body)
    state.withLock { $0.steps[name] = step }
  }

  func defineCheck(
    _ name: String, _ body: @escaping @Sendable (CheckContext) throws -> CheckVerdict
  ) {
    let check = ToyCheck(toys: self, body: body)
    state.withLock { $0.checks[name] = check }
  }

  var launcher: ThreadLauncher {
    ThreadLauncher(
      steps: { [self] name in state.withLock { $0.steps[name] } },
      checks: { [self] name in state.withLock { $0.checks[name] } })
  }

  // MARK: Bodies

  /// Everything a step can see of its inputs and parameters, in one text.
  static func join(_ context: StepContext) throws {
    var text = ""
    for (name, value) in context.parameters.sorted(by: { $0.key < $1.key }) {
      text += "\(name)=\(JSONWriter.text(value))\n"
    }
    for (name, values) in context.inputs.sorted(by: { $0.key < $1.key }) {
      for value in values { text += try "\(name):\(contents(value.path))\n" }
    }
    try put(text, context)
  }

  static func put(_ text: String, _ context: StepContext) throws {
    if context.partitions.isEmpty {
      try Disk.writeWhole(Array(text.utf8), to: context.output + "/text")
    }
    for partition in context.partitions {
      try Disk.writeWhole(
        Array("\(partition.value) \(text)".utf8), to: partition.output + "/text")
    }
  }

  static func contents(_ path: String) throws -> String {
    guard Disk.status(path)?.kind == .folder else {
      return String(decoding: try Disk.read(path), as: UTF8.self)
    }
    return try Disk.names(in: path).map { "\($0){\(try contents(path + "/" + $0))}" }.joined()
  }
}

struct ToyStep: Step {
  unowned let toys: Toys
  let body: @Sendable (StepContext) throws -> Void

  func run(_ context: StepContext) throws {
    if context.partitions.isEmpty { toys.noteRun(context.asset) }
    for partition in context.partitions { toys.noteRun("\(context.asset)[\(partition.value)]") }
    try body(context)
  }
}

struct ToyCheck: Check {
  unowned let toys: Toys
  let body: @Sendable (CheckContext) throws -> CheckVerdict

  func run(_ context: CheckContext) throws -> CheckVerdict {
    toys.noteRun("check \(context.check) of \(context.asset)")
    return try body(context)
  }
}

// MARK: Assets in one line

/// A task of the toy step `join`.
func join(
  _ name: String, _ inputs: [String: InputSource] = [:], _ parameters: [String: JSONValue] = [:],
  checks: [CheckNode] = [], partitions: PartitionSet? = nil, revision: Int = 1
) -> AssetNode {
  AssetNode(
    name: name, step: "join", stepRevision: revision, keyParameters: parameters,
    inputs: inputs.sorted { $0.key < $1.key }.map { AssetInput($0.key, [$0.value]) },
    partitions: partitions, checks: checks)
}

func shell(
  _ name: String, _ command: String, _ inputs: [String: InputSource] = [:],
  environment: [String] = []
) -> AssetNode {
  AssetNode(
    name: name, step: "shell", keyParameters: ["command": .string(command)],
    inputs: inputs.sorted { $0.key < $1.key }.map { AssetInput($0.key, [$0.value]) },
    environment: environment)
}

func usleepMilliseconds(_ count: UInt32) -> Int32 { usleep(count * 1_000) }
