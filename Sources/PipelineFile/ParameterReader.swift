import ByteCoding
import Diagnostics
import JSON
import YAML

/// Reads values of parameters against their types. What it returns is checked but not complete:
/// keys of a record that the file leaves out are filled in by `ParameterCompleter`, after the layers
/// have been laid over each other.
struct ParameterReader {
  let problems: ProblemCollector
  /// `step `train.base`` or `check `…``, for messages.
  let owner: String
  let isSecret: Bool

  /// The value, or nil after reporting why there is none. `.null` for a written `null`: take the
  /// default again.
  func read(_ node: YAMLNode, as schema: ParameterSchema) -> JSONValue? {
    if case .any = schema.type {} else if node.isNull, !node.text.isEmpty { return .null }
    return read(node, as: schema.type, name: schema.name)
  }

  func read(_ node: YAMLNode, as type: ParameterType, name: String) -> JSONValue? {
    switch type {
    case .list(let element):
      guard node.kind == .sequence else { return refuse(node, type, name) }
      return list(node, name) { read($0, as: element, name: $1) }
    case .record(let fields):
      guard node.kind == .mapping else { return refuse(node, type, name) }
      return record(node, fields, name)
    case .dictionary(let element):
      guard node.kind == .mapping else { return refuse(node, type, name) }
      var members: [String: JSONValue] = [:]
      for (keyNode, value) in node.pairs {
        let key = keyNode.text
        guard let member = read(value, as: element, name: "\(name).\(key)") else { continue }
        members[key] = member
      }
      return members.count == node.count ? .object(members) : nil
    case .either(let alternatives): return either(node, alternatives, type, name)
    case .any: return any(node, name)
    case .boolean, .integer, .number, .string, .choice, .path, .size, .duration:
      guard node.kind == .scalar, let value = scalar(node, type) else {
        return refuse(node, type, name)
      }
      if case .string(let text) = value, !checkSecret(text, node, name) { return nil }
      return value
    }
  }

  // MARK: Scalars

  private func scalar(_ node: YAMLNode, _ type: ParameterType) -> JSONValue? {
    let text = node.text
    switch type {
    case .boolean:
      guard case .bool(let value) = node.scalar else { return nil }
      return .bool(value)
    case .integer(let range):
      guard node.isPlain, let value = integer(text), range.contains(value) else { return nil }
      return .int(value)
    case .number(let range):
      guard node.isPlain, let value = number(text), value.isFinite, range.contains(value) else {
        return nil
      }
      return .double(value)
    case .string: return node.isNull ? nil : .string(text)
    case .path: return node.isNull || text.isEmpty ? nil : .string(text)
    case .choice(let choices): return choices.contains(text) ? .string(text) : nil
    case .size: return Quantity.bytes(text).map { .int($0) }
    case .duration: return Quantity.seconds(text).map { .double($0) }
    case .list, .record, .dictionary, .either, .any: return nil
    }
  }

  private func integer(_ text: String) -> Int? {
    if let value = Quantity.integer(text) { return value }
    guard case .int(let value) = YAMLScalar(plain: text) else { return nil }
    return value
  }

  private func number(_ text: String) -> Double? {
    if let value = Quantity.integer(text) { return Double(value) }
    switch YAMLScalar(plain: text) {
    case .int(let value): return Double(value)
    case .double(let value): return value
    case .null, .bool, .string: return nil
    }
  }

  private func checkSecret(_ text: String, _ node: YAMLNode, _ name: String) -> Bool {
    guard isSecret else {
      guard SecretReference.stands(in: text) else { return true }
      problems.report(.secretElsewhere(parameter: name), at: node)
      return false
    }
    if VariableReference.name(in: text) != nil { return true }
    if text.contains("${") {
      problems.report(.badSecretReference(parameter: name), at: node)
      return false
    }
    if !text.isEmpty { problems.report(.secretInClear(parameter: name), at: node) }
    return true
  }

  // MARK: Collections

  private func list(
    _ node: YAMLNode, _ name: String, _ read: (YAMLNode, String) -> JSONValue?
  ) -> JSONValue? {
    var values: [JSONValue] = []
    values.reserveCapacity(node.count)
    for (index, element) in node.elements.enumerated() {
      if let value = read(element, "\(name)[\(index)]") { values.append(value) }
    }
    return values.count == node.count ? .array(values) : nil
  }

  private func record(_ node: YAMLNode, _ fields: [ParameterSchema], _ name: String) -> JSONValue? {
    var members: [String: JSONValue] = [:]
    var isRight = true
    for (keyNode, value) in node.pairs {
      let key = keyNode.text
      guard let field = fields.first(where: { $0.name == key }) else {
        let known = fields.map(\.name)
        problems.report(
          .unknownKey(
            key, of: "`\(name)`", nearest: problems.nearest(to: key, among: known), known: known),
          at: keyNode)
        isRight = false
        continue
      }
      let reader = ParameterReader(
        problems: problems, owner: owner, isSecret: isSecret || field.isSecret)
      let isUnset = value.isNull && !value.text.isEmpty
      if let member = isUnset ? .null : reader.read(value, as: field.type, name: "\(name).\(key)") {
        members[key] = member
      } else {
        isRight = false
      }
    }
    return isRight ? .object(members) : nil
  }

  private func either(
    _ node: YAMLNode, _ alternatives: [ParameterType], _ type: ParameterType, _ name: String
  ) -> JSONValue? {
    for alternative in alternatives {
      let attempt = ParameterReader(problems: ProblemCollector(), owner: owner, isSecret: isSecret)
      guard let value = attempt.read(node, as: alternative, name: name),
        !attempt.problems.hasErrors
      else { continue }
      // Again for the warnings.
      return read(node, as: alternative, name: name) ?? value
    }
    // Of a wrong list or mapping, say what is wrong inside when only one alternative is meant.
    let fitting = alternatives.filter { $0.isWritten(as: node.kind) }
    if fitting.count == 1, node.kind != .scalar || alternatives.count == 1 {
      return read(node, as: fitting[0], name: name)
    }
    return refuse(node, type, name)
  }

  /// Numbers stay as they are written, so that a command sees `3.10` and `00010`; within a mapping,
  /// which reaches it as JSON, they are numbers.
  private func any(_ node: YAMLNode, _ name: String, inMapping: Bool = false) -> JSONValue? {
    switch node.kind {
    case .sequence: return list(node, name) { any($0, $1, inMapping: inMapping) }
    case .mapping:
      var members: [String: JSONValue] = [:]
      for (key, value) in node.pairs {
        members[key.text] = any(value, "\(name).\(key.text)", inMapping: true)
      }
      return members.count == node.count ? .object(members) : nil
    case .scalar:
      switch node.scalar ?? .null {
      case .null: return .null
      case .bool(let value): return .bool(value)
      case .int where !inMapping, .double where !inMapping: return .string(node.text)
      case .int(let value): return .int(value)
      case .double(let value):
        guard value.isFinite else { return refuse(node, .number(-.infinity ... .infinity), name) }
        return .double(value)
      case .string(let text): return checkSecret(text, node, name) ? .string(text) : nil
      }
    }
  }

  private func refuse(_ node: YAMLNode, _ type: ParameterType, _ name: String) -> JSONValue? {
    problems.report(
      .wrongType(
        name: "`\(name)` of \(owner)", expected: type.phrase,
        found: isSecret && node.kind == .scalar ? "another value" : Found.describe(node),
        help: help(node, type)),
      at: node)
    return nil
  }

  private func help(_ node: YAMLNode, _ type: ParameterType) -> String? {
    guard node.kind == .scalar else { return nil }
    let text = node.text
    switch type {
    case .choice(let choices):
      return problems.nearest(to: text, among: choices).map { "did you mean `\($0)`?" }
    case .boolean:
      switch text.lowercased() {
      case "yes", "on", "true": return "write `true`"
      case "no", "off", "false": return "write `false`"
      default: return nil
      }
    case .integer:
      guard let value = number(text) else { return nil }
      if !node.isPlain { return "remove the quotes" }
      guard Quantity.integer(text) == nil else { return nil }
      return Int(exactly: value).map { "write `\($0)`" }
    case .number: return !node.isPlain && number(text) != nil ? "remove the quotes" : nil
    case .size:
      return Quantity.bytes(text + "iB").map { _ in "write `\(text)iB` or `\(text)B`" }
    case .list:
      return text.isEmpty || node.isNull ? "an empty list is `[]`" : "write `[\(text)]`"
    case .string, .path, .duration, .record, .dictionary, .either, .any: return nil
    }
  }
}
