import ByteCoding
package import JSON

/// What one worker is to do, as the file it is given says.
///
/// Holds everything but secrets: those stay `${env:NAME}` and are looked up by the worker itself.
package struct WorkerRequest: Sendable {
  package enum Kind: String, Sendable {
    case step
    case check
  }

  package var kind: Kind
  /// Name of the step or check.
  package var name: String
  package var asset: String
  package var inputs: [String: [StepInput]]
  package var parameters: [String: JSONValue]
  package var secretParameters: [String]
  /// The folder to fill; for a check a scratch folder.
  package var output: String
  package var partitionKey: String?
  package var partitions: [StepPartition]
  package var projectRoot: String
  package var threads: Int
  package var memoryLimit: Int?
  /// Declared environment variables; a `shell` command sees no others of the user's.
  package var environment: [String]
  /// For a check: the result's folder.
  package var result: String
  /// For a check: the results of other assets by name.
  package var otherResults: [String: String]
  /// The user wants it made anew.
  package var isForced = false
  /// For showing only.
  package var profile = ""
  /// What is known of the assets above, for a step that asks for it.
  package var lineage: [LineageAsset] = []

  /// A step's context, with secrets filled in from `environment`.
  package func stepContext(
    reporter: any StepReporter, environment: [String: String]
  ) throws(BuildError) -> StepContext {
    var context = StepContext(
      step: name, asset: asset, inputs: inputs,
      parameters: try Secrets.resolve(parameters, secret: secretParameters, environment),
      output: output, partitionKey: partitionKey, partitions: partitions, projectRoot: projectRoot,
      threads: threads, memoryLimit: memoryLimit, reporter: reporter)
    context.isForced = isForced
    context.profile = profile
    context.lineage = lineage
    return context
  }

  package var checkContext: CheckContext {
    CheckContext(
      check: name, asset: asset, result: result, parameters: parameters,
      otherResults: otherResults, projectRoot: projectRoot, threads: threads)
  }
}

extension WorkerRequest {
  /// The step that a request file is for; nil where there is no file that says so.
  static func stepName(at path: String) -> String? {
    guard let bytes = try? Disk.read(path), let json = try? JSONParser.parse(bytes),
      let request = WorkerRequest(json: json), request.kind == .step
    else { return nil }
    return request.name
  }
}

/// Parameters whose value, or a part of it, is an environment variable's, filled in at the last moment.
enum Secrets {
  static func resolve(
    _ parameters: [String: JSONValue], secret: [String], _ environment: [String: String]
  ) throws(BuildError) -> [String: JSONValue] {
    var parameters = parameters
    for name in secret {
      guard let value = parameters[name] else { continue }
      parameters[name] = try resolve(value, name, environment)
    }
    return parameters
  }

  /// `path` is where the value stands: `headers.X-Key`.
  private static func resolve(
    _ value: JSONValue, _ path: String, _ environment: [String: String]
  ) throws(BuildError) -> JSONValue {
    switch value {
    case .string(let text):
      guard let variable = VariableReference.name(in: text) else { return value }
      guard let found = environment[variable] else {
        throw .missingSecret(parameter: path, variable: variable)
      }
      return .string(found)
    case .array(var elements):
      for (index, element) in elements.enumerated() {
        elements[index] = try resolve(element, "\(path)[\(index)]", environment)
      }
      return .array(elements)
    case .object(var members):
      // In order, so that of several that are missing always the same is named.
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        members[key] = try resolve(member, "\(path).\(key)", environment)
      }
      return .object(members)
    case .null, .bool, .int, .unsigned, .double: return value
    }
  }
}

// MARK: As JSON

extension WorkerRequest {
  static let formatVersion = 1

  package var json: JSONValue {
    var object: [String: JSONValue] = [
      "format": .int(Self.formatVersion), "kind": .string(kind.rawValue), "name": .string(name),
      "asset": .string(asset), "parameters": .object(parameters),
      "secretParameters": .array(secretParameters.map { .string($0) }), "output": .string(output),
      "projectRoot": .string(projectRoot), "threads": .int(threads),
      "environment": .array(environment.map { .string($0) }), "result": .string(result),
      "otherResults": .object(otherResults.mapValues { .string($0) }),
      "inputs": .object(
        inputs.mapValues { values in
          .array(values.map { ["name": .string($0.name), "path": .string($0.path)] })
        }),
      "partitions": .array(
        partitions.map { ["value": .string($0.value), "output": .string($0.output)] }),
    ]
    if let partitionKey { object["partitionKey"] = .string(partitionKey) }
    if let memoryLimit { object["memoryLimit"] = .int(memoryLimit) }
    if isForced { object["forced"] = true }
    if !profile.isEmpty { object["profile"] = .string(profile) }
    if !lineage.isEmpty { object["lineage"] = .array(lineage.map(\.json)) }
    return .object(object)
  }

  /// Reads a request back; nil when a member is missing or of the wrong type.
  package init?(json: JSONValue) {
    func strings(_ value: JSONValue?) -> [String]? { value?.arrayValue?.compactMap(\.stringValue) }
    guard json["format"]?.intValue == Self.formatVersion,
      let kind = json["kind"]?.stringValue.flatMap(Kind.init(rawValue:)),
      let name = json["name"]?.stringValue, let asset = json["asset"]?.stringValue,
      let parameters = json["parameters"]?.objectValue,
      let secretParameters = strings(json["secretParameters"]),
      let output = json["output"]?.stringValue,
      let projectRoot = json["projectRoot"]?.stringValue, let threads = json["threads"]?.intValue,
      let environment = strings(json["environment"]), let result = json["result"]?.stringValue,
      let otherResults = json["otherResults"]?.objectValue,
      let inputs = json["inputs"]?.objectValue,
      let partitions = json["partitions"]?.arrayValue
    else { return nil }
    self.kind = kind
    self.name = name
    self.asset = asset
    self.parameters = parameters
    self.secretParameters = secretParameters
    self.output = output
    self.projectRoot = projectRoot
    self.threads = threads
    self.environment = environment
    self.result = result
    self.otherResults = otherResults.compactMapValues(\.stringValue)
    self.inputs = inputs.mapValues { values in
      (values.arrayValue ?? []).compactMap { value in
        guard let name = value["name"]?.stringValue, let path = value["path"]?.stringValue else {
          return nil
        }
        return StepInput(name: name, path: path)
      }
    }
    self.partitions = partitions.compactMap { value in
      guard let name = value["value"]?.stringValue, let output = value["output"]?.stringValue else {
        return nil
      }
      return StepPartition(value: name, output: output)
    }
    partitionKey = json["partitionKey"]?.stringValue
    memoryLimit = json["memoryLimit"]?.intValue
    isForced = json["forced"]?.boolValue ?? false
    profile = json["profile"]?.stringValue ?? ""
    lineage = json["lineage"]?.arrayValue?.compactMap { LineageAsset($0) } ?? []
  }
}
