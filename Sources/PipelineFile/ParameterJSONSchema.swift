import JSON

/// JSON Schema of parameters, as editors see YAML: what a YAML 1.1 reader takes for a number may be
/// text to us, and the other way round, so both forms are allowed where they mean the same.
struct ParameterJSONSchema {
  static let size: JSONValue = [
    "anyOf": [
      ["type": "integer", "minimum": 0],
      [
        "type": "string",
        "pattern": "^[0-9][0-9_]*(\\.[0-9]+)? ?([kKmMgGtT][iI]?)?[bB]?$",
      ],
    ]
  ]
  static let duration: JSONValue = [
    "anyOf": [
      ["type": "number", "minimum": 0],
      ["type": "string", "pattern": "^[0-9][0-9_]*(\\.[0-9]+)? ?(ms|s|m|h|d)?$"],
    ]
  ]

  /// Properties of a mapping with these keys; `isPartial` when a profile may add keys to it.
  func properties(_ parameters: [ParameterSchema], isPartial: Bool) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for parameter in parameters {
      properties[parameter.name] = schema(of: parameter, isPartial: isPartial)
    }
    return .object(properties)
  }

  /// The schema of one parameter, which may be `null` for "the default again".
  func schema(of parameter: ParameterSchema, isPartial: Bool) -> JSONValue {
    var schema: [String: JSONValue] = ["description": .string(parameter.summary)]
    if let value = parameter.defaultValue, !parameter.isSecret { schema["default"] = value }
    schema["anyOf"] = [self.schema(of: parameter.type, isPartial: isPartial), ["type": "null"]]
    return .object(schema)
  }

  func schema(of type: ParameterType, isPartial: Bool) -> JSONValue {
    switch type {
    case .boolean: return ["type": "boolean"]
    case .integer(let range): return integer(range)
    case .number(let range): return number(range)
    case .string, .path: return ["type": ["string", "number", "boolean"]]
    case .choice(let choices):
      // Choices such as `16` are numbers to a YAML reader.
      let numbers = choices.compactMap { Int($0).map { JSONValue.int($0) } }
      return ["enum": .array(choices.map { .string($0) } + numbers)]
    case .size: return Self.size
    case .duration: return Self.duration
    case .list(let element):
      return ["type": "array", "items": schema(of: element, isPartial: false)]
    case .dictionary(let element):
      return ["type": "object", "additionalProperties": schema(of: element, isPartial: false)]
    case .record(let fields):
      var schema: [String: JSONValue] = [
        "type": "object", "additionalProperties": false,
        "properties": properties(fields, isPartial: isPartial),
      ]
      let required = fields.filter { $0.isRequired && $0.defaultValue == nil }
      if !isPartial, !required.isEmpty {
        schema["required"] = .array(required.map { .string($0.name) })
      }
      return .object(schema)
    case .either(let alternatives):
      return ["anyOf": .array(alternatives.map { schema(of: $0, isPartial: false) })]
    case .any: return true
    }
  }

  private func integer(_ range: ClosedRange<Int>) -> JSONValue {
    var schema: [String: JSONValue] = ["type": "integer"]
    if range.lowerBound > .min { schema["minimum"] = .int(range.lowerBound) }
    if range.upperBound < .max { schema["maximum"] = .int(range.upperBound) }
    return [
      "anyOf": [
        .object(schema), ["type": "string", "pattern": "^[-+]?[0-9]+(_[0-9]+)+$"],
      ]
    ]
  }

  private func number(_ range: ClosedRange<Double>) -> JSONValue {
    var schema: [String: JSONValue] = ["type": "number"]
    if range.lowerBound > -.greatestFiniteMagnitude {
      schema["minimum"] = .double(range.lowerBound)
    }
    if range.upperBound < .greatestFiniteMagnitude { schema["maximum"] = .double(range.upperBound) }
    return [
      "anyOf": [
        .object(schema),
        [
          "type": "string",
          "pattern": "^[-+]?([0-9][0-9_]*\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?$",
        ],
      ]
    ]
  }
}
