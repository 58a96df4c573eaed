package import JSON

/// JSON Schema (draft-07) of pipeline files and profile files, for editors.
///
/// It accepts everything the loader accepts and refuses most of what the loader refuses: a schema
/// can't follow names from asset to asset, and a parameter that a step requires may be given by a
/// profile, so its absence is no fault of the file.
package enum PipelineJSONSchema {
  package enum Document: String, Sendable, CaseIterable {
    case pipeline, profile
  }

  package static func make(_ catalog: StepCatalog, for document: Document = .pipeline) -> JSONValue
  {
    let types = ParameterJSONSchema()
    var definitions: [String: JSONValue] = [
      "profile": profile,
      "overlay": overlay(catalog, types),
      "checks": checks(catalog, types),
      "partitions": partitions,
      "resources": resources,
      "input": input,
    ]
    var schema: [String: JSONValue] = ["$schema": "http://json-schema.org/draft-07/schema#"]
    switch document {
    case .pipeline:
      definitions["asset"] = asset(catalog)
      for step in catalog.steps {
        definitions["with:\(step.name)"] = with(step, types)
        definitions["inputs:\(step.name)"] = inputs(step)
      }
      schema.merge(pipeline) { $1 }
    case .profile:
      schema["title"] = "nanobuild profile"
      schema["allOf"] = [reference("profile")]
    }
    schema["definitions"] = .object(definitions)
    return .object(schema)
  }

  // MARK: Documents

  private static let pipeline: [String: JSONValue] = [
    "title": "nanobuild pipeline",
    "type": "object",
    "required": ["nanobuild", "assets"],
    "additionalProperties": false,
    "properties": [
      "nanobuild": ["const": 1, "description": "Version of the file format"],
      "name": ["type": "string", "description": "The pipeline's name"],
      "profile": [
        "type": "string", "description": "The profile that is used when --profile is not given",
      ],
      "profiles": [
        "type": "object",
        "description": "Overlays by name: a file, or the same mapping here",
        "propertyNames": namePattern,
        "additionalProperties": [
          "anyOf": [["type": "string", "minLength": 1], reference("profile")]
        ],
      ],
      "assets": [
        "type": "object",
        "description": "What the pipeline makes, by name",
        "propertyNames": namePattern,
        "additionalProperties": reference("asset"),
      ],
    ],
  ]

  private static let profile: JSONValue = [
    "type": ["object", "null"],
    "additionalProperties": false,
    "properties": [
      "nanobuild": ["const": 1],
      "only": [
        "type": "array", "items": ["type": "string"],
        "description": "The assets this profile makes; all when absent",
      ],
      "assets": [
        "type": ["object", "null"],
        "description": "Changes by asset; later wins, key by key",
        "additionalProperties": reference("overlay"),
      ],
    ],
  ]

  private static func asset(_ catalog: StepCatalog) -> JSONValue {
    var properties = settings
    properties["step"] = [
      "description": "The step that makes it",
      "oneOf": .array(
        catalog.steps.map {
          ["const": .string($0.name), "description": .string($0.summary)]
        }),
    ]
    properties["description"] = ["type": ["string", "number", "boolean"]]
    properties["group"] = [
      "type": ["string", "number", "boolean"], "description": "Where `graph` shows it",
    ]
    properties["inputs"] = [
      "type": "object", "description": "Assets, files or globs by the step's names for them",
    ]
    properties["with"] = ["type": ["object", "null"], "description": "The step's parameters"]
    let conditions = catalog.steps.map { step -> JSONValue in
      var consequence: [String: JSONValue] = [
        "properties": [
          "with": reference("with:\(step.name)"), "inputs": reference("inputs:\(step.name)"),
        ]
      ]
      if step.inputs.contains(where: \.isRequired) { consequence["required"] = ["inputs"] }
      return [
        "if": [
          "properties": ["step": ["const": .string(step.name)]], "required": ["step"],
        ],
        "then": .object(consequence),
      ]
    }
    return [
      "type": "object", "required": ["step"], "additionalProperties": false,
      "properties": .object(properties), "allOf": .array(conditions),
    ]
  }

  /// What a profile may say of an asset, whose step it doesn't name: every step's parameters, and
  /// any others when some step takes any.
  private static func overlay(_ catalog: StepCatalog, _ types: ParameterJSONSchema) -> JSONValue {
    var alternatives: [String: [JSONValue]] = [:]
    for parameter in catalog.steps.flatMap(\.parameters) {
      let schema = types.schema(of: parameter, isPartial: true)
      if alternatives[parameter.name]?.contains(schema) != true {
        alternatives[parameter.name, default: []].append(schema)
      }
    }
    var properties = settings
    properties["with"] = [
      "type": ["object", "null"],
      "additionalProperties": .bool(catalog.steps.contains(where: \.acceptsAnyParameter)),
      "properties": .object(
        alternatives.mapValues { $0.count == 1 ? $0[0] : ["anyOf": .array($0)] }),
    ]
    return [
      "type": "object", "additionalProperties": false, "properties": .object(properties),
    ]
  }

  // MARK: Steps

  private static func with(_ step: StepSchema, _ types: ParameterJSONSchema) -> JSONValue {
    [
      "type": ["object", "null"], "additionalProperties": .bool(step.acceptsAnyParameter),
      "description": .string("Parameters of \(step.name): \(step.summary)"),
      "properties": types.properties(step.parameters, isPartial: true),
    ]
  }

  private static func inputs(_ step: StepSchema) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for input in step.inputs {
      properties[input.name] = [
        "description": .string(input.summary),
        "allOf": [
          input.acceptsMany
            ? reference("input") : ["type": ["string", "number", "boolean"]]
        ],
      ]
    }
    return [
      "type": "object", "properties": .object(properties),
      "required": .array(step.inputs.filter(\.isRequired).map { .string($0.name) }),
      "additionalProperties": step.acceptsAnyInput ? reference("input") : false,
    ]
  }

  private static func checks(_ catalog: StepCatalog, _ types: ParameterJSONSchema) -> JSONValue {
    var properties: [String: JSONValue] = ["severity": ["enum": ["error", "warn"]]]
    for check in catalog.checks {
      properties[check.name] = [
        "type": ["object", "null"], "additionalProperties": false,
        "description": .string(check.summary),
        "properties": types.properties(check.parameters, isPartial: true),
      ]
    }
    return [
      "type": "array",
      "items": [
        "anyOf": [
          ["enum": .array(catalog.checks.map { .string($0.name) })],
          [
            "type": "object", "additionalProperties": false,
            "properties": .object(properties), "minProperties": 1, "maxProperties": 2,
          ],
        ]
      ],
    ]
  }

  // MARK: Settings

  private static let settings: [String: JSONValue] = [
    "partitions": reference("partitions"),
    "checks": reference("checks"),
    "resources": reference("resources"),
    "retries": [
      "type": "integer", "minimum": 0, "maximum": .int(SettingsReader.maximumRetries),
      "description": "Further attempts after a failure",
    ],
    "timeout": [
      "description": "Longest time a run may take, such as 30m",
      "allOf": [ParameterJSONSchema.duration],
    ],
  ]

  private static let partitions: JSONValue = [
    "description":
      "A range or list of values under one key, or an asset whose partitions to follow",
    "anyOf": [
      ["type": "string", "minLength": 1],
      [
        "type": "object", "minProperties": 1, "maxProperties": 1,
        "propertyNames": ["pattern": "^[A-Za-z_][A-Za-z0-9_]*$"],
        "additionalProperties": [
          "anyOf": [
            ["type": "string", "pattern": "^[0-9]{1,18}\\.\\.[0-9]{1,18}$"],
            ["type": "array", "minItems": 1, "items": ["type": ["string", "number", "boolean"]]],
          ]
        ],
      ],
    ],
  ]

  private static let resources: JSONValue = [
    "type": "object", "additionalProperties": false,
    "properties": [
      "cpu": [
        "description": "Cores: all, or a number",
        "anyOf": [
          ["const": "all"],
          ["type": "integer", "minimum": 1, "maximum": .int(SettingsReader.maximumCores)],
        ],
      ],
      "memory": [
        "description": "The step is stopped when it uses more", "allOf": [ParameterJSONSchema.size],
      ],
      "network": [
        "type": "boolean", "description": "It waits for the network more than it computes",
      ],
    ],
  ]

  private static let input: JSONValue = [
    "anyOf": [
      ["type": ["string", "number", "boolean"]],
      ["type": "array", "minItems": 1, "items": ["type": ["string", "number", "boolean"]]],
    ]
  ]

  private static let namePattern: JSONValue = ["pattern": "^[^./\\-\\s][^/\\s]*$"]

  private static func reference(_ name: String) -> JSONValue {
    ["$ref": .string("#/definitions/\(name)")]
  }
}
