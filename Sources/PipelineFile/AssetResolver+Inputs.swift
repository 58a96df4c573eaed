import Diagnostics
import YAML

extension AssetResolver {
  /// The asset's inputs in the order of the file, after reporting those that are wrong or missing.
  func inputs(_ entry: CatalogIndex.StepEntry?) -> [Pipeline.Input] {
    var inputs: [Pipeline.Input] = []
    var meant = Set<String>()
    // A scalar, as the asset's name is, has no pairs.
    for (keyNode, value) in (declaration.inputs ?? declaration.node).pairs {
      let name = keyNode.text
      let schema = entry?.inputs[name]
      if let entry, schema == nil, let nearest = checkFreeInput(name, keyNode, entry) {
        meant.insert(nearest)
      }
      guard let references = references(value, name: name, schema: schema, entry) else { continue }
      inputs.append(
        Pipeline.Input(
          name: name, references: references,
          isList: schema?.acceptsMany ?? (value.kind == .sequence), location: keyNode.location))
    }
    for schema in entry?.requiredInputs ?? []
    where !inputs.contains(where: { $0.name == schema.name })
      && declaration.inputs?[schema.name] == nil && !meant.contains(schema.name)
    {
      let node = declaration.inputs == nil ? declaration.step ?? declaration.node : declaration.node
      problems.report(
        .missingInput(schema.name, of: entry?.owner ?? "", kinds: schema.kinds), at: node)
    }
    return inputs
  }

  /// A name the step doesn't know is allowed for commands only, and becomes part of a variable. Gives
  /// the name that was probably meant.
  private func checkFreeInput(
    _ name: String, _ node: YAMLNode, _ entry: CatalogIndex.StepEntry
  ) -> String? {
    if entry.schema.acceptsAnyInput {
      if !NameRule.isVariableName(name) { problems.report(.badInputName(name), at: node) }
      return nil
    }
    let known = entry.schema.inputs.map(\.name)
    let nearest = problems.nearest(to: name, among: known)
    problems.report(
      .unknownInput(name, of: entry.owner, nearest: nearest, known: known), at: node)
    return nearest
  }

  private func references(
    _ node: YAMLNode, name: String, schema: InputSchema?, _ entry: CatalogIndex.StepEntry?
  ) -> [Pipeline.InputReference]? {
    switch node.kind {
    case .scalar: return reference(node, name, schema, entry).map { [$0] }
    case .mapping:
      problems.report(wrongInput(name, node), at: node)
      return nil
    case .sequence: break
    }
    if let schema, let entry, !schema.acceptsMany {
      problems.report(.oneInputOnly(name, of: entry.owner), at: node)
      return nil
    }
    if node.count == 0 {
      problems.report(.emptyInput(name), at: node)
      return nil
    }
    return node.elements.compactMap { reference($0, name, schema, entry) }
  }

  private func reference(
    _ node: YAMLNode, _ name: String, _ schema: InputSchema?, _ entry: CatalogIndex.StepEntry?
  ) -> Pipeline.InputReference? {
    guard node.kind == .scalar, !node.isNull, !node.text.isEmpty else {
      problems.report(wrongInput(name, node), at: node)
      return nil
    }
    let text = node.text
    if let target = document.indices[text] {
      checkKind(of: target, name, schema, entry, node)
      let root = partitions.roots[index]
      return Pipeline.InputReference(
        target: .asset(text), location: node.location,
        isPartitionByPartition: root != nil && root == partitions.roots[target])
    }
    guard Self.looksLikePath(text) || resolver.exists(text) else {
      problems.report(
        .unknownReference(
          text, nearest: problems.nearest(to: text, among: resolver.assetNames)), at: node)
      return nil
    }
    if let schema, let entry, !schema.kinds.isEmpty, !schema.kinds.contains(.files) {
      problems.report(
        .fileForAsset(input: name, of: entry.owner, expected: schema.kinds, path: text), at: node)
    }
    return Pipeline.InputReference(
      target: .path(text), location: node.location, isPartitionByPartition: false)
  }

  /// What a shell step makes fits every input.
  private func checkKind(
    of target: Int, _ name: String, _ schema: InputSchema?, _ entry: CatalogIndex.StepEntry?,
    _ node: YAMLNode
  ) {
    guard let schema, let entry, !schema.kinds.isEmpty,
      let step = document.assets[target].step?.text, step != "shell",
      let made = resolver.catalog.steps[step]?.schema.produces, !schema.kinds.contains(made)
    else { return }
    problems.report(
      .wrongKind(
        input: name, of: entry.owner, expected: schema.kinds, asset: document.assets[target].name,
        made), at: node)
  }

  private func wrongInput(_ name: String, _ node: YAMLNode) -> PipelineError {
    .wrongType(
      name: "the input `\(name)`", expected: "an asset, a file or a glob",
      found: Found.describe(node), help: nil)
  }

  /// A separator, a point or a glob character can't be in a mistyped name of most assets.
  private static func looksLikePath(_ text: String) -> Bool {
    text.utf8.contains {
      switch $0 {
      case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "*"), UInt8(ascii: "?"),
        UInt8(ascii: "["):
        true
      default: false
      }
    }
  }
}
