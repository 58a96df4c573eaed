import Diagnostics
import YAML

/// Reads the keys of an asset that a profile may overlay.
struct SettingsReader {
  let reader: DocumentReader

  static let maximumRetries = 100
  static let maximumCores = 4096

  private var problems: ProblemCollector { reader.problems }

  /// False when `key` is no such key.
  func read(_ key: String, _ value: YAMLNode, into settings: inout AssetSettings) -> Bool {
    switch key {
    case "with":
      if !value.isNull, reader.expect(.mapping, value, "`with`") { settings.parameters = value }
    case "partitions":
      settings.hasPartitions = true
      settings.partitions = PartitionsReader(reader: reader).read(value)
    case "checks": settings.checks = checks(value)
    case "resources": settings.resources = resources(value)
    case "retries":
      settings.retries = integer(value, "`retries`", in: 0...Self.maximumRetries)
    case "timeout":
      if value.kind == .scalar, let seconds = Quantity.seconds(value.text), seconds > 0 {
        settings.timeout = seconds
      } else {
        reader.wrongType("`timeout`", "a duration such as `90s`, `30m` or `2h`", value)
      }
    default: return false
    }
    return true
  }

  private func integer(_ node: YAMLNode, _ name: String, in range: ClosedRange<Int>) -> Int? {
    if node.kind == .scalar, node.isPlain, let value = Quantity.integer(node.text),
      range.contains(value)
    {
      return value
    }
    reader.wrongType(
      name, "a whole number from \(range.lowerBound) to \(range.upperBound)", node)
    return nil
  }

  private func resources(_ node: YAMLNode) -> Pipeline.Resources {
    var resources = Pipeline.Resources()
    guard reader.expect(.mapping, node, "`resources`") else { return resources }
    for (keyNode, value) in node.pairs {
      switch keyNode.text {
      case "cpu":
        if value.kind == .scalar, value.text == "all" {
          resources.cpu = .all
        } else if value.kind == .scalar, let count = Quantity.integer(value.text),
          (1...Self.maximumCores).contains(count)
        {
          resources.cpu = .count(count)
        } else {
          reader.wrongType(
            "`cpu`", "`all` or a whole number from 1 to \(Self.maximumCores)", value)
        }
      case "memory":
        if value.kind == .scalar, let bytes = Quantity.bytes(value.text), bytes > 0 {
          resources.memory = bytes
        } else {
          reader.wrongType("`memory`", "a size such as `512MiB` or `2GiB`", value)
        }
      case "network":
        if case .bool(let flag) = value.scalar {
          resources.network = flag
        } else {
          reader.wrongType("`network`", "`true` or `false`", value)
        }
      case let key:
        reader.unknownKey(key, keyNode, of: "`resources`", known: ["cpu", "memory", "network"])
      }
    }
    return resources
  }

  // MARK: Checks

  private func checks(_ node: YAMLNode) -> [CheckDeclaration] {
    guard reader.expect(.sequence, node, "`checks`") else { return [] }
    return node.elements.compactMap(check)
  }

  private func check(_ node: YAMLNode) -> CheckDeclaration? {
    switch node.kind {
    case .scalar:
      return reader.string(node, "a check").map { CheckDeclaration(name: $0, node: node) }
    case .sequence:
      reader.wrongType("a check", "a name or a mapping", node)
      return nil
    case .mapping: break
    }
    var severity: Pipeline.Check.Severity?
    var named: [(key: YAMLNode, value: YAMLNode)] = []
    for (keyNode, value) in node.pairs {
      guard keyNode.text == "severity" else {
        named.append((keyNode, value))
        continue
      }
      severity = value.kind == .scalar ? Pipeline.Check.Severity(rawValue: value.text) : nil
      if severity == nil { reader.wrongType("`severity`", "`error` or `warn`", value) }
    }
    guard let (key, value) = named.first else {
      problems.report(.checkNamesNothing, at: node.location)
      return nil
    }
    guard named.count == 1 else {
      problems.report(.checkNamesSeveral(named.map(\.key.text)), at: named[1].key)
      return nil
    }
    var check = CheckDeclaration(name: key.text, node: key, severity: severity)
    if !value.isNull {
      guard reader.expect(.mapping, value, "the parameters of `\(key.text)`") else { return nil }
      check.parameters = value
    }
    return check
  }
}
