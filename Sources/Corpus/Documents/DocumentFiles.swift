import Glibc
import JSON

/// What a file is, from its name or, where that tells nothing, its first bytes.
package enum CorpusFileKind: Sendable, Hashable {
  case parquet, jsonLines, text, tokenShard

  private static func ofName(_ path: String) -> CorpusFileKind? {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return nil }
    return switch name[name.index(after: dot)...].lowercased() {
    case "parquet": .parquet
    case "jsonl", "ndjson": .jsonLines
    case "txt", "text", "md": .text
    case "tokens": .tokenShard
    default: nil
    }
  }

  /// nil where neither the name nor the first bytes tell.
  static func find(_ path: String) throws(CorpusError) -> CorpusFileKind? {
    if let kind = ofName(path) { return kind }
    var start = try InputFile(path: path).prefix(8)
    let isParquet = [ParquetFile.magic, ParquetFile.encryptedMagic].contains(Array(start.prefix(4)))
    if isParquet { return .parquet }
    if start == TokenShard.magic { return .tokenShard }
    // JSON lines are often named `.json`; a value that spans lines then fails as such, and so does a
    // byte order mark.
    if start.starts(with: JSONParser.byteOrderMark) {
      start.removeFirst(JSONParser.byteOrderMark.count)
    }
    if let first = start.first(where: { $0 > 0x20 }), "{[".utf8.contains(first) {
      return .jsonLines
    }
    return nil
  }

  package static func of(_ path: String) throws(CorpusError) -> CorpusFileKind {
    guard let kind = try find(path) else { throw .unknownFileKind(path: path) }
    return kind
  }
}

/// Turns files and folders into a sorted list of files.
enum DocumentFiles {
  /// Every file must be of a known kind, in folders too: text that is left out is not missed. Of
  /// folders only files of `kinds` are taken; a file given itself must be one. Messages name the
  /// kinds in this order.
  static func expand(
    _ paths: [String], kinds: [CorpusFileKind]
  ) throws(CorpusError) -> [(path: String, kind: CorpusFileKind)] {
    var files: [(path: String, kind: CorpusFileKind)] = []
    for path in paths {
      if try isFolder(path) {
        for file in try all(in: path) {
          let kind = try CorpusFileKind.of(file)
          if kinds.contains(kind) { files.append((file, kind)) }
        }
      } else {
        let kind = try CorpusFileKind.of(path)
        guard kinds.contains(kind) else {
          throw .wrongFileKind(path: path, found: kind, accepted: kinds)
        }
        files.append((path, kind))
      }
    }
    if files.isEmpty { throw .nothingToRead(paths: paths, accepted: kinds) }
    return files
  }

  /// All files in a folder and below, in the order of their names' bytes; names that begin with a
  /// dot are left out.
  static func all(in folder: String) throws(CorpusError) -> [String] {
    var files: [String] = []
    try walk(folder, &files, depth: 0)
    return files
  }

  private static func walk(
    _ folder: String, _ files: inout [String], depth: Int
  ) throws(CorpusError) {
    // A link that leads back to its own folder would never end.
    guard depth < 32 else { throw .system(path: folder, operation: .list, code: ELOOP) }
    for name in try entries(of: folder) {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      if try isFolder(path) {
        try walk(path, &files, depth: depth + 1)
      } else {
        files.append(path)
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
