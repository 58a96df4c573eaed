import Diagnostics
import JSON

/// Lays layers of values over each other and completes them with defaults.
struct ParameterCompleter {
  let problems: ProblemCollector
  /// `step `train.base`` or `check `…``, for messages.
  let owner: String
  /// Where a missing parameter is reported.
  let location: SourceLocation
  let width: Int
  /// Where a missing parameter would stand: "under `with`".
  let place: String

  /// `upper` over `lower`: records are laid over each other key by key, all else is replaced. A
  /// written `null` takes away what is below it.
  static func overlay(_ upper: JSONValue, on lower: JSONValue?, _ type: ParameterType) -> JSONValue
  {
    guard case .record(let fields) = type, case .object(let above) = upper,
      case .object(var members) = lower
    else { return upper }
    for (key, value) in above {
      let field = fields.first { $0.name == key }
      members[key] = overlay(value, on: members[key], field?.type ?? .any)
    }
    return .object(members)
  }

  /// The value with the defaults of all records in it, whose missing keys are reported.
  func complete(_ value: JSONValue, _ type: ParameterType, name: String) -> JSONValue {
    switch (type, value) {
    case (.record(let fields), .object(var members)):
      for field in fields {
        let path = "\(name).\(field.name)"
        if let member = members[field.name], member != .null || field.type.isAny {
          members[field.name] = complete(member, field.type, name: path)
        } else if let value = field.defaultValue {
          members[field.name] = complete(value, field.type, name: path)
        } else {
          members[field.name] = nil
          if field.isRequired { missing(path, field.type) }
        }
      }
      return .object(members)
    case (.list(let element), .array(let values)) where element.holdsRecords:
      return .array(
        values.enumerated().map { complete($1, element, name: "\(name)[\($0)]") })
    case (.dictionary(let element), .object(let members)) where element.holdsRecords:
      var completed = members
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        completed[key] = complete(member, element, name: "\(name).\(key)")
      }
      return .object(completed)
    case (.either(let alternatives), _):
      let fitting = alternatives.first { $0.accepts(value) }
      return fitting.map { complete(value, $0, name: name) } ?? value
    default: return value
    }
  }

  func missing(_ name: String, _ type: ParameterType) {
    problems.report(
      .missingParameter(name, of: owner, expected: type.phrase, place: place), at: location,
      width: width)
  }
}

extension ParameterType {
  fileprivate var isAny: Bool { if case .any = self { true } else { false } }

  /// Whether values may have keys that need completing.
  var holdsRecords: Bool {
    switch self {
    case .record: true
    case .list(let element), .dictionary(let element): element.holdsRecords
    case .either(let alternatives): alternatives.contains { $0.holdsRecords }
    case .boolean, .integer, .number, .string, .choice, .path, .size, .duration, .any: false
    }
  }

  /// Whether a value that passed the reader was read as this type, by its outer shape.
  fileprivate func accepts(_ value: JSONValue) -> Bool {
    switch (self, value) {
    case (.record(let fields), .object(let members)):
      members.keys.allSatisfy { key in fields.contains { $0.name == key } }
    case (.dictionary, .object), (.list, .array), (.any, _): true
    case (.either(let alternatives), _): alternatives.contains { $0.accepts(value) }
    case (.boolean, .bool), (.integer, .int), (.size, .int): true
    case (.number, .double), (.duration, .double): true
    case (.string, .string), (.path, .string), (.choice, .string): true
    default: false
    }
  }
}
