import JSON

extension LineageAsset {
  var json: JSONValue {
    var object: [String: JSONValue] = [
      "name": .string(name), "step": .string(step), "description": .string(description),
      "inputs": .array(inputs.map { .string($0) }), "parameters": .object(parameters),
      "metrics": .object(metrics),
      "checks": .array(
        checks.map { check in
          [
            "name": .string(check.name), "blocks": .bool(check.blocks),
            "passed": .bool(check.verdict.passed), "message": .string(check.verdict.message),
            "numbers": .object(check.verdict.numbers),
          ]
        }),
    ]
    object["seconds"] = seconds.map { .double($0) }
    object["bytes"] = byteCount.map { .int($0) }
    return .object(object)
  }

  /// Reads it back; nil without a name.
  init?(_ json: JSONValue) {
    guard let name = json["name"]?.stringValue else { return nil }
    self.init(
      name: name, step: json["step"]?.stringValue ?? "",
      description: json["description"]?.stringValue ?? "",
      inputs: json["inputs"]?.arrayValue?.compactMap(\.stringValue) ?? [],
      parameters: json["parameters"]?.objectValue ?? [:],
      metrics: json["metrics"]?.objectValue ?? [:],
      checks: (json["checks"]?.arrayValue ?? []).compactMap { check in
        guard let name = check["name"]?.stringValue else { return nil }
        return Judgement(
          name: name, blocks: check["blocks"]?.boolValue ?? true,
          verdict: CheckVerdict(
            passed: check["passed"]?.boolValue ?? false,
            message: check["message"]?.stringValue ?? "",
            numbers: check["numbers"]?.objectValue ?? [:]))
      },
      seconds: json["seconds"]?.doubleValue, byteCount: json["bytes"]?.intValue)
  }
}
