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

  var problems: ProblemCollector { resolver.problems }
  var document: PipelineDocument { resolver.document }

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
    var written: [String: JSONValue] = [:]
    if let entry {
      written = resolveParameters(entry, &asset)
      checkEnvironment(asset)
    }
    asset.inputs = inputs(entry)
    asset.checks = checks(entry?.schema)
    if entry != nil { checkDeclaration(asset, written: written) }
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

  /// Gives what was written of those that hold records.
  private func resolveParameters(
    _ entry: CatalogIndex.StepEntry, _ asset: inout Pipeline.Asset
  ) -> [String: JSONValue] {
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
    return layers.written
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
}
