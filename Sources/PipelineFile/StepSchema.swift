package import JSON

/// What a step declares of itself: the one description that validation, the JSON Schema,
/// `nanobuild steps` and the documentation are made from.
package struct StepSchema: Sendable {
  package var name: String
  package var summary: String
  /// Part of every key: raise it when the same inputs would now give other bytes.
  package var revision: Int
  package var inputs: [InputSchema]
  package var parameters: [ParameterSchema]
  package var produces: ArtifactKind
  /// Names of the numbers the step reports, with a sentence each.
  package var metrics: [NamedSummary]
  /// One worker process makes all stale partitions of an asset together (downloads share connections).
  package var makesPartitionsTogether: Bool
  /// It continues from what an interrupted attempt left in its folder, instead of starting anew.
  package var isResumable: Bool
  /// Parameters that may be a mapping from partitions to values; each partition counts its own.
  package var partitionParameters: [String]
  /// The step uses every core it is given; otherwise one.
  package var usesAllCores: Bool
  /// The step waits for the network more than it computes, so it may run beside a computing step.
  package var isNetworkBound: Bool
  /// Any input name is allowed, not only those in `inputs` (`shell`).
  package var acceptsAnyInput: Bool
  /// Any further parameter is allowed, unless its name looks like a misspelling (`shell`).
  package var acceptsAnyParameter: Bool
  /// The step is told what is known of every asset above it (`report`).
  package var wantsLineage: Bool
  /// Looks at an asset as a whole for what types and ranges can't say.
  package var faults: @Sendable (StepDeclaration) -> [StepDeclaration.Fault]

  package init(
    name: String, summary: String, revision: Int = 1, inputs: [InputSchema] = [],
    parameters: [ParameterSchema] = [], produces: ArtifactKind, metrics: [NamedSummary] = [],
    makesPartitionsTogether: Bool = false, isResumable: Bool = false,
    partitionParameters: [String] = [], usesAllCores: Bool = false, isNetworkBound: Bool = false,
    acceptsAnyInput: Bool = false, acceptsAnyParameter: Bool = false, wantsLineage: Bool = false,
    faults: @escaping @Sendable (StepDeclaration) -> [StepDeclaration.Fault] = { _ in [] }
  ) {
    self.name = name
    self.summary = summary
    self.revision = revision
    self.inputs = inputs
    self.parameters = parameters
    self.produces = produces
    self.metrics = metrics
    self.makesPartitionsTogether = makesPartitionsTogether
    self.isResumable = isResumable
    self.partitionParameters = partitionParameters
    self.usesAllCores = usesAllCores
    self.isNetworkBound = isNetworkBound
    self.acceptsAnyInput = acceptsAnyInput
    self.acceptsAnyParameter = acceptsAnyParameter
    self.wantsLineage = wantsLineage
    self.faults = faults
  }
}

/// What a check declares of itself. Its parameters stand beside its name in the file:
/// `- tokenizer.compression: {min_bytes_per_token: 3.0}`.
package struct CheckSchema: Sendable {
  package var name: String
  package var summary: String
  package var revision: Int
  /// Kinds of results it can look at; empty for any.
  package var appliesTo: [ArtifactKind]
  package var parameters: [ParameterSchema]
  /// Names of parameters that hold an asset's name; the check then depends on that asset's result.
  package var assetParameters: [String]
  /// Names of parameters that hold a path; the check then depends on what is there.
  package var fileParameters: [String]

  package init(
    name: String, summary: String, revision: Int = 1, appliesTo: [ArtifactKind] = [],
    parameters: [ParameterSchema] = [], assetParameters: [String] = [],
    fileParameters: [String] = []
  ) {
    self.name = name
    self.summary = summary
    self.revision = revision
    self.appliesTo = appliesTo
    self.parameters = parameters
    self.assetParameters = assetParameters
    self.fileParameters = fileParameters
  }
}

/// The steps and checks a pipeline file may name.
package struct StepCatalog: Sendable {
  package var steps: [StepSchema]
  package var checks: [CheckSchema]

  package init(steps: [StepSchema], checks: [CheckSchema]) {
    self.steps = steps
    self.checks = checks
  }

  package func step(named name: String) -> StepSchema? { steps.first { $0.name == name } }
  package func check(named name: String) -> CheckSchema? { checks.first { $0.name == name } }
}

package struct NamedSummary: Sendable, Hashable {
  package var name: String
  package var summary: String

  package init(_ name: String, _ summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// What a result holds, so that an asset can't be handed to a step that can't read it.
package enum ArtifactKind: String, Sendable, Hashable, CaseIterable {
  case files, conversations, tokenizer, tokens, checkpoint, metrics, report
}

package struct InputSchema: Sendable {
  package var name: String
  package var summary: String
  /// Kinds it accepts; empty for any. A file or glob outside the pipeline counts as `files`;
  /// a result of a `shell` step fits every input.
  package var kinds: [ArtifactKind]
  package var isRequired: Bool
  /// The file may give a list of assets, files or globs.
  package var acceptsMany: Bool

  package init(
    _ name: String, _ summary: String, kinds: [ArtifactKind] = [], isRequired: Bool = true,
    acceptsMany: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.kinds = kinds
    self.isRequired = isRequired
    self.acceptsMany = acceptsMany
  }
}

package struct ParameterSchema: Sendable {
  package var name: String
  package var summary: String
  package var type: ParameterType
  /// Used when the file gives none; nil means "not given", unless `isRequired`.
  package var defaultValue: JSONValue?
  package var isRequired: Bool
  /// Its value may be `${env:NAME}`; it is never hashed, printed or stored.
  package var isSecret: Bool
  /// False for a parameter that can't change the bytes of the result (parallelism, log intervals):
  /// it stays out of the key.
  package var affectsResult: Bool
  /// Of a parameter that affects the result, the values that stay out of the key all the same.
  package var unkeyedValues: [JSONValue]

  package init(
    _ name: String, _ type: ParameterType, default defaultValue: JSONValue? = nil,
    isRequired: Bool = false, isSecret: Bool = false, affectsResult: Bool = true,
    unkeyedValues: [JSONValue] = [], _ summary: String
  ) {
    self.name = name
    self.summary = summary
    self.type = type
    self.defaultValue = defaultValue
    self.isRequired = isRequired
    self.isSecret = isSecret
    self.affectsResult = affectsResult
    self.unkeyedValues = unkeyedValues
  }
}

/// The type of a parameter as written in YAML; in `JSONValue` form after resolution.
package indirect enum ParameterType: Sendable {
  case boolean
  /// `.int`; digit groups with `_` are allowed in YAML.
  case integer(ClosedRange<Int>)
  /// `.double`.
  case number(ClosedRange<Double>)
  case string
  case choice([String])
  /// A path below the project folder, or absolute; resolved by the step against the project root.
  /// The file's content does not enter the key (inputs do that).
  case path
  /// `512`, `64KiB`, `2GiB`, `1.5GB` → `.int` bytes.
  case size
  /// `30`, `30s`, `10m`, `2h`, `1d` → `.double` seconds.
  case duration
  case list(of: ParameterType)
  /// A mapping with these keys.
  case record([ParameterSchema])
  /// A mapping from any name to values of one type.
  case dictionary(of: ParameterType)
  /// The first alternative that fits.
  case either([ParameterType])
  case any
}
