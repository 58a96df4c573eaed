import Diagnostics
import YAML

/// Reads the shape of a pipeline file or a profile: keys, and values that no step has a say in.
struct DocumentReader {
  static let formatVersion = 1
  static let rootKeys = ["nanobuild", "name", "profile", "profiles", "assets"]
  static let settingKeys = ["with", "partitions", "checks", "resources", "retries", "timeout"]
  static let assetKeys = ["step", "description", "group", "inputs"] + settingKeys
  static let profileKeys = ["assets", "only"]

  let problems: ProblemCollector
  /// Errors of the YAML, of which duplicate names of assets are told in our own words.
  let yamlErrors: [YAMLError]
  let partitionBudget = PartitionBudget()

  // MARK: Pipeline file

  func pipeline(_ root: YAMLNode, defaultName: String) -> PipelineDocument {
    var document = PipelineDocument(
      name: defaultName, defaultProfile: nil, profiles: [], assets: [], indices: [:])
    guard expect(.mapping, root, "a pipeline file") else {
      reportYAML(exceptIn: [])
      return document
    }
    var namedMappings: [(YAMLNode, (String) -> PipelineError)] = []
    var hasVersion = false
    var hasAssets = false
    for (keyNode, value) in root.pairs {
      switch keyNode.text {
      case "nanobuild":
        hasVersion = true
        checkVersion(value)
      case "name": document.name = string(value, "`name`") ?? document.name
      case "profile": document.defaultProfile = string(value, "`profile`")
      case "profiles":
        namedMappings.append((value, { .equalNames(kind: "profiles", name: $0) }))
        document.profiles = profiles(value)
      case "assets":
        hasAssets = true
        namedMappings.append((value, { .twoAssets(name: $0) }))
        assets(value, into: &document)
      case let key: unknownKey(key, keyNode, of: "a pipeline file", known: Self.rootKeys)
      }
    }
    reportYAML(exceptIn: namedMappings)
    if !hasVersion {
      problems.report(
        .missingKey("nanobuild", of: "the file", help: "begin it with `nanobuild: 1`"),
        at: root.location)
    }
    if !hasAssets {
      problems.report(
        .missingKey("assets", of: "the file", help: "add `assets:` with at least one asset"),
        at: root.location)
    }
    checkDefaultProfile(document, root)
    return document
  }

  private func checkVersion(_ value: YAMLNode) {
    guard value.kind == .scalar, Quantity.integer(value.text) == Self.formatVersion else {
      problems.report(.badVersion(found: Found.describe(value)), at: value)
      return
    }
  }

  private func checkDefaultProfile(_ document: PipelineDocument, _ root: YAMLNode) {
    guard let name = document.defaultProfile, name != Pipeline.profilelessName,
      let node = root["profile"]
    else { return }
    let names = document.profiles.map(\.name)
    guard !names.contains(name) else { return }
    problems.report(
      .unknownProfile(name, nearest: problems.nearest(to: name, among: names), known: names),
      at: node)
  }

  private func profiles(_ node: YAMLNode) -> [PipelineDocument.ProfileDeclaration] {
    guard expect(.mapping, node, "`profiles`") else { return [] }
    var declarations: [PipelineDocument.ProfileDeclaration] = []
    for (keyNode, value) in node.pairs {
      let name = keyNode.text
      checkName(name, keyNode, kind: "a profile")
      switch value.kind {
      case .mapping:
        declarations.append(.init(name: name, content: .inline(value), node: keyNode))
      case .scalar where !value.isNull && !value.text.isEmpty:
        declarations.append(.init(name: name, content: .file(path: value.text), node: value))
      case .scalar, .sequence:
        wrongType("the profile `\(name)`", "a file or a mapping", value)
      }
    }
    return declarations
  }

  private func assets(_ node: YAMLNode, into document: inout PipelineDocument) {
    guard expect(.mapping, node, "`assets`") else { return }
    document.assets.reserveCapacity(node.count)
    document.indices.reserveCapacity(node.count)
    for (keyNode, value) in node.pairs {
      let asset = asset(keyNode.text, keyNode, value)
      if let first = document.indices[asset.name] {
        // Names that differ in bytes and not in meaning, such as composed and decomposed accents.
        problems.report(
          .twoAssets(name: asset.name), at: keyNode,
          notes: [.init("first here", at: document.assets[first].node.location)])
        continue
      }
      document.indices[asset.name] = document.assets.count
      document.assets.append(asset)
    }
  }

  private func asset(_ name: String, _ keyNode: YAMLNode, _ node: YAMLNode) -> AssetDeclaration {
    checkName(name, keyNode, kind: "an asset")
    var asset = AssetDeclaration(name: name, node: keyNode)
    guard node.kind == .mapping else {
      wrongType("the asset `\(name)`", "a mapping with `step`", node)
      return asset
    }
    for (keyNode, value) in node.pairs {
      switch keyNode.text {
      case "step":
        if string(value, "`step`") != nil { asset.step = value }
      case "description": asset.description = string(value, "`description`")
      case "group": asset.group = string(value, "`group`")
      case "inputs":
        if expect(.mapping, value, "`inputs`") { asset.inputs = value }
      case let key:
        if !SettingsReader(reader: self).read(key, value, into: &asset.settings) {
          unknownKey(key, keyNode, of: "the asset `\(name)`", known: Self.assetKeys)
        }
      }
    }
    if asset.step == nil, node["step"] == nil {
      problems.report(
        .missingKey("step", of: "the asset `\(name)`", help: "add `step:` with a step's name"),
        at: keyNode)
    }
    return asset
  }

  // MARK: Profile

  func profile(_ root: YAMLNode, name: String) -> ProfileDocument {
    var profile = ProfileDocument()
    let owner = "the profile `\(name)`"
    guard expect(.mapping, root, owner) else { return profile }
    for (keyNode, value) in root.pairs {
      switch keyNode.text {
      case "only":
        guard expect(.sequence, value, "`only`") else { continue }
        profile.only = value.elements.filter { string($0, "an asset in `only`") != nil }
      case "assets":
        guard !(value.isNull), expect(.mapping, value, "`assets`") else { continue }
        for (keyNode, value) in value.pairs {
          profile.assets.append((keyNode.text, keyNode, overlay(keyNode.text, value)))
        }
      case "nanobuild" where root["profiles"] != nil || root["profile"] != nil:
        problems.report(.profileFileIsPipeline, at: keyNode)
        return ProfileDocument()
      case "nanobuild": checkVersion(value)
      case let key: unknownKey(key, keyNode, of: owner, known: Self.profileKeys)
      }
    }
    return profile
  }

  private func overlay(_ name: String, _ node: YAMLNode) -> AssetSettings {
    var settings = AssetSettings()
    guard expect(.mapping, node, "the asset `\(name)` of a profile") else { return settings }
    for (keyNode, value) in node.pairs {
      let key = keyNode.text
      if SettingsReader(reader: self).read(key, value, into: &settings) { continue }
      if Self.assetKeys.contains(key) {
        problems.report(.notForProfiles(key: key), at: keyNode)
      } else {
        unknownKey(key, keyNode, of: "the asset `\(name)`", known: Self.settingKeys)
      }
    }
    return settings
  }

  // MARK: Pieces

  /// Reports the YAML's own errors; a duplicate key of one of `mappings` in the words given with it.
  func reportYAML(exceptIn mappings: [(YAMLNode, (String) -> PipelineError)]) {
    for error in yamlErrors {
      var diagnostic = error.diagnostic
      if case .duplicateKey(let key, _) = error.reason,
        let (_, make) = mappings.first(where: { error.isDuplicateKey(in: $0.0) })
      {
        diagnostic.message = make(key).message
      }
      problems.add(diagnostic)
    }
  }

  func expect(_ kind: YAMLNode.Kind, _ node: YAMLNode, _ name: @autoclosure () -> String) -> Bool {
    if node.kind == kind { return true }
    let expected =
      switch kind {
      case .scalar: "one value"
      case .sequence: "a list"
      case .mapping: "a mapping"
      }
    wrongType(name(), expected, node)
    return false
  }

  func string(_ node: YAMLNode, _ name: @autoclosure () -> String) -> String? {
    guard node.kind == .scalar, !node.isNull else {
      wrongType(name(), "text", node)
      return nil
    }
    return node.text
  }

  func wrongType(_ name: String, _ expected: String, _ node: YAMLNode, help: String? = nil) {
    problems.report(
      .wrongType(name: name, expected: expected, found: Found.describe(node), help: help), at: node)
  }

  func unknownKey(_ key: String, _ node: YAMLNode, of owner: String, known: [String]) {
    problems.report(
      .unknownKey(key, of: owner, nearest: problems.nearest(to: key, among: known), known: known),
      at: node)
  }

  private func checkName(_ name: String, _ node: YAMLNode, kind: String) {
    if let rule = NameRule.faultOfName(name) {
      problems.report(.badName(kind: kind, name: name, rule: rule), at: node)
    }
  }
}

/// What stands in the file, in a few words.
enum Found {
  static func describe(_ node: YAMLNode) -> String {
    switch node.kind {
    case .sequence: return "a list"
    case .mapping: return "a mapping"
    case .scalar:
      let text = node.text
      guard node.isPlain else { return "the text \(Wording.quoted(text))" }
      return text.isEmpty ? "nothing" : Wording.quoted(text)
    }
  }
}
