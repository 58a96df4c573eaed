package import Diagnostics
package import JSON

extension Pipeline {
  /// Something the pipeline makes, by one step.
  package struct Asset: Sendable {
    package var name: String
    /// Where its name stands in the pipeline file.
    package var location: SourceLocation
    package var description: String?
    package var group: String?
    package var step: StepSchema
    /// Every parameter that was given or has a default. Sizes are bytes, durations seconds. A secret
    /// is here as written, such as `${env:HF_TOKEN}`.
    package var parameters: [String: JSONValue]
    /// Parameters that don't come from the step's default.
    package var origins: [ParameterOrigin]
    /// In the order of the file.
    package var inputs: [Input]
    package var partitions: Partitions?
    package var checks: [Check]
    package var resources: Resources
    /// Further attempts after a failure.
    package var retries: Int
    /// Seconds; nil for no limit.
    package var timeout: Double?

    package init(
      name: String, location: SourceLocation, description: String? = nil, group: String? = nil,
      step: StepSchema, parameters: [String: JSONValue] = [:], origins: [ParameterOrigin] = [],
      inputs: [Input] = [], partitions: Partitions? = nil, checks: [Check] = [],
      resources: Resources = Resources(), retries: Int = 0, timeout: Double? = nil
    ) {
      self.name = name
      self.location = location
      self.description = description
      self.group = group
      self.step = step
      self.parameters = parameters
      self.origins = origins
      self.inputs = inputs
      self.partitions = partitions
      self.checks = checks
      self.resources = resources
      self.retries = retries
      self.timeout = timeout
    }
  }

  /// Where a parameter's value was given.
  package struct ParameterOrigin: Sendable, Hashable {
    package var parameter: String
    package var origin: ValueOrigin

    package init(
      parameter: String, origin: ValueOrigin
    ) {
      self.parameter = parameter
      self.origin = origin
    }
  }

  /// The last of the layers that gave a value.
  package enum ValueOrigin: Sendable, Hashable {
    case stepDefault
    /// The pipeline file or the profile's.
    case file(SourceLocation)
    /// The text after `--set`.
    case commandLine(String)
  }

  package struct Input: Sendable, Hashable {
    package var name: String
    package var references: [InputReference]
    /// The step takes a list here, or the file gives one.
    package var isList: Bool
    package var location: SourceLocation

    package init(
      name: String, references: [InputReference], isList: Bool, location: SourceLocation
    ) {
      self.name = name
      self.references = references
      self.isList = isList
      self.location = location
    }
  }

  package struct InputReference: Sendable, Hashable {
    package enum Target: Sendable, Hashable {
      case asset(String)
      /// A file, folder or glob (`*`, `?`, `[`), as written: absolute, or relative to the folder of
      /// the pipeline file.
      case path(String)
    }

    package var target: Target
    package var location: SourceLocation
    /// Both assets have the same partitions, one following the other or both a third: each
    /// partition gets the partition of the same value, not the whole folder.
    package var isPartitionByPartition: Bool

    package init(
      target: Target, location: SourceLocation, isPartitionByPartition: Bool
    ) {
      self.target = target
      self.location = location
      self.isPartitionByPartition = isPartitionByPartition
    }
  }

  package struct Partitions: Sendable, Hashable {
    /// Such as `shard`; the step sees `{shard}`.
    package var key: String
    /// In order, each once; a folder name each.
    package var values: [String]
    /// The asset whose partitions these are, when the file says so.
    package var follows: String?
    package var location: SourceLocation

    package init(
      key: String, values: [String], follows: String? = nil, location: SourceLocation
    ) {
      self.key = key
      self.values = values
      self.follows = follows
      self.location = location
    }
  }

  package struct Resources: Sendable, Hashable {
    package enum Cores: Sendable, Hashable {
      case all
      case count(Int)
    }

    /// Nil leaves it to the step.
    package var cpu: Cores?
    /// Bytes the step may use; nil for no limit.
    package var memory: Int?
    /// Whether the step counts as one that waits for the network; nil leaves it to the step.
    package var network: Bool?

    package init(
      cpu: Cores? = nil, memory: Int? = nil, network: Bool? = nil
    ) {
      self.cpu = cpu
      self.memory = memory
      self.network = network
    }
  }

  package struct Check: Sendable {
    package enum Severity: String, Sendable, Hashable, CaseIterable {
      case error, warn
    }

    package var schema: CheckSchema
    /// As `Asset.parameters`, of the check.
    package var parameters: [String: JSONValue]
    package var origins: [ParameterOrigin]
    package var severity: Severity
    package var location: SourceLocation

    package init(
      schema: CheckSchema, parameters: [String: JSONValue] = [:], origins: [ParameterOrigin] = [],
      severity: Severity = .error, location: SourceLocation
    ) {
      self.schema = schema
      self.parameters = parameters
      self.origins = origins
      self.severity = severity
      self.location = location
    }

    /// The check's name for people: `shell` checks may have their own.
    package var title: String {
      guard schema.name == "shell", let name = parameters["name"]?.stringValue else {
        return schema.name
      }
      return "shell: \(name)"
    }

    /// Assets whose results it also looks at.
    package var assets: [String] {
      schema.assetParameters.compactMap { parameters[$0]?.stringValue }
    }

    /// Files and folders outside the pipeline that it also looks at.
    package var files: [String] {
      schema.fileParameters.compactMap { parameters[$0]?.stringValue }
    }
  }
}

extension Pipeline.Asset {
  package func origin(of parameter: String) -> Pipeline.ValueOrigin {
    origins.first { $0.parameter == parameter }?.origin ?? .stepDefault
  }

  /// The parameter's place in the file's terms: `pretrain.with.depth`.
  package func key(of parameter: String) -> String { "\(name).with.\(parameter)" }

  package func references(of input: String) -> [Pipeline.InputReference] {
    inputs.first { $0.name == input }?.references ?? []
  }

  /// Names of environment variables that reach the command and count in its key.
  package var environment: [String] {
    parameters["environment"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  /// Names of the assets among its inputs, each once, in order.
  package var inputAssets: [String] {
    var seen = Set<String>()
    var names: [String] = []
    for input in inputs {
      for reference in input.references {
        if case .asset(let name) = reference.target, seen.insert(name).inserted {
          names.append(name)
        }
      }
    }
    return names
  }
}
