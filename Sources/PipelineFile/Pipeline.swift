/// A pipeline file resolved for one profile: every value checked, every default filled in.
///
///     let loader = PipelineLoader(catalog: catalog)
///     let loaded = try loader.load("pipeline.yaml", profile: "quick", overrides: ["pretrain.depth=3"])
///     loaded.pipeline        // this type
///     loaded.profiles        // ["quick", "full"], in the order of the file
///     loaded.defaultProfile  // "quick"; nil when the file names none
///     loaded.files           // every file that was read, with its bytes, for fingerprints
///     loaded.warnings
///
/// `load` throws `DiagnosticError` with all that is wrong, sorted by place. To resolve several
/// profiles of one file, read it once: `let source = try loader.read("pipeline.yaml")`, then
/// `try loader.resolve(source, profile: "full")`.
///
/// | to know | look at |
/// |---|---|
/// | an asset by name | `pipeline["tokenizer"]` |
/// | assets with inputs before users | `pipeline.order` (indices into `assets`) |
/// | a parameter and where it came from | `asset.parameters["depth"]`, `asset.origin(of: "depth")`, `asset.key(of: "depth")` |
/// | an input's assets and files | `asset.inputs`, `asset.references(of: "tokens")` |
/// | partitions | `asset.partitions?.key`, `.values`, `.follows` |
/// | variables a shell step passes through | `asset.environment` |
package struct Pipeline: Sendable {
  package var name: String
  /// The profile it was resolved for; `default` when none was asked for and the file names none.
  package var profile: String
  /// In the order of the file.
  package var assets: [Asset]
  /// Indices of `assets`, so that an asset stands after everything it and its inputs' checks need.
  package var order: [Int]
  /// Assets that the profile limits itself to; nil for all.
  package var only: [String]?
  private let indices: [String: Int]

  /// Names of assets must differ; of equal ones the first is found by name.
  package init(
    name: String, profile: String, assets: [Asset], order: [Int], only: [String]? = nil
  ) {
    let indices = Dictionary(zip(assets.lazy.map(\.name), assets.indices)) { first, _ in first }
    self.init(
      name: name, profile: profile, assets: assets, order: order, only: only, indices: indices)
  }

  init(
    name: String, profile: String, assets: [Asset], order: [Int], only: [String]?,
    indices: [String: Int]
  ) {
    self.name = name
    self.profile = profile
    self.assets = assets
    self.order = order
    self.only = only
    self.indices = indices
  }

  /// The name of the profile that overlays nothing.
  package static let profilelessName = "default"

  package func index(of name: String) -> Int? { indices[name] }
  package subscript(name: String) -> Asset? { indices[name].map { assets[$0] } }
}
