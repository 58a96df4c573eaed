import BuildEngine
import JSON

/// Typed access to a step's parameters, which validation has already checked against its schema.
///
/// A value of another type can only come from a step whose schema and code disagree; it is reported
/// as a failure of the step rather than trapped.
struct ParameterReader {
  let values: [String: JSONValue]
  let owner: String

  init(_ values: [String: JSONValue], owner: String) {
    self.values = values
    self.owner = owner
  }

  init(_ context: StepContext) {
    self.init(context.parameters, owner: context.step)
  }

  func optionalInt(_ name: String) throws(StepFailure) -> Int? {
    try optional(name, "an integer") { $0.intValue }
  }

  func int(_ name: String) throws(StepFailure) -> Int {
    try required(name, optionalInt(name))
  }

  func optionalDouble(_ name: String) throws(StepFailure) -> Double? {
    try optional(name, "a number") { $0.doubleValue }
  }

  func double(_ name: String) throws(StepFailure) -> Double {
    try required(name, optionalDouble(name))
  }

  func optionalString(_ name: String) throws(StepFailure) -> String? {
    try optional(name, "a string") { $0.stringValue }
  }

  func string(_ name: String) throws(StepFailure) -> String {
    try required(name, optionalString(name))
  }

  func bool(_ name: String) throws(StepFailure) -> Bool {
    try required(name, try optional(name, "a boolean") { $0.boolValue })
  }

  func array(_ name: String) throws(StepFailure) -> [JSONValue] {
    try optional(name, "a list") { $0.arrayValue } ?? []
  }

  private func optional<Value>(
    _ name: String, _ expected: String, _ read: (JSONValue) -> Value?
  ) throws(StepFailure) -> Value? {
    guard let value = values[name], !value.isNull else { return nil }
    guard let typed = read(value) else {
      throw StepFailure(
        "parameter `\(name)` of `\(owner)` is \(value.kindDescription), not \(expected)")
    }
    return typed
  }

  private func required<Value>(_ name: String, _ value: Value?) throws(StepFailure) -> Value {
    guard let value else { throw StepFailure("parameter `\(name)` of `\(owner)` is missing") }
    return value
  }
}

extension StepContext {
  /// The one value of an input that the step's schema requires.
  func input(_ name: String) throws(StepFailure) -> StepInput {
    guard let input = inputs[name]?.first else {
      throw StepFailure("`\(asset)` has no input `\(name)`")
    }
    return input
  }
}
