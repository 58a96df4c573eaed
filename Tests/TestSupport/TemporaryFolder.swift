#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A folder of its own for one test, gone with the last reference to it.
package final class TemporaryFolder: Sendable {
  /// Absolute, without a slash at the end.
  package let path: String

  package init(_ prefix: String = "nanobuild-test") throws(TemporaryFolderError) {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/\(prefix).XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw TemporaryFolderError(operation: "mkdtemp", path: base, code: errno)
    }
    // Resolved, so that paths a program reports compare equal to paths made from `path`.
    if let real = realpath(made, nil) {
      path = String(cString: real)
      free(real)
    } else {
      path = String(cString: made)
    }
  }

  deinit { Self.remove(path) }

  /// The absolute path of `relative` in the folder; the file need not exist.
  package func file(_ relative: String) -> String { "\(path)/\(relative)" }

  /// Writes a file, with the folders above it, and gives its absolute path.
  @discardableResult
  package func write(_ relative: String, _ text: String) throws(TemporaryFolderError) -> String {
    try write(relative, bytes: Array(text.utf8))
  }

  /// Writes a file, with the folders above it, and gives its absolute path.
  @discardableResult
  package func write(_ relative: String, bytes: [UInt8]) throws(TemporaryFolderError) -> String {
    let target = file(relative)
    if let slash = relative.lastIndex(of: "/") { try makeFolder(String(relative[..<slash])) }
    guard let handle = fopen(target, "wbe") else {
      throw TemporaryFolderError(operation: "write", path: target, code: errno)
    }
    let written = fwrite(bytes, 1, bytes.count, handle)
    guard fclose(handle) == 0, written == bytes.count else {
      throw TemporaryFolderError(operation: "write", path: target, code: errno)
    }
    return target
  }

  /// Makes a folder with all above it, and gives its absolute path.
  @discardableResult
  package func makeFolder(_ relative: String) throws(TemporaryFolderError) -> String {
    var current = path
    for part in relative.split(separator: "/") {
      current += "/\(part)"
      guard mkdir(current, 0o755) == 0 || errno == EEXIST else {
        throw TemporaryFolderError(operation: "mkdir", path: current, code: errno)
      }
    }
    return current
  }

  package func read(_ relative: String) throws(TemporaryFolderError) -> [UInt8] {
    try Self.read(at: file(relative))
  }

  /// The bytes of any file.
  package static func read(at target: String) throws(TemporaryFolderError) -> [UInt8] {
    guard let handle = fopen(target, "rbe") else {
      throw TemporaryFolderError(operation: "read", path: target, code: errno)
    }
    defer { fclose(handle) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, handle)
      bytes += chunk[0..<count]
      if count < chunk.count { break }
    }
    guard ferror(handle) == 0 else {
      throw TemporaryFolderError(operation: "read", path: target, code: errno)
    }
    return bytes
  }

  package func readText(_ relative: String) throws(TemporaryFolderError) -> String {
    String(decoding: try read(relative), as: UTF8.self)
  }

  /// True for a file, folder or link of any kind, a dangling link included.
  /// Whether nobody may write to a file.
  package func isReadOnly(_ relative: String) -> Bool {
    var status = stat()
    return stat(file(relative), &status) == 0 && status.st_mode & 0o222 == 0
  }

  package func exists(_ relative: String) -> Bool {
    var status = stat()
    return lstat(file(relative), &status) == 0
  }

  /// Names in a folder, sorted, without `.` and `..`.
  package func list(_ relative: String = ".") throws(TemporaryFolderError) -> [String] {
    try Self.list(at: file(relative))
  }

  /// Names in any folder, sorted, without `.` and `..`.
  package static func list(at path: String) throws(TemporaryFolderError) -> [String] {
    guard let names = names(path) else {
      throw TemporaryFolderError(operation: "list", path: path, code: errno)
    }
    return names.sorted()
  }

  /// Removes a file or a folder with everything in it, read-only or not.
  package static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      _ = chmod(path, 0o700)
      for name in names(path) ?? [] { remove("\(path)/\(name)") }
      _ = rmdir(path)
    } else {
      _ = unlink(path)
    }
  }

  private static func names(_ path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}

/// A file operation of a test's own that failed.
package struct TemporaryFolderError: Error, CustomStringConvertible {
  package var operation: String
  package var path: String
  package var code: Int32

  package var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}
