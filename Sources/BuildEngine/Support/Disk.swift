import CSystem
import Diagnostics

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The part of a file's status that tells whether its content may have changed since it was read.
package struct FileGuard: Sendable, Hashable {
  package var size: Int64
  package var modified: Int64
  package var changed: Int64
  package var inode: UInt64

  package init(size: Int64, modified: Int64, changed: Int64, inode: UInt64) {
    self.size = size
    self.modified = modified
    self.changed = changed
    self.inode = inode
  }
}

/// A file's kind, guard and permission.
package struct FileStatus: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case file
    case folder
    case link
    case other
  }

  package var kind: Kind
  package var stamp: FileGuard
  package var permissions: UInt32
  package var device: UInt64
  package var blocks: Int64
  /// Names the file has.
  package var links: UInt32

  package var isExecutable: Bool { permissions & 0o111 != 0 }

  init(_ status: nb_file_status) {
    kind =
      switch status.mode & UInt32(S_IFMT) {
      case UInt32(S_IFREG): .file
      case UInt32(S_IFDIR): .folder
      case UInt32(S_IFLNK): .link
      default: .other
      }
    stamp = FileGuard(
      size: status.size, modified: status.modified_ns, changed: status.changed_ns,
      inode: status.inode)
    permissions = status.mode & 0o7777
    device = status.device
    blocks = status.blocks
    links = status.links
  }
}

/// System calls on files with typed errors; the only place of the engine that makes them.
package enum Disk {
  /// The status of `path`, or nil when there is none; `follow` looks behind a symbolic link.
  package static func status(_ path: String, follow: Bool = true) -> FileStatus? {
    status(path, follow: follow, in: AT_FDCWD)
  }

  /// As `status`, for a path relative to an open folder.
  static func status(_ path: String, follow: Bool, in directory: Int32) -> FileStatus? {
    var found = nb_file_status()
    return nb_file_status_at(directory, path, follow ? 1 : 0, &found) == 0 ? FileStatus(found) : nil
  }

  /// As `status`, but says why there is none.
  static func requireStatus(_ path: String, follow: Bool = true) throws(BuildError) -> FileStatus {
    var found = nb_file_status()
    let code = nb_file_status_at(AT_FDCWD, path, follow ? 1 : 0, &found)
    guard code == 0 else { throw .system(operation: "look at", path: path, code: code) }
    return FileStatus(found)
  }

  package static func exists(_ path: String) -> Bool { status(path, follow: false) != nil }

  /// Creates a folder and those above it.
  package static func makeFolders(_ path: String) throws(BuildError) {
    if mkdir(path, 0o777) == 0 { return }
    let code = errno
    if code == EEXIST { return }
    if code == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolders(String(path[..<slash]))
      if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    }
    throw .system(operation: "create the folder", path: path, code: errno)
  }

  package static func move(_ from: String, to: String) throws(BuildError) {
    guard rename(from, to) == 0 else {
      throw .system(operation: "move `\(from)` to", path: to, code: errno)
    }
  }

  /// Removes a file or link; it need not exist.
  package static func removeFile(_ path: String) throws(BuildError) {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw .system(operation: "remove", path: path, code: errno)
    }
  }

  /// Removes a folder with all it holds, read-only folders too; it need not exist.
  package static func removeTree(_ path: String) throws(BuildError) {
    guard let status = status(path, follow: false) else { return }
    guard status.kind == .folder else { return try removeFile(path) }
    if status.permissions & 0o700 != 0o700 { chmod(path, 0o755) }
    for name in try names(in: path) { try removeTree(path + "/" + name) }
    guard rmdir(path) == 0 || errno == ENOENT else {
      throw .system(operation: "remove the folder", path: path, code: errno)
    }
  }

  /// What to say when something failed because hardly anything more fits on a disk; nil while there
  /// is room.
  static func lackOfRoom(at path: String) -> String? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let free = Int64(clamping: status.f_bavail).multipliedReportingOverflow(
      by: Int64(clamping: status.f_frsize))
    guard !free.overflow, free.partialValue < 256 << 10 else { return nil }
    return "only \(Format.bytes(Int(free.partialValue))) are free on the disk of the cache: "
      + "free some space (`nanobuild cache gc` removes old results) and run again"
  }

  /// The names in a folder, sorted by their bytes. A name that is not UTF-8 is an error.
  package static func names(in path: String) throws(BuildError) -> [String] {
    guard let directory = opendir(path) else {
      throw .system(operation: "list", path: path, code: errno)
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name else { throw .unnameableFileInResult(folder: path) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// A folder's own status and those of what is in it, sorted by the bytes of the names; looks behind
  /// no link.
  static func contents(
    of path: String
  ) throws(BuildError) -> (status: FileStatus, entries: [(name: String, status: FileStatus)]) {
    guard let directory = opendir(path) else {
      throw .system(operation: "list", path: path, code: errno)
    }
    defer { closedir(directory) }
    let descriptor = dirfd(directory)
    var own = nb_file_status()
    let code = nb_file_status_of(descriptor, &own)
    guard code == 0 else { throw .system(operation: "look at", path: path, code: code) }
    var entries: [(name: String, status: FileStatus)] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name else { throw .unnameableFileInResult(folder: path) }
      if name == "." || name == ".." { continue }
      var found = nb_file_status()
      let code = nb_file_status_at(descriptor, name, 0, &found)
      guard code == 0 else {
        throw .system(operation: "look at", path: path + "/" + name, code: code)
      }
      entries.append((name, FileStatus(found)))
    }
    if entries.count > 1 {
      entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
    return (FileStatus(own), entries)
  }

  package static func linkTarget(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      let length = readlink(path, start, 4096)
      guard length >= 0 else { return nil }
      return String(validating: UnsafeRawBufferPointer(buffer).prefix(length), as: UTF8.self)
    }
  }

  /// Puts a symbolic link at `path` in one step, whatever link was there.
  ///
  /// Where there is a link already the new one is made as `spare`, in a folder that exists, and
  /// renamed: what a kill leaves behind must not stand where people look.
  package static func replaceLink(
    _ path: String, target: String, spare: String
  ) throws(BuildError) {
    if symlink(target, path) == 0 { return }
    let code = errno
    guard code == EEXIST else { throw .system(operation: "link", path: path, code: code) }
    if let there = status(path, follow: false), there.kind == .folder { try removeTree(path) }
    unlink(spare)
    guard symlink(target, spare) == 0 else {
      throw .system(operation: "link", path: path, code: errno)
    }
    try move(spare, to: path)
  }

  // MARK: Whole files

  package static func read(_ path: String) throws(BuildError) -> [UInt8] {
    let descriptor = nb_open_read(path)
    guard descriptor >= 0 else { throw .system(operation: "read", path: path, code: errno) }
    defer { close(descriptor) }
    var status = nb_file_status()
    nb_file_status_of(descriptor, &status)
    // One byte more than it should have shows the end without reading twice; files of /proc say 0.
    var capacity = max(0, min(Int(status.size), 1 << 30)) + 1
    if status.size == 0 { capacity = 4096 }
    var bytes: [UInt8] = []
    while true {
      var failure: Int32 = 0
      let part = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        while count < capacity {
          let length = Glibc.read(
            descriptor, buffer.baseAddress?.advanced(by: count), capacity - count)
          if length < 0 && errno == EINTR { continue }
          if length < 0 { failure = errno }
          if length <= 0 { return }
          count += length
        }
      }
      guard failure == 0 else { throw .system(operation: "read", path: path, code: failure) }
      let isWhole = part.count < capacity
      if bytes.isEmpty { bytes = part } else { bytes += part }
      if isWhole { return bytes }
      capacity = 1 << 20
    }
  }

  /// Writes a file that appears whole or not at all.
  package static func writeWhole(
    _ bytes: [UInt8], to path: String, durable: Bool = false, mode: UInt32 = 0o666
  ) throws(BuildError) {
    let temporary = path + ".new.\(getpid())"
    var descriptor = nb_open_create(temporary, 1, mode)
    if descriptor < 0, errno == EEXIST {
      unlink(temporary)
      descriptor = nb_open_create(temporary, 1, mode)
    }
    guard descriptor >= 0 else { throw .system(operation: "write", path: path, code: errno) }
    var failure = writeAll(bytes, to: descriptor)
    if failure == 0, durable, fsync(descriptor) != 0 { failure = errno }
    if close(descriptor) != 0, failure == 0 { failure = errno }
    if failure == 0, rename(temporary, path) != 0 { failure = errno }
    if failure != 0 {
      unlink(temporary)
      throw .system(operation: "write", path: path, code: failure)
    }
  }

  /// 0 or the errno.
  static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let part = write(
          descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
        if part < 0 && errno == EINTR { continue }
        if part < 0 { return errno }
        offset += part
      }
      return 0
    }
  }

  /// Makes a file's or folder's content survive a loss of power.
  package static func synchronize(_ path: String) throws(BuildError) {
    let descriptor = nb_open_read(path)
    guard descriptor >= 0 else { throw .system(operation: "open", path: path, code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .system(operation: "flush", path: path, code: errno)
    }
  }

  package static func setPermissions(_ path: String, _ mode: UInt32) throws(BuildError) {
    guard chmod(path, mode) == 0 else {
      throw .system(operation: "set the permissions of", path: path, code: errno)
    }
  }
}

/// Paths as text.
package enum Path {
  /// `path` itself when absolute, else below `base`.
  package static func absolute(_ path: String, base: String) -> String {
    path.hasPrefix("/") ? path : base.hasSuffix("/") ? base + path : base + "/" + path
  }

  /// The part after the last slash.
  package static func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
