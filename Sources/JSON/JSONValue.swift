/// A JSON document in memory.
///
/// Integers that fit 64 bits with a sign stay integers; every other number that is parsed is a
/// `Double`. The order of an
/// object's members is not kept: `JSONWriter` sorts them, so equal values have equal text.
package enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  /// An integer above `Int.max`, from data that has such; the parser makes none.
  case unsigned(UInt64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

// MARK: Literals

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .int(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }
}

// MARK: Shortening

extension JSONValue {
  /// As much of this value, from its beginning, as the first `count` characters of its text need.
  package func beginning(_ count: Int) -> JSONValue {
    var left = count
    return beginning(&left)
  }

  /// Every value counts as one character at least.
  private func beginning(_ left: inout Int) -> JSONValue {
    left -= 1
    switch self {
    case .null, .bool, .int, .unsigned, .double: return self
    case .string(let text):
      let cut = String(text.unicodeScalars.prefix(max(left, 0)))
      left -= cut.unicodeScalars.count
      return .string(cut)
    case .array(let elements):
      var kept: [JSONValue] = []
      for element in elements where left > 0 { kept.append(element.beginning(&left)) }
      return .array(kept)
    case .object(let members):
      var kept: [String: JSONValue] = [:]
      for (name, value) in JSONWriter.sorted(members) where left > 0 {
        left -= name.unicodeScalars.count
        kept[name] = value.beginning(&left)
      }
      return .object(kept)
    }
  }
}

// MARK: Reading

extension JSONValue {
  package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  package var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var objectValue: [String: JSONValue]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// An integer, also when it is written as a whole `Double` such as `3.0`.
  package var intValue: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  package var doubleValue: Double? {
    switch self {
    case .int(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  package var isNull: Bool { self == .null }

  /// The member called `key`, or nil when this is no object or has no such member.
  package subscript(key: String) -> JSONValue? { objectValue?[key] }

  /// "a string", "an object" …, for messages.
  package var kindDescription: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .int, .unsigned: "an integer"
    case .double: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
