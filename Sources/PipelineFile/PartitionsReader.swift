import Diagnostics
import YAML

/// How many partitions the assets of one file may still have, so that a short file can't ask for more
/// memory than there is.
final class PartitionBudget {
  static let limit = 2_000_000
  var left = PartitionBudget.limit
}

/// Reads `partitions: {shard: 00000..00003}`, a list of values, or the name of an asset to follow.
struct PartitionsReader {
  static let limit = 1_000_000

  let reader: DocumentReader

  private var problems: ProblemCollector { reader.problems }

  func read(_ node: YAMLNode) -> PartitionsDeclaration? {
    switch node.kind {
    case .scalar where !node.isNull: return .follows(node.text, node)
    case .scalar, .sequence:
      reader.wrongType(
        "`partitions`", "a mapping or an asset's name", node,
        help: "for example `{shard: 00000..00003}`")
      return nil
    case .mapping: break
    }
    guard let (keyNode, value) = node.pairs.first else {
      problems.report(.noPartitions, at: node)
      return nil
    }
    guard node.count == 1 else {
      problems.report(.severalPartitionKeys, at: node.pairs[1].key)
      return nil
    }
    let key = keyNode.text
    guard NameRule.isVariableName(key) else {
      problems.report(
        .badName(kind: "a partition key", name: key, rule: "use letters, digits and `_`"),
        at: keyNode)
      return nil
    }
    guard let values = values(value, key) else { return nil }
    reader.partitionBudget.left -= values.count
    return .values(key: key, values, keyNode)
  }

  /// Whether there may be `count` more in this file.
  private func isAffordable(_ count: Int, at node: YAMLNode) -> Bool {
    if count <= reader.partitionBudget.left { return true }
    problems.report(.tooManyPartitionsInFile(limit: PartitionBudget.limit), at: node)
    return false
  }

  private func values(_ node: YAMLNode, _ key: String) -> [String]? {
    switch node.kind {
    case .scalar where node.text.contains(".."): return range(node, limit: Self.limit)
    case .sequence: return list(node)
    case .scalar, .mapping:
      reader.wrongType("`\(key)`", "a range such as `00000..00003` or a list", node)
      return nil
    }
  }

  private func list(_ node: YAMLNode) -> [String]? {
    var values: [String] = []
    var seen = Set<String>()
    for element in node.elements {
      var added: [String]
      if element.kind == .scalar, element.isPlain, element.text.contains("..") {
        guard let range = range(element, limit: Self.limit - values.count) else { return nil }
        added = range
      } else {
        guard let value = reader.string(element, "a partition") else { return nil }
        added = [value]
        if let rule = NameRule.faultOfFileName(value) {
          problems.report(.badPartitionValue(value, rule: rule), at: element)
          return nil
        }
      }
      for value in added where !seen.insert(value).inserted {
        problems.report(.repeatedPartition(value), at: element)
        return nil
      }
      values += added
      if values.count > Self.limit {
        problems.report(.tooManyPartitions(limit: Self.limit), at: element)
        return nil
      }
      guard isAffordable(values.count, at: element) else { return nil }
    }
    if values.isEmpty {
      problems.report(.noPartitions, at: node)
      return nil
    }
    return values
  }

  /// `00000..00003`: both ends belong to it; with a leading zero numbers are padded to the width of
  /// the first.
  private func range(_ node: YAMLNode, limit: Int) -> [String]? {
    let text = node.text
    func refuse(_ reason: String) -> [String]? {
      problems.report(.badRange(text, reason: reason), at: node)
      return nil
    }
    let ends = splitRange(text)
    guard let ends, let first = Int(ends.0), let last = Int(ends.1) else {
      return refuse("both ends must be whole numbers")
    }
    guard first <= last else { return refuse("it ends before it begins") }
    guard last - first < limit else {
      problems.report(.tooManyPartitions(limit: Self.limit), at: node)
      return nil
    }
    guard isAffordable(last - first + 1, at: node) else { return nil }
    let width = ends.0.utf8.first == UInt8(ascii: "0") ? ends.0.utf8.count : 0
    return (first...last).map { number in
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
  }

  /// The digits before and after `..`; at most 18, so that they fit a number.
  private func splitRange(_ text: String) -> (String, String)? {
    let bytes = Array(text.utf8)
    guard let point = bytes.firstIndex(of: UInt8(ascii: ".")), point + 1 < bytes.count,
      bytes[point + 1] == UInt8(ascii: ".")
    else { return nil }
    let (left, right) = (bytes[..<point], bytes[(point + 2)...])
    for part in [left, right] {
      guard (1...18).contains(part.count), part.allSatisfy(NameRule.isDigit) else { return nil }
    }
    return (String(decoding: left, as: UTF8.self), String(decoding: right, as: UTF8.self))
  }
}
