package import YAML

/// A pipeline file as written: its shape is right, but nothing is resolved against steps, profiles
/// or other assets yet.
package struct PipelineDocument: Sendable {
  package var name: String
  package var defaultProfile: String?
  package var profiles: [ProfileDeclaration]
  package var assets: [AssetDeclaration]
  /// Positions in `assets` by name.
  package var indices: [String: Int]

  /// A profile as the pipeline file declares it.
  package struct ProfileDeclaration: Sendable {
    package enum Content: Sendable {
      case inline(YAMLNode)
      /// Relative to the folder of the pipeline file, or absolute.
      case file(path: String)
    }

    package var name: String
    package var content: Content
    package var node: YAMLNode
  }
}

/// One entry under `assets:`.
package struct AssetDeclaration: Sendable {
  package var name: String
  package var node: YAMLNode
  package var step: YAMLNode?
  package var description: String?
  package var group: String?
  package var inputs: YAMLNode?
  package var settings = AssetSettings()

  package var stepName: String? { step?.text }
}

/// What both the pipeline file and a profile may say of an asset.
package struct AssetSettings: Sendable {
  package var parameters: YAMLNode?
  package var partitions: PartitionsDeclaration?
  /// `partitions` stands there, perhaps with errors.
  package var hasPartitions = false
  package var checks: [CheckDeclaration] = []
  package var resources = Pipeline.Resources()
  package var retries: Int?
  package var timeout: Double?
}

package enum PartitionsDeclaration: Sendable {
  case follows(String, YAMLNode)
  case values(key: String, [String], YAMLNode)
}

package struct CheckDeclaration: Sendable {
  package var name: String
  package var node: YAMLNode
  package var parameters: YAMLNode?
  package var severity: Pipeline.Check.Severity?
}

/// A profile's overlay, from a file or inline.
struct ProfileDocument {
  /// The assets it changes, in order.
  var assets: [(name: String, node: YAMLNode, settings: AssetSettings)] = []
  var only: [YAMLNode]?
}
