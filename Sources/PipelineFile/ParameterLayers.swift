import Diagnostics
import JSON
import YAML

/// Parameters of one step or check, laid over each other: default, pipeline file, profile, `--set`.
struct ParameterLayers {
  let problems: ProblemCollector
  let parameters: CatalogIndex.Parameters
  /// `step `train.base`` …, for messages.
  let owner: String
  private(set) var values: [String: JSONValue]
  /// Of parameters that hold records, what `values` were before these were completed.
  private(set) var written: [String: JSONValue] = [:]
  private(set) var origins: [Pipeline.ParameterOrigin] = []
  /// Parameters whose values were refused, so that they aren't also called missing.
  private var refused = Set<String>()

  init(problems: ProblemCollector, parameters: CatalogIndex.Parameters, owner: String) {
    self.problems = problems
    self.parameters = parameters
    self.owner = owner
    values = parameters.defaults
  }

  /// Lays a mapping from the pipeline file or a profile over what is there.
  mutating func add(_ node: YAMLNode) {
    for (keyNode, value) in node.pairs {
      let key = keyNode.text
      guard let schema = schema(key, at: keyNode.location, width: keyNode.width) else { continue }
      guard let value = reader(schema).read(value, as: schema) else {
        refused.insert(key)
        continue
      }
      lay(value, schema, .file(keyNode.location))
    }
  }

  /// Lays one value from the command line; `path` is the parameter and keys of records below it.
  mutating func add(_ override: SettingOverride, path: [String]) {
    var path = path
    var override = override
    if path.count > 1, path[0] == "with", parameters.indices["with"] == nil { path.removeFirst() }
    guard let name = path.first else { return }
    // A secret, and what may be a misspelt one, is told and remembered without its value.
    let secrets = parameters.schemas.filter(\.isSecret)
    let mayBeSecret =
      parameters.indices[name] == nil ? !secrets.isEmpty : secrets.contains { $0.name == name }
    if mayBeSecret { override.hideValue() }
    let place = SourceLocation(file: override.place, line: 0, column: 0)
    guard let schema = schema(name, at: place, width: 1) else { return }
    guard let type = type(of: path, in: schema.type, at: place),
      let node = overrideNode(override, type)
    else { return }
    let value: JSONValue?
    if path.count == 1 {
      value = reader(schema).read(node, as: schema)
    } else {
      let leaf = reader(schema).read(node, as: type, name: path.joined(separator: "."))
      value = leaf.map { path.dropFirst().reversed().reduce($0) { .object([$1: $0]) } }
    }
    guard let value else {
      refused.insert(name)
      return
    }
    // Below a dictionary the new key joins the others; only records do that by themselves.
    let merged = path.count == 1 ? value : Self.merge(value, into: values[name])
    lay(merged, schema, .commandLine(override.text))
  }

  /// Fills in defaults inside records and reports what is missing at `location`.
  /// `place` says where a missing one would stand, such as "under `with`".
  mutating func complete(at node: YAMLNode, place: String) {
    let completer = ParameterCompleter(
      problems: problems, owner: owner, location: node.location, width: node.width, place: place)
    for schema in parameters.schemas where schema.type.holdsRecords {
      guard let value = values[schema.name] else { continue }
      written[schema.name] = value
      values[schema.name] = completer.complete(value, schema.type, name: schema.name)
    }
    for schema in parameters.required
    where values[schema.name] == nil && !refused.contains(schema.name) {
      completer.missing(schema.name, schema.type)
    }
  }

  // MARK: Pieces

  private mutating func lay(
    _ value: JSONValue, _ schema: ParameterSchema, _ origin: Pipeline.ValueOrigin
  ) {
    let name = schema.name
    origins.removeAll { $0.parameter == name }
    if value == .null, !schema.isAny {
      values[name] = schema.defaultValue
      return
    }
    values[name] = ParameterCompleter.overlay(value, on: values[name], schema.type)
    origins.append(Pipeline.ParameterOrigin(parameter: name, origin: origin))
  }

  private func reader(_ schema: ParameterSchema) -> ParameterReader {
    ParameterReader(problems: problems, owner: owner, isSecret: schema.isSecret)
  }

  private mutating func schema(
    _ name: String, at location: SourceLocation, width: Int
  ) -> ParameterSchema? {
    if let index = parameters.indices[name] { return parameters.schemas[index] }
    let known = parameters.schemas.map(\.name)
    let nearest = problems.nearest(to: name, among: known)
    // A free parameter, but not what is likely a misspelling of a declared one.
    if parameters.acceptsAny, nearest == nil { return ParameterSchema(name, .any, "") }
    // A mistyped name isn't missing as well.
    if let nearest { refused.insert(nearest) }
    problems.report(
      .unknownParameter(name, of: owner, nearest: nearest, known: known), at: location,
      width: width)
    return nil
  }

  /// The type of the value at the end of `path`.
  private func type(
    of path: [String], in type: ParameterType, at place: SourceLocation
  ) -> ParameterType? {
    var type = type
    var name = path[0]
    for key in path.dropFirst() {
      switch type {
      case .record(let fields):
        guard let field = fields.first(where: { $0.name == key }) else {
          let known = fields.map(\.name)
          problems.report(
            .unknownKey(
              key, of: "`\(name)`", nearest: problems.nearest(to: key, among: known), known: known),
            at: place)
          return nil
        }
        type = field.type
      case .dictionary(let element): type = element
      case .any: break
      case .boolean, .integer, .number, .string, .choice, .path, .size, .duration, .list, .either:
        problems.report(.overrideTooDeep(parameter: name, key: key), at: place)
        return nil
      }
      name += ".\(key)"
    }
    return type
  }

  /// The value as a node: text is taken as it is, everything else is read as YAML.
  private func overrideNode(_ override: SettingOverride, _ type: ParameterType) -> YAMLNode? {
    let isQuoted = override.value.first == "\"" || override.value.first == "'"
    switch type {
    case .string, .path, .choice:
      if !isQuoted {
        return YAMLDocument(scalar: override.value, isPlain: false, file: override.place).root
      }
    case .boolean, .integer, .number, .size, .duration, .list, .record, .dictionary, .either, .any:
      break
    }
    guard !override.value.isEmpty else {
      return YAMLDocument(scalar: "", isPlain: true, file: override.place).root
    }
    let outcome = YAMLParser.parse(
      Array(override.value.utf8), file: override.place, hasLines: false)
    for error in outcome.errors {
      var diagnostic = error.withoutLines(file: override.place)
      // The parser quotes the value.
      if override.isHidden { diagnostic.message = "the value can't be read as YAML" }
      problems.add(diagnostic)
    }
    return outcome.errors.isEmpty ? outcome.document?.root : nil
  }

  private static func merge(_ upper: JSONValue, into lower: JSONValue?) -> JSONValue {
    guard case .object(let above) = upper, case .object(var members)? = lower else { return upper }
    for (key, value) in above { members[key] = merge(value, into: members[key]) }
    return .object(members)
  }
}

extension ParameterSchema {
  fileprivate var isAny: Bool { if case .any = type { true } else { false } }
}

extension YAMLError {
  /// As a diagnostic about a text on the command line, which has no lines.
  fileprivate func withoutLines(file: String) -> Diagnostic {
    var diagnostic = diagnostic
    diagnostic.location = SourceLocation(file: file, line: 0, column: 0)
    diagnostic.notes = []
    return diagnostic
  }
}
