import BuildEngine
import JSON
import PipelineFile

/// What the engine's own `shell` step and check take.
enum ShellSchema {
  static let step = StepSchema(
    name: "shell",
    summary: "Runs a command with `sh -eu` in the folder that becomes the result.",
    parameters: [
      ParameterSchema(
        "command", .string, isRequired: true,
        "sees NB_OUT, NB_INPUT_<name>, NB_PARTITION_<key>, NB_ROOT, and each further parameter as NB_PARAM_<key>"
      ),
      ParameterSchema(
        "environment", .list(of: .string), default: [],
        "variables that pass through and count in the key; all others are removed"),
    ],
    produces: .files, acceptsAnyInput: true, acceptsAnyParameter: true, faults: collisions)

  /// Parameters that the command would see as one variable.
  @Sendable private static func collisions(_ asset: StepDeclaration) -> [StepDeclaration.Fault] {
    let free = ShellCommand.freeParameters(asset.parameters).map(\.name)
    return Dictionary(grouping: free, by: ShellCommand.variable).sorted { $0.key < $1.key }
      .filter { $0.value.count > 1 }.map { variable, names in
        StepDeclaration.Fault(
          [names[1]],
          "\(names.map { "`\($0)`" }.joined(separator: " and ")) would both be `NB_PARAM_\(variable)`",
          help: "name them so that they differ in letters, digits or `_`")
      }
  }

  static let check = CheckSchema(
    name: "shell",
    summary: "Runs a command with NB_RESULT set to the result's folder; status 0 passes.",
    parameters: [
      ParameterSchema("command", .string, isRequired: true, "run with `sh -eu`"),
      ParameterSchema("name", .string, "what to call the check"),
      ParameterSchema(
        "environment", .list(of: .string), default: [], "variables that pass through"),
    ])
}
