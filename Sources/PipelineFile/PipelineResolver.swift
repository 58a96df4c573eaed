import Diagnostics
import JSON
import YAML

/// Makes the `Pipeline` of one profile from a document: lays the layers over each other, checks
/// values against the steps' schemas, and names against each other.
struct PipelineResolver {
  let document: PipelineDocument
  let catalog: CatalogIndex
  let profileName: String
  let profile: ProfileDocument
  let overrides: [SettingOverride]
  let problems: ProblemCollector
  /// Whether a path as written in the file is there.
  let exists: (String) -> Bool
  let assetNames: [String]

  init(
    document: PipelineDocument, catalog: CatalogIndex, profileName: String,
    profile: ProfileDocument, overrides: [SettingOverride], problems: ProblemCollector,
    exists: @escaping (String) -> Bool
  ) {
    self.document = document
    self.catalog = catalog
    self.profileName = profileName
    self.profile = profile
    self.overrides = overrides
    self.problems = problems
    self.exists = exists
    assetNames = document.assets.map(\.name)
  }

  /// The pipeline, which is of use only if nothing was reported.
  func resolve() -> Pipeline {
    let overlays = profileOverlays()
    let values = overrideValues()
    let partitions = PartitionsResolver(
      document: document, overlays: overlays, problems: problems, assetNames: assetNames
    ).resolve()
    var assets: [Pipeline.Asset] = []
    assets.reserveCapacity(document.assets.count)
    for (index, declaration) in document.assets.enumerated() {
      let layers = AssetResolver(
        resolver: self, declaration: declaration, overlay: overlays[index],
        overrides: values[index] ?? [], index: index, partitions: partitions)
      assets.append(layers.resolve())
    }
    let order = DependencyOrder(
      assets: assets, indices: document.indices, problems: problems
    ).order()
    return Pipeline(
      name: document.name, profile: profileName, assets: assets, order: order, only: only(),
      indices: document.indices)
  }

  // MARK: Profile and overrides

  /// The profile's settings by position of the asset.
  private func profileOverlays() -> [Int: AssetSettings] {
    var overlays: [Int: AssetSettings] = [:]
    for (name, node, settings) in profile.assets {
      if let index = document.indices[name] {
        overlays[index] = settings
      } else {
        problems.report(
          .assetOnlyInProfile(name, nearest: problems.nearest(to: name, among: assetNames)),
          at: node)
      }
    }
    return overlays
  }

  private func only() -> [String]? {
    profile.only?.compactMap { node in
      let name = node.text
      guard document.indices[name] == nil else { return name }
      problems.report(
        .unknownTarget(name, nearest: problems.nearest(to: name, among: assetNames)), at: node)
      return nil
    }
  }

  /// Overrides by position of the asset, in the order given.
  private func overrideValues() -> [Int: [(override: SettingOverride, path: [String])]] {
    var values: [Int: [(override: SettingOverride, path: [String])]] = [:]
    for override in overrides {
      // Without the value: it may be meant for a secret.
      let place = SourceLocation(file: "--set \(override.key)", line: 0, column: 0)
      let reading = override.readings.first { document.indices[$0.asset] != nil }
      guard let reading, let index = document.indices[reading.asset] else {
        let name = override.readings.last?.asset ?? override.key
        problems.report(
          .overrideNamesNoAsset(name, nearest: problems.nearest(to: name, among: assetNames)),
          at: place)
        continue
      }
      guard !reading.path.isEmpty else {
        problems.report(.overrideNamesNoParameter(asset: reading.asset), at: place)
        continue
      }
      values[index, default: []].append((override, reading.path))
    }
    return values
  }
}
