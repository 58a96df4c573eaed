import Diagnostics

/// Compact forms instead of YAML.
extension PipelineLoader {
  /// The pipeline of `file` as it was resolved before, if all that decided about it is as it was: the
  /// profile's file and the files that stand where assets could.
  func recall(_ file: SourceFile, _ key: String, _ store: CompactStore) -> Loaded? {
    let shownName = { (path: String) in Self.profileFile(path, beside: file).name }
    guard let bytes = store.load(key),
      let compact = CompactReader.decode(
        bytes, catalog: catalog, pipelineFileName: file.name, profileFileName: shownName),
      compact.files.allSatisfy({ files.exists(Self.join(Self.folder(of: file.path), $0)) })
    else { return nil }
    var read = [file]
    if let named = compact.profileFile {
      let (path, name) = Self.profileFile(named.path, beside: file)
      // A file that can't be read is told of where YAML is parsed.
      guard let profile = try? readFile(path, name: name, at: nil, known: []),
        store.digest(profile.bytes) == named.digest
      else { return nil }
      read.append(profile)
    }
    return Loaded(
      pipeline: compact.pipeline, profiles: compact.profiles,
      defaultProfile: compact.defaultProfile, files: read, warnings: [],
      filesFound: compact.files)
  }

  /// Keeps what was resolved, unless there is something to warn of each time.
  func keep(_ loaded: Loaded, of source: Source, _ key: String, _ store: CompactStore) {
    guard loaded.warnings.isEmpty else { return }
    var compact = CompactPipeline(
      pipeline: loaded.pipeline, profiles: loaded.profiles,
      defaultProfile: loaded.defaultProfile, files: loaded.filesFound)
    let declaration = source.document.profiles.first { $0.name == loaded.pipeline.profile }
    if case .file(let path) = declaration?.content {
      guard loaded.files.count == 2 else { return }
      compact.profileFile = .init(path: path, digest: store.digest(loaded.files[1].bytes))
    }
    store.save(
      key,
      CompactWriter.encode(compact, catalog: catalog, fileNames: loaded.files.map(\.name)))
  }
}
