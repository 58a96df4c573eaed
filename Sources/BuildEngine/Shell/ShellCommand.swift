package import JSON

/// The command of a `shell` step or check with the surroundings it runs in.
package struct ShellCommand {
  static let name = "shell"
  static let shell = "/bin/sh"

  /// Variables of the user's that every command sees; they don't count in the key.
  static let passedVariables = ["PATH", "HOME", "TMPDIR", "USER", "LOGNAME"]

  /// Bytes of one variable and of all inputs together that every system takes; Linux refuses to start
  /// a program with a variable of 128 KiB or with more than a quarter of the stack's limit in all.
  static let longestVariable = 120 << 10
  static let longestInputs = 1 << 20

  var arguments: [String]
  var environment: [String: String]
  /// A file the command reads in place of variables that would be too long, with its path.
  var inputList: (path: String, bytes: [UInt8])?

  init(_ request: WorkerRequest, environment user: [String: String]) {
    let command = request.parameters["command"]?.stringValue ?? ""
    arguments = ["sh", "-eu", "-c", command]
    environment = [:]
    for name in Self.passedVariables + request.environment {
      environment[name] = user[name]
    }
    environment["PATH"] = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    environment["NB_ROOT"] = request.projectRoot
    for (name, value) in Self.freeParameters(request.parameters) {
      environment["NB_PARAM_" + Self.variable(name)] = Self.text(value)
    }
    switch request.kind {
    case .step:
      environment["NB_OUT"] = request.output
      addInputs(request)
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

  /// What arrives as `NB_PARAM_<key>`: everything beside `command` and `environment`, and what stands in a
  /// mapping called `parameters`.
  package static func freeParameters(
    _ parameters: [String: JSONValue]
  ) -> [(name: String, value: JSONValue)] {
    var free: [(name: String, value: JSONValue)] = []
    for (name, value) in parameters where !["command", "environment"].contains(name) {
      if name == "parameters", case .object(let members) = value {
        free += members.map { ($0.key, $0.value) }
      } else {
        free.append((name, value))
      }
    }
    return free.sorted { $0.name < $1.name }
  }

  /// One variable an input. Where that is more than the system takes, a file of lines with name, tab
  /// and path, named by `NB_INPUTS`; the variables are then not set, so that using one is an error.
  private mutating func addInputs(_ request: WorkerRequest) {
    var variables: [String: String] = [:]
    var total = 0
    var isTooLong = false
    for (name, values) in request.inputs {
      let text = values.map(\.path).joined(separator: "\n")
      let variable = "NB_INPUT_" + Self.variable(name)
      total += variable.utf8.count + text.utf8.count + 10
      if text.utf8.count > Self.longestVariable { isTooLong = true }
      variables[variable] = text
    }
    guard isTooLong || total > Self.longestInputs else {
      environment.merge(variables) { _, own in own }
      return
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    for name in request.inputs.keys.sorted() {
      for value in request.inputs[name] ?? [] {
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "\t"))
        bytes.append(contentsOf: value.path.utf8)
        bytes.append(UInt8(ascii: "\n"))
      }
    }
    let path = request.output + "/../inputs.txt"
    inputList = (path, bytes)
    environment["NB_INPUTS"] = path
  }

  /// A name as the shell allows it: everything but letters, digits and `_` becomes `_`.
  package static func variable(_ name: String) -> String {
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
    case .bool, .int, .unsigned, .double, .object: JSONWriter.text(value)
    }
  }
}
