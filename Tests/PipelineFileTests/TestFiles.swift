import Diagnostics
import PipelineFile
import Testing

/// Pipeline files in memory, loaded with the test catalog.
struct TestFiles {
  var files: [String: String]

  init(_ pipeline: String, _ others: [String: String] = [:]) {
    files = others
    files["pipeline.yaml"] = pipeline
  }

  var loader: PipelineLoader {
    let files = files
    return PipelineLoader(
      catalog: TestCatalog.catalog,
      files: FileReader(
        read: { path in
          guard let text = files[path] else { throw FileReader.Failure("there is no such file") }
          return Array(text.utf8)
        },
        // `./…` stands for a file that is there.
        exists: { files[$0] != nil || $0.hasPrefix("./") }))
  }

  func load(
    profile: String? = nil, _ overrides: [String] = []
  ) throws(DiagnosticError) -> PipelineLoader.Loaded {
    try loader.load("pipeline.yaml", profile: profile, overrides: overrides)
  }

  func pipeline(
    profile: String? = nil, _ overrides: [String] = []
  ) throws(DiagnosticError) -> Pipeline {
    try load(profile: profile, overrides).pipeline
  }

  /// What the user would see; warnings when nothing is wrong.
  func report(profile: String? = nil, _ overrides: [String] = []) -> String {
    do throws(DiagnosticError) {
      let loaded = try load(profile: profile, overrides)
      return DiagnosticRenderer(files: loaded.files).render(loaded.warnings)
    } catch { return error.description }
  }
}
