import ByteCoding

/// One file of the user's that an input names, directly or by a folder or glob.
struct SourceFile: Sendable {
  /// As the pipeline file would name it.
  var name: String
  var path: String
  var status: FileStatus
}

/// What a path of an input stands for at one moment.
struct SourceListing: Sendable {
  var files: [SourceFile] = []
  /// Folders that were read to find the files: when none changed, no file came or went.
  var folders: [(path: String, stamp: FileGuard)] = []
  /// The input names one folder: the step gets the folder.
  var isFolder = false
  var isPattern = false
  /// How many bytes of the names only say where the files lie. The key has what follows: the last
  /// name of a single file, paths below a folder, or below the fixed part of a glob.
  var placeLength = 0
  /// A link that leads to no file was passed over. What it leads to may turn into one while no
  /// folder that was read changes.
  var hasUnsettledLink = false
}

/// Finds the files behind a path, folder or glob.
struct SourceLister {
  private static let levelLimit = 40
  let projectRoot: String

  /// Lists `path`; an empty listing means there is nothing of that name.
  func list(_ path: String) throws(BuildError) -> SourceListing {
    var listing = SourceListing()
    let absolute = Path.absolute(path, base: projectRoot)
    if let status = Disk.status(absolute) {
      if status.kind == .other { throw .specialInput(path: path) }
      if status.kind == .folder {
        listing.isFolder = true
        let name = trimmed(path)
        listing.placeLength = placeLength(name)
        try walk(absolute, name: name, into: &listing, level: 0)
      } else {
        let own = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        listing.placeLength = own.map { path.utf8.distance(from: path.startIndex, to: $0) + 1 } ?? 0
        listing.files.append(SourceFile(name: path, path: absolute, status: status))
      }
    } else if Glob.isPattern(path) {
      listing.isPattern = true
      var components = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)[
        ...]
      var name = path.hasPrefix("/") ? "/" : ""
      while let first = components.first, !Glob.isPattern(first) {
        name = join(name, first)
        components = components.dropFirst()
      }
      listing.placeLength = placeLength(name)
      try expand(
        name.isEmpty ? projectRoot : Path.absolute(name, base: projectRoot), name: name,
        components, into: &listing, level: 0)
    } else {
      return listing
    }
    listing.files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    // `a/**/**/b` may find a file by several ways.
    var previous: ExactText?
    listing.files.removeAll { file in
      let name = ExactText(file.name)
      defer { previous = name }
      return name == previous
    }
    return listing
  }

  private func placeLength(_ folder: String) -> Int {
    folder.isEmpty || folder.hasSuffix("/") ? folder.utf8.count : folder.utf8.count + 1
  }

  private func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  private func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    return path
  }

  private func enter(
    _ folder: String, into listing: inout SourceListing, level: Int
  ) throws(BuildError) -> [String]? {
    guard level < Self.levelLimit else { throw .tooManyLevels(path: folder) }
    // The stamp is taken first: what comes later changes it.
    guard let status = Disk.status(folder), status.kind == .folder else { return nil }
    listing.folders.append((folder, status.stamp))
    return try Disk.names(in: folder)
  }

  /// The status of what is at `path` when it is of this kind; takes note of links that are not.
  private func wanted(
    _ kind: FileStatus.Kind, at path: String, _ listing: inout SourceListing
  ) -> FileStatus? {
    let status = Disk.status(path)
    if let status, status.kind == kind { return status }
    if Disk.status(path, follow: false)?.kind == .link { listing.hasUnsettledLink = true }
    return nil
  }

  private func walk(
    _ folder: String, name: String, into listing: inout SourceListing, level: Int
  ) throws(BuildError) {
    guard let names = try enter(folder, into: &listing, level: level) else { return }
    for entry in names {
      let path = join(folder, entry)
      guard let status = Disk.status(path) else {
        throw .unreadableInput(path: path, code: 2)
      }
      switch status.kind {
      case .folder: try walk(path, name: join(name, entry), into: &listing, level: level + 1)
      case .other: throw .specialInput(path: path)
      case .file, .link:
        listing.files.append(SourceFile(name: join(name, entry), path: path, status: status))
      }
    }
  }

  private func expand(
    _ folder: String, name: String, _ components: ArraySlice<String>,
    into listing: inout SourceListing, level: Int
  ) throws(BuildError) {
    guard let pattern = components.first else { return }
    let rest = components.dropFirst()
    if pattern == "**" {
      if rest.isEmpty {
        try expand(folder, name: name, ["*"], into: &listing, level: level)
      } else {
        try expand(folder, name: name, rest, into: &listing, level: level)
      }
    }
    guard let names = try enter(folder, into: &listing, level: level) else { return }
    for entry in names {
      let path = join(folder, entry)
      let entryName = join(name, entry)
      if pattern == "**" {
        guard entry.utf8.first != UInt8(ascii: ".") else { continue }
        guard wanted(.folder, at: path, &listing) != nil else { continue }
        try expand(path, name: entryName, components, into: &listing, level: level + 1)
      } else if Glob.matches(entry, pattern) {
        guard let status = wanted(rest.isEmpty ? .file : .folder, at: path, &listing) else {
          continue
        }
        if rest.isEmpty {
          listing.files.append(SourceFile(name: entryName, path: path, status: status))
        } else {
          try expand(path, name: entryName, rest, into: &listing, level: level + 1)
        }
      }
    }
  }
}
