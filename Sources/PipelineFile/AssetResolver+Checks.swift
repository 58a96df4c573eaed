import Diagnostics
import JSON
import YAML

extension AssetResolver {
  /// The pipeline file's checks, each with what the profile's check of the same name says, then the
  /// profile's further ones. The second check of a name goes with the second, and so on.
  func checks(_ step: StepSchema?) -> [Pipeline.Check] {
    var layered = declaration.settings.checks.map { (base: $0, over: CheckDeclaration?.none) }
    var used = Set<Int>()
    for check in overlay?.checks ?? [] {
      let match = layered.indices.first {
        layered[$0].base.name == check.name && !used.contains($0)
      }
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
