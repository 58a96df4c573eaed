import JSON
import PipelineFile

/// Parameter types in words.
enum SchemaText {
  static func type(_ type: ParameterType) -> String {
    switch type {
    case .boolean: "boolean"
    case .integer(let range): "integer" + bounds(range, lowest: .min, highest: .max)
    case .number(let range):
      "number" + bounds(range, lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
    case .string: "string"
    case .choice(let choices): choices.joined(separator: " | ")
    case .path: "path"
    case .size: "size"
    case .duration: "duration"
    case .list(let element): "list of \(self.type(element))"
    case .record: "mapping"
    case .dictionary(let value): "mapping to \(self.type(value))"
    case .either(let types): types.map(self.type).joined(separator: " or ")
    case .any: "anything"
    }
  }

  /// Fields of a mapping, also of a list's elements, for an indented listing.
  static func fields(of type: ParameterType) -> [ParameterSchema] {
    switch type {
    case .record(let fields): fields
    case .list(let element): fields(of: element)
    case .either(let types): types.flatMap(fields)
    default: []
    }
  }

  private static func bounds<Value: Comparable & CustomStringConvertible>(
    _ range: ClosedRange<Value>, lowest: Value, highest: Value
  ) -> String {
    switch (range.lowerBound > lowest, range.upperBound < highest) {
    case (true, true): " \(range.lowerBound)…\(range.upperBound)"
    case (true, false): " ≥ \(range.lowerBound)"
    case (false, true): " ≤ \(range.upperBound)"
    case (false, false): ""
    }
  }
}

/// The catalog as JSON, for `nanobuild steps --json`.
enum SchemaJSON {
  static func catalog(_ catalog: StepCatalog) -> JSONValue {
    [
      "version": 1, "steps": .array(catalog.steps.map(step)),
      "checks": .array(catalog.checks.map(check)),
    ]
  }

  /// One step or check as a document of its own.
  static func alone(_ value: JSONValue) -> JSONValue {
    var members = value.objectValue ?? [:]
    members["version"] = 1
    return .object(members)
  }

  static func step(_ step: StepSchema) -> JSONValue {
    [
      "name": .string(step.name), "summary": .string(step.summary), "revision": .int(step.revision),
      "produces": .string(step.produces.rawValue),
      "inputs": .array(
        step.inputs.map { input in
          [
            "name": .string(input.name), "summary": .string(input.summary),
            "kinds": .array(input.kinds.map { .string($0.rawValue) }),
            "required": .bool(input.isRequired), "many": .bool(input.acceptsMany),
          ]
        }),
      "parameters": .array(step.parameters.map(parameter)),
      "metrics": .array(
        step.metrics.map { ["name": .string($0.name), "summary": .string($0.summary)] }),
    ]
  }

  static func check(_ check: CheckSchema) -> JSONValue {
    [
      "name": .string(check.name), "summary": .string(check.summary),
      "revision": .int(check.revision),
      "applies_to": .array(check.appliesTo.map { .string($0.rawValue) }),
      "parameters": .array(check.parameters.map(parameter)),
    ]
  }

  private static func parameter(_ parameter: ParameterSchema) -> JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(parameter.name), "summary": .string(parameter.summary),
      "type": .string(SchemaText.type(parameter.type)), "required": .bool(parameter.isRequired),
      "secret": .bool(parameter.isSecret), "affects_result": .bool(parameter.affectsResult),
    ]
    members["default"] = parameter.defaultValue
    let fields = SchemaText.fields(of: parameter.type)
    if !fields.isEmpty { members["fields"] = .array(fields.map(self.parameter)) }
    return .object(members)
  }
}
