package import Diagnostics
import YAML

/// Loads pipeline files: see `Pipeline` for how to use it.
package struct PipelineLoader: Sendable {
  let catalog: CatalogIndex
  let files: FileReader
  private let store: CompactStore?

  /// With a store, a file that was resolved before is not parsed again.
  package init(catalog: StepCatalog, files: FileReader = .disk, store: CompactStore? = nil) {
    self.catalog = CatalogIndex(catalog)
    self.files = files
    self.store = store
  }

  /// A pipeline file that was read but not resolved for a profile.
  package struct Source: Sendable {
    /// The file, its name as shown to the user.
    package var file: SourceFile
    package var document: PipelineDocument
    /// Errors in the file itself; other profiles' errors are found when they are resolved.
    package var diagnostics: [Diagnostic]

    package var profiles: [String] { document.profiles.map(\.name) }
    package var defaultProfile: String? { document.defaultProfile }
  }

  /// A pipeline for one profile with what a caller needs to know whether it is still current.
  package struct Loaded: Sendable {
    package var pipeline: Pipeline
    package var profiles: [String]
    package var defaultProfile: String?
    /// The pipeline file, then the profile's file when it has one.
    package var files: [SourceFile]
    package var warnings: [Diagnostic]
    /// Inputs that are called like assets but are files, because these files are there.
    var filesFound: [String] = []
  }

  /// Reads `path` and resolves it for `profile` (nil: the file's default).
  ///
  /// `name` is the path as messages show it. Each of `overrides` is what stands after `--set`. Throws
  /// `DiagnosticError` with everything that is wrong, in order of place.
  package func load(
    _ path: String, name: String? = nil, profile: String? = nil, overrides: [String] = []
  ) throws(DiagnosticError) -> Loaded {
    let file = try readFile(path, name: name ?? path, at: nil, known: [])
    guard let store else {
      return try resolve(try parse(file), profile: profile, overrides: overrides)
    }
    let key = store.name(
      of: file, folder: Self.folderName(of: path), profile: profile, overrides: overrides)
    if let loaded = recall(file, key, store) { return loaded }
    let source = try parse(file)
    let loaded = try resolve(source, profile: profile, overrides: overrides)
    keep(loaded, of: source, key, store)
    return loaded
  }

  /// Reads the pipeline file alone. Throws when it can't be read or is no YAML; other faults come
  /// with the faults that `resolve` finds.
  package func read(_ path: String, name: String? = nil) throws(DiagnosticError) -> Source {
    try parse(try readFile(path, name: name ?? path, at: nil, known: []))
  }

  private func parse(_ file: SourceFile) throws(DiagnosticError) -> Source {
    let outcome = YAMLParser.parse(file.bytes, file: file.name)
    let problems = ProblemCollector()
    guard let root = outcome.document?.root else {
      throw DiagnosticError(outcome.errors.map(\.diagnostic), files: [file])
    }
    let reader = DocumentReader(problems: problems, yamlErrors: outcome.errors)
    let document = reader.pipeline(root, defaultName: Self.folderName(of: file.path))
    return Source(file: file, document: document, diagnostics: problems.diagnostics)
  }

  /// Resolves a file that was read; see `load`.
  package func resolve(
    _ source: Source, profile: String? = nil, overrides: [String] = []
  ) throws(DiagnosticError) -> Loaded {
    let problems = ProblemCollector()
    for diagnostic in source.diagnostics { problems.add(diagnostic) }
    var read = [source.file]
    let name = profile ?? source.defaultProfile ?? Pipeline.profilelessName
    let overlay = profileDocument(
      name, source, isAsked: profile != nil, problems: problems, read: &read)
    let folder = Self.folder(of: source.file.path)
    var filesFound: [String] = []
    let pipeline = withoutActuallyEscaping({ (path: String) -> Bool in
      let isThere = files.exists(Self.join(folder, path))
      if isThere { filesFound.append(path) }
      return isThere
    }) { exists in
      PipelineResolver(
        document: source.document, catalog: catalog, profileName: name, profile: overlay,
        overrides: parse(overrides, problems), problems: problems, exists: exists
      ).resolve()
    }
    // Of a pipeline without faults the engine finds out, at no further cost, when it looks at files.
    if problems.hasErrors { reportAbsentFiles(pipeline, folder: folder, problems) }
    let diagnostics = problems.sorted(files: read)
    if problems.hasErrors { throw DiagnosticError(diagnostics, files: read) }
    return Loaded(
      pipeline: pipeline, profiles: source.profiles, defaultProfile: source.defaultProfile,
      files: read, warnings: diagnostics, filesFound: filesFound)
  }

  // MARK: Pieces

  private func profileDocument(
    _ name: String, _ source: Source, isAsked: Bool, problems: ProblemCollector,
    read: inout [SourceFile]
  ) -> ProfileDocument {
    let reader = DocumentReader(problems: problems, yamlErrors: [])
    guard let declaration = source.document.profiles.first(where: { $0.name == name }) else {
      // A wrong default was reported where it stands.
      if isAsked, name != Pipeline.profilelessName {
        let names = source.profiles
        problems.report(
          .unknownProfile(name, nearest: problems.nearest(to: name, among: names), known: names),
          at: SourceLocation(file: "--profile \(name)", line: 0, column: 0))
      }
      return ProfileDocument()
    }
    switch declaration.content {
    case .inline(let node): return reader.profile(node, name: name)
    case .file(let path):
      let (absolute, shown) = Self.profileFile(path, beside: source.file)
      do throws(DiagnosticError) {
        let file = try readFile(absolute, name: shown, at: declaration.node, known: [source.file])
        read.append(file)
        return self.profile(file, name: name, problems: problems)
      } catch {
        for diagnostic in error.diagnostics { problems.add(diagnostic) }
        return ProfileDocument()
      }
    }
  }

  private func profile(
    _ file: SourceFile, name: String, problems: ProblemCollector
  ) -> ProfileDocument {
    let outcome = YAMLParser.parse(file.bytes, file: file.name)
    // A profile that changes nothing may be empty.
    let errors = outcome.errors.filter { $0.reason != .empty }
    let reader = DocumentReader(problems: problems, yamlErrors: errors)
    reader.reportYAML(exceptIn: [])
    guard let root = outcome.document?.root, !root.isNull else { return ProfileDocument() }
    return reader.profile(root, name: name)
  }

  private static let mostAbsentFiles = 20

  /// Single files that are not there, to be told together with the other faults.
  private func reportAbsentFiles(
    _ pipeline: Pipeline, folder: String, _ problems: ProblemCollector
  ) {
    var left = Self.mostAbsentFiles
    for asset in pipeline.assets {
      for input in asset.inputs {
        for reference in input.references where left > 0 {
          guard case .path(let path) = reference.target,
            !path.contains(where: { "*?[{".contains($0) }),
            !files.exists(Self.join(folder, path))
          else { continue }
          left -= 1
          problems.report(
            .absentFile(path, input: input.name, asset: asset.name), at: reference.location,
            width: path.count)
        }
      }
    }
  }

  private func parse(_ overrides: [String], _ problems: ProblemCollector) -> [SettingOverride] {
    overrides.compactMap { text in
      if let override = SettingOverride(text) { return override }
      // Without what may be a secret's value.
      let key = text.prefix { $0 != "=" && $0 != ":" }
      problems.report(
        .malformedOverride, at: SourceLocation(file: "--set \(key)", line: 0, column: 0))
      return nil
    }
  }

  func readFile(
    _ path: String, name: String, at node: YAMLNode?, known: [SourceFile]
  ) throws(DiagnosticError) -> SourceFile {
    do {
      return SourceFile(name: name, path: path, bytes: try files.read(path))
    } catch {
      let reason = (error as? FileReader.Failure)?.reason ?? "\(error)"
      let fault = PipelineError.unreadable(path: name, reason: reason)
      throw DiagnosticError(
        [
          Diagnostic(
            fault.message, at: node?.location, width: node?.width ?? 1, help: fault.help)
        ], files: known)
    }
  }

  /// Where a profile's file is that the pipeline file calls `path`, and how messages show it.
  static func profileFile(_ path: String, beside file: SourceFile) -> (path: String, name: String) {
    (join(folder(of: file.path), path), join(folder(of: file.name), path))
  }

  /// The folder part with its separator; empty for a bare name.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[...slash])
  }

  static func join(_ folder: String, _ path: String) -> String {
    path.hasPrefix("/") ? path : folder + path
  }

  static func folderName(of path: String) -> String {
    let folder = folder(of: path).split(separator: "/").last.map(String.init)
    return folder.flatMap { $0 == "." || $0 == ".." ? nil : $0 } ?? "pipeline"
  }
}
