import Diagnostics
import JSON
import YAML

/// Resolves one asset: its step, parameters, inputs and checks.
struct AssetResolver {
  let resolver: PipelineResolver
  let declaration: AssetDeclaration
  let overlay: AssetSettings?
  let overrides: [(override: SettingOverride, path: [String])]
  let index: Int
  let partitions: PartitionsResolver.Result

  private var problems: ProblemCollector { resolver.problems }
  private var document: PipelineDocument { resolver.document }

  func resolve() -> Pipeline.Asset {
    let settings = declaration.settings
    let entry = step()
    var asset = Pipeline.Asset(
      name: declaration.name, location: declaration.node.location,
      description: declaration.description, group: declaration.group,
      step: entry?.schema ?? StepSchema(name: "", summary: "", produces: .files), parameters: [:],
      origins: [], inputs: [], partitions: partitions.partitions[index], checks: [],
      resources: Self.merge(overlay?.resources, settings.resources),
      retries: overlay?.retries ?? settings.retries ?? 0,
      timeout: overlay?.timeout ?? settings.timeout)
    if let entry {
      resolveParameters(entry, &asset)
      checkEnvironment(asset)
    }
    asset.inputs = inputs(entry)
    asset.checks = checks(entry?.schema)
    return asset
  }

  private static func merge(
    _ upper: Pipeline.Resources?, _ lower: Pipeline.Resources
  ) -> Pipeline.Resources {
    guard let upper else { return lower }
    return Pipeline.Resources(
      cpu: upper.cpu ?? lower.cpu, memory: upper.memory ?? lower.memory,
      network: upper.network ?? lower.network)
  }

  private func step() -> CatalogIndex.StepEntry? {
    guard let node = declaration.step else { return nil }
    let name = node.text
    if let entry = resolver.catalog.steps[name] { return entry }
    problems.report(
      .unknownStep(name, nearest: problems.nearest(to: name, among: resolver.catalog.stepNames)),
      at: node)
    return nil
  }

  // MARK: Parameters

  private func resolveParameters(
    _ entry: CatalogIndex.StepEntry, _ asset: inout Pipeline.Asset
  ) {
    var layers = ParameterLayers(
      problems: problems, parameters: entry.parameters, owner: entry.owner)
    if let node = declaration.settings.parameters { layers.add(node) }
    if let node = overlay?.parameters { layers.add(node) }
    for (override, path) in overrides { layers.add(override, path: path) }
    let place = declaration.settings.parameters == nil ? declaration.step : nil
    let node = place ?? declaration.node
    layers.complete(at: node, place: "under `with`")
    asset.parameters = layers.values
    asset.origins = layers.origins
  }

  /// A command's variables must have names that a shell can use.
  private func checkEnvironment(_ asset: Pipeline.Asset) {
    guard asset.step.name == "shell" else { return }
    for name in asset.environment where !NameRule.isVariableName(name) {
      let layers = [overlay?.parameters, declaration.settings.parameters]
      let node = layers.lazy.compactMap { $0?["environment"] }.first ?? declaration.node
      let item = node.elements.first { $0.text == name } ?? node
      problems.report(.badVariableName(name), at: item)
    }
  }

  // MARK: Inputs

  private func inputs(_ entry: CatalogIndex.StepEntry?) -> [Pipeline.Input] {
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

  // MARK: Checks

  /// The pipeline file's checks, each with what the profile's check of the same name says, then the
  /// profile's further ones. The second check of a name goes with the second, and so on.
  private func checks(_ step: StepSchema?) -> [Pipeline.Check] {
    var layered = declaration.settings.checks.map { (base: $0, over: CheckDeclaration?.none) }
    var used = Set<Int>()
    for check in overlay?.checks ?? [] {
      let match = layered.indices.first { layered[$0].base.name == check.name && !used.contains($0) }
      if let match {
        used.insert(match)
        layered[match].over = check
      } else {
        used.insert(layered.count)
        layered.append((check, nil))
      }
    }
    return layered.compactMap { self.check($0.base, $0.over, step) }
  }

  private func check(
    _ base: CheckDeclaration, _ over: CheckDeclaration?, _ step: StepSchema?
  ) -> Pipeline.Check? {
    guard let entry = resolver.catalog.checks[base.name] else {
      let names = resolver.catalog.checkNames
      problems.report(
        .unknownCheck(base.name, nearest: problems.nearest(to: base.name, among: names)),
        at: base.node)
      return nil
    }
    let schema = entry.schema
    if let step, step.name != "shell", !schema.appliesTo.isEmpty,
      !schema.appliesTo.contains(step.produces)
    {
      problems.report(
        .checkDoesNotFit(schema.name, expected: schema.appliesTo, found: step.produces),
        at: base.node)
    }
    var layers = ParameterLayers(
      problems: problems, parameters: entry.parameters, owner: "`\(schema.name)`")
    if let node = base.parameters { layers.add(node) }
    if let node = over?.parameters { layers.add(node) }
    layers.complete(at: base.node, place: "beside the check's name")
    let check = Pipeline.Check(
      schema: schema, parameters: layers.values, origins: layers.origins,
      severity: over?.severity ?? base.severity ?? .error, location: base.node.location)
    checkAssets(of: check, base, over)
    return check
  }

  private func checkAssets(
    of check: Pipeline.Check, _ base: CheckDeclaration, _ over: CheckDeclaration?
  ) {
    for parameter in check.schema.assetParameters {
      guard let name = check.parameters[parameter]?.stringValue else { continue }
      let node = over?.parameters?[parameter] ?? base.parameters?[parameter] ?? base.node
      if name == declaration.name {
        problems.report(.checkOfItself(check.schema.name), at: node)
      } else if document.indices[name] == nil {
        problems.report(
          .checkAssetUnknown(
            name, parameter: parameter,
            nearest: problems.nearest(to: name, among: resolver.assetNames)), at: node)
      }
    }
  }
}
