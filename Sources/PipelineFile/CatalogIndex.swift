import JSON

/// The catalog arranged for 100,000 look-ups.
final class CatalogIndex: Sendable {
  /// Parameters of a step or check by name, with what every use of it begins from.
  final class Parameters: Sendable {
    let schemas: [ParameterSchema]
    let indices: [String: Int]
    /// Completed defaults; shared by all uses until one changes them.
    let defaults: [String: JSONValue]
    let required: [ParameterSchema]
    let acceptsAny: Bool

    init(_ schemas: [ParameterSchema], acceptsAny: Bool = false) {
      self.schemas = schemas
      self.acceptsAny = acceptsAny
      indices = Dictionary(zip(schemas.map(\.name), schemas.indices)) { first, _ in first }
      var defaults: [String: JSONValue] = [:]
      for schema in schemas { defaults[schema.name] = schema.defaultValue }
      self.defaults = defaults
      required = schemas.filter { $0.isRequired && $0.defaultValue == nil }
    }
  }

  final class StepEntry: Sendable {
    let schema: StepSchema
    let owner: String
    let parameters: Parameters
    let inputs: [String: InputSchema]
    let requiredInputs: [InputSchema]

    init(_ schema: StepSchema) {
      self.schema = schema
      owner = "`\(schema.name)`"
      parameters = Parameters(schema.parameters, acceptsAny: schema.acceptsAnyParameter)
      inputs = Dictionary(schema.inputs.map { ($0.name, $0) }) { first, _ in first }
      requiredInputs = schema.inputs.filter(\.isRequired)
    }
  }

  final class CheckEntry: Sendable {
    let schema: CheckSchema
    let parameters: Parameters

    init(_ schema: CheckSchema) {
      self.schema = schema
      parameters = Parameters(schema.parameters)
    }
  }

  let steps: [String: StepEntry]
  let checks: [String: CheckEntry]
  let stepNames: [String]
  let checkNames: [String]

  init(_ catalog: StepCatalog) {
    steps = Dictionary(catalog.steps.map { ($0.name, StepEntry($0)) }) { first, _ in first }
    checks = Dictionary(catalog.checks.map { ($0.name, CheckEntry($0)) }) { first, _ in first }
    stepNames = catalog.steps.map(\.name)
    checkNames = catalog.checks.map(\.name)
  }
}
