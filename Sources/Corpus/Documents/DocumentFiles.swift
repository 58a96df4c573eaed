import Glibc

/// What a file is, from its name or, where that tells nothing, its first bytes.
package enum CorpusFileKind: Sendable, Hashable {
  case parquet, jsonLines, text, tokenShard

  static func ofName(_ path: String) -> CorpusFileKind? {
    switch path.split(separator: ".").last?.lowercased() {
    case "parquet": .parquet
    case "jsonl", "ndjson": .jsonLines
    case "txt", "text", "md": .text
    case "tokens": .tokenShard
    default: nil
    }
  }

  package static func of(_ path: String) throws(CorpusError) -> CorpusFileKind {
    if let kind = ofName(path) { return kind }
    let start = try InputFile(path: path).prefix(8)
    if start.starts(with: "PAR1".utf8) { return .parquet }
    if start == TokenShard.magic { return .tokenShard }
    // JSON lines are often named `.json`; a value that spans lines then fails as such.
    if let first = start.first(where: { $0 > 0x20 }), "{[".utf8.contains(first) {
      return .jsonLines
    }
    throw .unknownFileKind(path: path)
  }
}

/// Turns files and folders into a sorted list of files.
enum DocumentFiles {
  /// Folders are walked in the order of their entries' bytes; names that begin with a dot and
  /// files of unknown kinds are left out there. A file given itself must be of a known kind.
  static func expand(
    _ paths: [String], kinds: Set<CorpusFileKind>
  ) throws(CorpusError) -> [(path: String, kind: CorpusFileKind)] {
    var files: [(path: String, kind: CorpusFileKind)] = []
    for path in paths {
      if try isFolder(path) {
        try walk(path, kinds, &files, depth: 0)
      } else {
        let kind = try CorpusFileKind.of(path)
        guard kinds.contains(kind) else { throw .unknownFileKind(path: path) }
        files.append((path, kind))
      }
    }
    if files.isEmpty { throw .nothingToRead(paths: paths) }
    return files
  }

  private static func walk(
    _ folder: String, _ kinds: Set<CorpusFileKind>,
    _ files: inout [(path: String, kind: CorpusFileKind)], depth: Int
  ) throws(CorpusError) {
    // A link that leads back to its own folder would never end.
    guard depth < 32 else { throw .system(path: folder, operation: .list, code: ELOOP) }
    for name in try entries(of: folder) {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      if try isFolder(path) {
        try walk(path, kinds, &files, depth: depth + 1)
      } else if let kind = CorpusFileKind.ofName(name), kinds.contains(kind) {
        files.append((path, kind))
      }
    }
  }

  private static func entries(of folder: String) throws(CorpusError) -> [String] {
    guard let stream = opendir(folder) else {
      throw .system(path: folder, operation: .list, code: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  static func isFolder(_ path: String) throws(CorpusError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .system(path: path, operation: .open, code: errno)
    }
    return status.st_mode & S_IFMT == S_IFDIR
  }
}
