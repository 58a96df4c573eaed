import Diagnostics
import YAML

extension ParameterType {
  /// The type in a sentence: "an integer from 1 to 64".
  package var phrase: String {
    switch self {
    case .boolean: "`true` or `false`"
    case .integer(let range):
      "a whole number"
        + Self.limits(
          range.lowerBound == .min ? nil : Wording.number(range.lowerBound),
          range.upperBound == .max ? nil : Wording.number(range.upperBound))
    case .number(let range):
      "a number"
        + Self.limits(
          Self.isUnbounded(range.lowerBound) ? nil : Self.text(range.lowerBound),
          Self.isUnbounded(range.upperBound) ? nil : Self.text(range.upperBound))
    case .string: "text"
    case .choice(let choices): Wording.list(choices)
    case .path: "a path"
    case .size: "a size such as `512`, `64KiB` or `2GiB`"
    case .duration: "a duration such as `30s`, `10m` or `2h`"
    case .list(let element): "a list, each item \(element.phrase)"
    case .record(let fields): "a mapping with \(Wording.list(fields.map(\.name), "and"))"
    case .dictionary(let element): "a mapping, each value \(element.phrase)"
    case .either(let alternatives): alternatives.map(\.phrase).joined(separator: ", or ")
    case .any: "any value"
    }
  }

  private static func limits(_ lower: String?, _ upper: String?) -> String {
    switch (lower, upper) {
    case (nil, nil): ""
    case (let lower?, nil): " of at least \(lower)"
    case (nil, let upper?): " of at most \(upper)"
    case (let lower?, let upper?): " from \(lower) to \(upper)"
    }
  }

  private static func isUnbounded(_ bound: Double) -> Bool {
    bound.isInfinite || abs(bound) == .greatestFiniteMagnitude
  }

  /// Whole numbers without a point.
  private static func text(_ value: Double) -> String {
    if let whole = Int(exactly: value), abs(whole) < 1_000_000_000_000 {
      return Wording.number(whole)
    }
    return "\(value)"
  }

  /// Whether values of this type are written as nodes of that kind.
  func isWritten(as kind: YAMLNode.Kind) -> Bool {
    switch self {
    case .boolean, .integer, .number, .string, .choice, .path, .size, .duration: kind == .scalar
    case .list: kind == .sequence
    case .record, .dictionary: kind == .mapping
    case .either(let alternatives): alternatives.contains { $0.isWritten(as: kind) }
    case .any: true
    }
  }
}
