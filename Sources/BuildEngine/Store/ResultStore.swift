import ByteCoding
import CSystem
import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Published results: turning a staging folder into one, and telling whether one is intact.
///
/// Safe from any thread; the index is not touched here.
struct ResultStore: Sendable {
  let layout: CacheLayout

  var records: RecordLog { RecordLog(path: layout.records) }

  // MARK: Publishing

  /// Makes everything below `folder` read-only and hashes it.
  ///
  /// A file with a second name elsewhere is copied first, so that the result shares bytes with
  /// nobody; links must be relative and lead to something inside. Files that the step hashed as it
  /// wrote them, and that are as it says, are not read; a folder that it made whole is not listed.
  func seal(
    _ folder: String, written: WrittenOutput = [], width: Int
  ) throws(BuildError) -> ResultManifest {
    // What a link in its place leads to belongs to somebody else.
    let status = try Disk.requireStatus(folder, follow: false)
    guard status.kind == .folder else { throw .resultIsNoFolder }
    var entries: [ResultManifest.Entry] = []
    if written.isWhole, let stated = Self.stated(written.files, in: folder, status) {
      return ResultManifest(entries: stated)
    }
    let known = Dictionary(written.files.map { (ExactText($0.path), $0) }) { $1 }
    var files: [Int] = []
    try collect(folder, "", known, into: &entries, unread: &files)
    if files.isEmpty { return ResultManifest(entries: entries.sorted(by: Self.precedes)) }
    let hashed = FileHasher.hash(files.map { folder + "/" + entries[$0].path }, width: width)
    for (number, index) in files.enumerated() {
      let file = try hashed[number].get()
      entries[index].kind = .file(file.digest, isExecutable: file.isExecutable)
      entries[index].stamp = file.stamp
      entries[index].verifiedAt = file.readAt
    }
    return ResultManifest(entries: entries.sorted(by: Self.precedes))
  }

  /// The entries of a folder that holds just these files; nil when one of them is not as stated.
  private static func stated(
    _ files: [WrittenFile], in folder: String, _ status: FileStatus
  ) -> [ResultManifest.Entry]? {
    guard status.permissions & 0o700 == 0o700 else { return nil }
    var entries = [
      ResultManifest.Entry(
        path: "", kind: .folder(isEmpty: files.isEmpty), stamp: status.stamp, verifiedAt: 0)
    ]
    for file in files {
      guard !file.path.utf8.contains(UInt8(ascii: "/")),
        let status = Disk.status(folder + "/" + file.path, follow: false),
        status.kind == .file, let entry = entry(file.path, status, file)
      else { return nil }
      entries.append(entry)
    }
    return entries.count > 2 ? entries.sorted(by: precedes) : entries
  }

  private static func precedes(_ a: ResultManifest.Entry, _ b: ResultManifest.Entry) -> Bool {
    a.path.utf8.lexicographicallyPrecedes(b.path.utf8)
  }

  private func collect(
    _ root: String, _ folder: String, _ known: [ExactText: WrittenFile],
    into entries: inout [ResultManifest.Entry], unread: inout [Int]
  ) throws(BuildError) {
    let absolute = folder.isEmpty ? root : root + "/" + folder
    let (status, contents) = try openedContents(of: absolute)
    entries.append(
      ResultManifest.Entry(
        path: folder, kind: .folder(isEmpty: contents.isEmpty), stamp: status.stamp, verifiedAt: 0))
    for (name, first) in contents {
      let path = folder.isEmpty ? name : folder + "/" + name
      let full = root + "/" + path
      var status = first
      switch status.kind {
      case .folder: try collect(root, path, known, into: &entries, unread: &unread)
      case .file:
        if let entry = Self.entry(path, status, known[ExactText(path)]) {
          entries.append(entry)
          continue
        }
        if status.links > 1 {
          try separate(full)
          status = try Disk.requireStatus(full, follow: false)
        }
        let mode: UInt32 = status.isExecutable ? 0o555 : 0o444
        // Hashing looks at the stamp the file has then.
        if status.permissions != mode { try Disk.setPermissions(full, mode) }
        unread.append(entries.count)
        entries.append(
          ResultManifest.Entry(
            path: path, kind: .file(Digest(high: 0, low: 0), isExecutable: status.isExecutable),
            stamp: status.stamp, verifiedAt: 0))
      case .link:
        let target = Disk.linkTarget(full) ?? ""
        guard Self.staysInside(link: path, target: target), Disk.status(full) != nil else {
          throw .escapingLinkInResult(path: path, target: target)
        }
        entries.append(
          ResultManifest.Entry(
            path: path, kind: .link(target), stamp: status.stamp, verifiedAt: 0))
      case .other: throw .specialFileInResult(path: path)
      }
    }
  }

  /// A folder's contents; one that its owner may not use is opened first.
  private func openedContents(
    of path: String
  ) throws(BuildError) -> (status: FileStatus, entries: [(name: String, status: FileStatus)]) {
    if let found = try? Disk.contents(of: path), found.status.permissions & 0o700 == 0o700 {
      return found
    }
    _ = try Disk.requireStatus(path, follow: false)
    try Disk.setPermissions(path, 0o755)
    return try Disk.contents(of: path)
  }

  /// The entry of a file that is as the step that wrote it says; nil when it must be read.
  ///
  /// Its content was right at the file's last change, so that, like everything that was hashed just
  /// after it was written, it is read once more at its next use.
  private static func entry(
    _ path: String, _ status: FileStatus, _ written: WrittenFile?
  ) -> ResultManifest.Entry? {
    guard let written, written.stamp == status.stamp, status.links == 1,
      status.permissions == 0o444
    else { return nil }
    return ResultManifest.Entry(
      path: path, kind: .file(written.digest, isExecutable: false), stamp: status.stamp,
      verifiedAt: max(status.stamp.modified, status.stamp.changed))
  }

  /// Whether a relative link at `link` leads to a place inside the folder both are relative to.
  static func staysInside(link: String, target: String) -> Bool {
    guard !target.isEmpty, !target.hasPrefix("/") else { return false }
    var depth = link.split(separator: "/").count - 1
    for component in target.split(separator: "/") {
      switch component {
      case ".": continue
      case "..": depth -= 1
      default: depth += 1
      }
      if depth < 0 { return false }
    }
    return true
  }

  /// Replaces a hard-linked file by a copy of its own.
  private func separate(_ path: String) throws(BuildError) {
    var status = nb_file_status()
    guard nb_file_status_at(AT_FDCWD, path, 0, &status) == 0, status.links > 1 else { return }
    let from = nb_open_read(path)
    guard from >= 0 else { throw .system(operation: "read", path: path, code: errno) }
    defer { close(from) }
    let copy = path + ".separate"
    let to = nb_open_create(copy, 1, status.mode & 0o777 | 0o600)
    guard to >= 0 else { throw .system(operation: "write", path: copy, code: errno) }
    let code = nb_copy_file_data(from, to, status.size)
    close(to)
    guard code == 0 else {
      unlink(copy)
      throw .system(operation: "copy", path: path, code: code)
    }
    try Disk.move(copy, to: path)
  }

  /// Flushes every file and folder of a sealed tree to the disk.
  func flush(_ folder: String, _ manifest: ResultManifest) throws(BuildError) {
    for entry in manifest.entries {
      if case .link = entry.kind { continue }
      try Disk.synchronize(entry.path.isEmpty ? folder : folder + "/" + entry.path)
    }
  }

  /// Moves a sealed folder to its place, or drops it when an intact result is there already.
  /// Returns the manifest with stamps as they are in place.
  func place(_ folder: String, _ manifest: ResultManifest) throws(BuildError) -> ResultManifest {
    let digest = manifest.digest
    let destination = layout.result(digest)
    for _ in 0..<16 {
      // Takes the place of nothing but an empty folder.
      if rename(folder, destination) == 0 { return restamped(manifest, at: destination) }
      let code = errno
      guard code == EEXIST || code == ENOTEMPTY || code == ENOTDIR else {
        throw .system(operation: "publish", path: destination, code: code)
      }
      if let found = try intact(digest) {
        try Disk.removeTree(folder)
        return found
      }
      try setAside(digest)
    }
    throw .system(operation: "publish", path: destination, code: EBUSY)
  }

  /// Folder stamps change by the rename; those of files and links don't.
  private func restamped(_ manifest: ResultManifest, at folder: String) -> ResultManifest {
    var manifest = manifest
    for index in manifest.entries.indices {
      if case .file = manifest.entries[index].kind { continue }
      let path = manifest.entries[index].path
      let now = Clock.wall()
      if let status = Disk.status(path.isEmpty ? folder : folder + "/" + path, follow: false) {
        manifest.entries[index].stamp = status.stamp
        manifest.entries[index].verifiedAt = now
      }
    }
    return manifest
  }

  /// Moves a damaged result out of the way; it is never used again and `gc` removes it.
  func setAside(_ digest: Digest) throws(BuildError) {
    let name = "\(layout.staging)/damaged-\(digest)-\(getpid())-\(Clock.wall())"
    guard rename(layout.result(digest), name) == 0 || errno == ENOENT else {
      throw .system(operation: "move aside", path: layout.result(digest), code: errno)
    }
  }

  /// Reads a published result completely; its manifest when the content is what the name says.
  func intact(_ digest: Digest) throws(BuildError) -> ResultManifest? {
    guard let manifest = try? rescan(layout.result(digest)) else { return nil }
    return manifest.digest == digest ? manifest : nil
  }

  /// As `seal`, changing nothing.
  func rescan(_ folder: String, width: Int = 1) throws(BuildError) -> ResultManifest {
    var entries: [ResultManifest.Entry] = []
    try list(folder, "", into: &entries)
    let files = entries.indices.filter { if case .file = entries[$0].kind { true } else { false } }
    let hashed = FileHasher.hash(files.map { folder + "/" + entries[$0].path }, width: width)
    for (number, index) in files.enumerated() {
      let file = try hashed[number].get()
      entries[index].kind = .file(file.digest, isExecutable: file.isExecutable)
      entries[index].stamp = file.stamp
      entries[index].verifiedAt = file.readAt
    }
    return ResultManifest(entries: entries.sorted(by: Self.precedes))
  }

  private func list(
    _ root: String, _ folder: String, into entries: inout [ResultManifest.Entry]
  ) throws(BuildError) {
    let absolute = folder.isEmpty ? root : root + "/" + folder
    let now = Clock.wall()
    let (status, contents) = try Disk.contents(of: absolute)
    entries.append(
      ResultManifest.Entry(
        path: folder, kind: .folder(isEmpty: contents.isEmpty), stamp: status.stamp,
        verifiedAt: now))
    for (name, status) in contents {
      let path = folder.isEmpty ? name : folder + "/" + name
      let kind: ResultManifest.Kind
      switch status.kind {
      case .folder:
        try list(root, path, into: &entries)
        continue
      case .file: kind = .file(Digest(high: 0, low: 0), isExecutable: status.isExecutable)
      case .link: kind = .link(Disk.linkTarget(root + "/" + path) ?? "")
      case .other: throw .specialFileInResult(path: path)
      }
      entries.append(
        ResultManifest.Entry(path: path, kind: kind, stamp: status.stamp, verifiedAt: now))
    }
  }
}
