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
    produces: .files, acceptsAnyInput: true, acceptsAnyParameter: true)

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
