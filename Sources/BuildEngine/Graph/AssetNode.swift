package import JSON

/// One asset as the engine sees it: a step, what it reads, and how its result is judged.
package struct AssetNode: Sendable {
  package var name: String
  package var step: String
  package var stepRevision: Int
  /// The resolved parameters that can change the result's bytes: part of the key.
  package var keyParameters: [String: JSONValue]
  /// Everything the worker gets. A string of the form `${env:NAME}` in a parameter listed in
  /// `secretParameters` is replaced in the worker.
  package var parameters: [String: JSONValue]
  package var secretParameters: [String]
  /// Key parameters that may be a mapping from partitions to values.
  package var partitionParameters: [String] = []
  /// Where a parameter's value was written, such as `pipeline.yaml:14:7`, for `explain`.
  package var origins: [String: String]
  /// By the name the step gives them, in any order.
  package var inputs: [AssetInput]
  package var partitions: PartitionSet?
  package var checks: [CheckNode]
  package var resources: TaskResources
  package var retries: Int
  /// Seconds for one attempt.
  package var timeout: Double?
  /// Environment variables that the step sees and that count in the key.
  package var environment: [String]
  /// One worker makes all stale partitions.
  package var makesPartitionsTogether: Bool
  /// The step continues from what an interrupted or failed attempt left in its staging folder;
  /// otherwise it always starts in an empty one.
  package var isResumable: Bool
  /// The step is told what is known of every asset above it. Never part of the key.
  package var wantsLineage = false
  package var description: String
  package var group: String

  package init(
    name: String, step: String, stepRevision: Int = 1, keyParameters: [String: JSONValue] = [:],
    parameters: [String: JSONValue]? = nil, secretParameters: [String] = [],
    origins: [String: String] = [:], inputs: [AssetInput] = [], partitions: PartitionSet? = nil,
    checks: [CheckNode] = [], resources: TaskResources = TaskResources(), retries: Int = 0,
    timeout: Double? = nil, environment: [String] = [], makesPartitionsTogether: Bool = false,
    isResumable: Bool = false, description: String = "", group: String = ""
  ) {
    self.name = name
    self.step = step
    self.stepRevision = stepRevision
    self.keyParameters = keyParameters
    self.parameters = parameters ?? keyParameters
    self.secretParameters = secretParameters
    self.origins = origins
    self.inputs = inputs
    self.partitions = partitions
    self.checks = checks
    self.resources = resources
    self.retries = retries
    self.timeout = timeout
    self.environment = environment
    self.makesPartitionsTogether = makesPartitionsTogether
    self.isResumable = isResumable
    self.description = description
    self.group = group
  }
}

/// One input of a step with the places its content comes from, in the order of the pipeline file.
package struct AssetInput: Sendable, Hashable {
  package var name: String
  package var sources: [InputSource]

  /// Its paths that are no assets.
  var paths: [String] {
    sources.compactMap { if case .path(let path) = $0 { path } else { nil } }
  }

  package init(_ name: String, _ sources: [InputSource]) {
    self.name = name
    self.sources = sources
  }
}

package enum InputSource: Sendable, Hashable {
  case asset(String)
  /// A file, a folder or a glob (`*`, `?`, `[…]`, `**`), absolute or below the project's folder.
  case path(String)
}

/// The partitions of an asset: one cache entry each.
package struct PartitionSet: Sendable, Hashable {
  /// What the values stand for, such as `shard`.
  package var key: String
  package var values: [String]
  /// The asset whose partitions these are: each of ours then reads only the like-named one of it.
  package var followed: String?

  package init(key: String, values: [String], followed: String? = nil) {
    self.key = key
    self.values = values
    self.followed = followed
  }
}

/// A check on an asset's result.
package struct CheckNode: Sendable, Hashable {
  package enum Severity: String, Sendable, Hashable, CaseIterable {
    /// Blocks everything downstream and fails the run.
    case error
    case warn
  }

  package var name: String
  package var revision: Int
  package var parameters: [String: JSONValue]
  package var severity: Severity
  /// Assets that its parameters name; their results are part of the verdict's key.
  package var otherAssets: [String]
  /// Files and folders that its parameters name; their content is part of the verdict's key.
  package var files: [String]
  package var environment: [String]

  package init(
    name: String, revision: Int = 1, parameters: [String: JSONValue] = [:],
    severity: Severity = .error, otherAssets: [String] = [], files: [String] = [],
    environment: [String] = []
  ) {
    self.name = name
    self.revision = revision
    self.parameters = parameters
    self.severity = severity
    self.otherAssets = otherAssets
    self.files = files
    self.environment = environment
  }

  /// What people call it: an asset may have several `shell` checks, each with a name of its own.
  package var title: String {
    guard name == ShellCommand.name, let own = parameters["name"]?.stringValue else { return name }
    return "\(name): \(own)"
  }
}

/// What a task needs of the machine while it runs. Never part of a key.
package struct TaskResources: Sendable, Hashable {
  package enum Cores: Sendable, Hashable {
    case all
    case count(Int)
  }

  package var cores: Cores
  /// Bytes; the task is stopped when it holds more.
  package var memory: Int?
  /// Waits for the network more than it computes: runs beside computing tasks.
  package var isNetworkBound: Bool

  package init(cores: Cores = .count(1), memory: Int? = nil, isNetworkBound: Bool = false) {
    self.cores = cores
    self.memory = memory
    self.isNetworkBound = isNetworkBound
  }
}
