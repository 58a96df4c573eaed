import JSON

/// The command of a `shell` step or check with the surroundings it runs in.
struct ShellCommand {
  static let name = "shell"
  static let shell = "/bin/sh"

  /// Variables of the user's that every command sees; they don't count in the key.
  static let passedVariables = ["PATH", "HOME", "TMPDIR", "USER", "LOGNAME"]

  var arguments: [String]
  var environment: [String: String]

  init(_ request: WorkerRequest, environment user: [String: String]) {
    let command = request.parameters["command"]?.stringValue ?? ""
    arguments = ["sh", "-eu", "-c", command]
    environment = [:]
    for name in Self.passedVariables + request.environment {
      environment[name] = user[name]
    }
    environment["PATH"] = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    environment["NB_ROOT"] = request.projectRoot
    var parameters = request.parameters["parameters"]?.objectValue ?? [:]
    for (name, value) in request.parameters
    where !["command", "environment", "parameters"].contains(name) {
      parameters[name] = value
    }
    for (name, value) in parameters {
      environment["NB_PARAM_" + Self.variable(name)] = Self.text(value)
    }
    switch request.kind {
    case .step:
      environment["NB_OUT"] = request.output
      for (name, values) in request.inputs {
        environment["NB_INPUT_" + Self.variable(name)] =
          values.map(\.path).joined(separator: "\n")
      }
      if let key = request.partitionKey {
        environment["NB_PARTITION_" + Self.variable(key)] =
          request.partitions.map(\.value).joined(separator: "\n")
      }
    case .check:
      environment["NB_RESULT"] = request.result
      for (name, path) in request.otherResults {
        environment["NB_RESULT_" + Self.variable(name)] = path
      }
    }
  }

  /// A name as the shell allows it: everything but letters, digits and `_` becomes `_`.
  static func variable(_ name: String) -> String {
    String(
      name.unicodeScalars.map { scalar in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": Character(scalar)
        default: "_"
        }
      })
  }

  /// A string as it is, a list one element a line, everything else as JSON.
  static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text
    case .array(let values): values.map(text).joined(separator: "\n")
    case .null: ""
    case .bool, .int, .double, .object: JSONWriter.text(value)
    }
  }
}
