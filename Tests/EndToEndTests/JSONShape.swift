import JSON

/// The shape of a JSON value: names of members and kinds of values, without the values.
///
/// `name?: string` is a member that some elements lack. Objects whose names are data, such as
/// metrics, are `{*: number}`.
indirect enum JSONShape: Hashable, CustomStringConvertible {
  case kinds(Set<String>)
  case array(JSONShape)
  case object([String: JSONShape], optional: Set<String>)
  case map(JSONShape)

  /// Members whose value has names that are data.
  private static let maps: Set<String> = [
    "metrics", "numbers", "measurements", "parameters", "inputs", "values",
  ]

  init(_ value: JSONValue) {
    switch value {
    case .null: self = .kinds(["null"])
    case .bool: self = .kinds(["boolean"])
    case .int, .unsigned, .double: self = .kinds(["number"])
    case .string: self = .kinds(["string"])
    case .array(let values): self = .array(Self.union(values.map { JSONShape($0) }))
    case .object(let members):
      var shapes: [String: JSONShape] = [:]
      for (name, member) in members {
        guard Self.maps.contains(name), let inner = member.objectValue else {
          shapes[name] = JSONShape(member)
          continue
        }
        shapes[name] = .map(Self.union(inner.values.map { JSONShape($0) }))
      }
      self = .object(shapes, optional: [])
    }
  }

  /// A shape that all of them have.
  static func union(_ shapes: [JSONShape]) -> JSONShape {
    shapes.dropFirst().reduce(shapes.first ?? .kinds([])) { $0.merged($1) }
  }

  private func merged(_ other: JSONShape) -> JSONShape {
    switch (self, other) {
    case (.kinds(let left), .kinds(let right)): return .kinds(left.union(right))
    case (.array(let left), .array(let right)): return .array(left.merged(right))
    case (.map(let left), .map(let right)): return .map(left.merged(right))
    case (.object(let left, let leftOptional), .object(let right, let rightOptional)):
      let all = left.merging(right) { $0.merged($1) }
      let some = all.keys.filter { left[$0] == nil || right[$0] == nil }
      return .object(all, optional: leftOptional.union(rightOptional).union(some))
    case (.kinds(let none), let shape) where none.isEmpty: return shape
    case (let shape, .kinds(let none)) where none.isEmpty: return shape
    default: return .kinds(alternatives.union(other.alternatives))
    }
  }

  private var alternatives: Set<String> {
    if case .kinds(let kinds) = self { kinds } else { ["\(self)"] }
  }

  var description: String {
    switch self {
    case .kinds(let kinds): kinds.isEmpty ? "" : kinds.sorted().joined(separator: " | ")
    case .array(let element): "[\(element)]"
    case .map(let value): "{*: \(value)}"
    case .object(let members, let optional):
      "{"
        + members.keys.sorted().map { name in
          "\(name)\(optional.contains(name) ? "?" : ""): \(members[name].map { "\($0)" } ?? "")"
        }.joined(separator: ", ") + "}"
    }
  }

  /// Every name of a member in it.
  var names: Set<String> {
    switch self {
    case .kinds: []
    case .array(let shape), .map(let shape): shape.names
    case .object(let members, _):
      members.reduce(into: []) { $0.formUnion($1.value.names.union([$1.key])) }
    }
  }
}
