import Glibc

/// The project's files, and what its steps left behind.
extension TestProject {
  package func file(_ relative: String) -> String { "\(path)/\(relative)" }

  /// Writes a file in place: an existing one keeps its inode.
  package func write(_ file: String, _ text: String) throws {
    try write(file, bytes: Array(text.utf8))
  }

  package func write(_ file: String, bytes: [UInt8]) throws {
    try folder.write(relative(file), bytes: bytes)
  }

  package func read(_ file: String) throws -> String {
    String(decoding: try bytes(file), as: UTF8.self)
  }

  package func bytes(_ file: String) throws -> [UInt8] { try folder.read(relative(file)) }

  package func isReadOnly(_ file: String) -> Bool { folder.isReadOnly(relative(file)) }
  package func exists(_ file: String) -> Bool { folder.exists(relative(file)) }

  package func list(_ file: String = ".") throws -> [String] { try folder.list(relative(file)) }

  /// Removes a file or a whole folder, read-only or not.
  package func remove(_ file: String) { TemporaryFolder.remove(self.file(file)) }

  /// Copies a file or folder of the repository into the project.
  package func copy(fromRepository source: String, to target: String? = nil) throws {
    try copy(Self.repository + "/" + source, to: target ?? source)
  }

  private func copy(_ source: String, to target: String) throws {
    var status = stat()
    guard stat(source, &status) == 0 else {
      throw TemporaryFolderError(operation: "stat", path: source, code: errno)
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      try folder.makeFolder(relative(target))
      for name in try TemporaryFolder.list(at: source) {
        try copy("\(source)/\(name)", to: "\(target)/\(name)")
      }
    } else {
      try write(target, bytes: try TemporaryFolder.read(at: source))
      chmod(file(target), status.st_mode & 0o777)
    }
  }

  /// A file of an asset's result in force, found as a person would: through the link.
  package func result(
    _ asset: String, _ name: String = "text", profile: String = "default"
  ) throws -> String {
    try read("cache/current/\(profile)/\(asset)/\(name)")
  }

  /// The lines that the project's commands left in `ran` since the last call.
  package func takeRan() throws -> [String] {
    guard exists("ran") else { return [] }
    let lines = try read("ran").split(separator: "\n").map(String.init)
    remove("ran")
    return lines
  }

  /// Runs `body`, which may alter the file as it likes, and puts its times back.
  package func keepingTimes(of name: String, _ body: () throws -> Void) throws {
    var before = stat()
    stat(file(name), &before)
    try body()
    var times = [before.st_atim, before.st_mtim]
    utimensat(AT_FDCWD, file(name), &times, 0)
  }

  /// Sets when a file says it was changed, in seconds since 1970.
  package func setTime(of name: String, to seconds: Int) {
    let time = timespec(tv_sec: seconds, tv_nsec: 0)
    var times = [time, time]
    utimensat(AT_FDCWD, file(name), &times, 0)
  }

  private func relative(_ file: String) -> String {
    path == folder.path ? file : path.dropFirst(folder.path.count + 1) + "/" + file
  }
}
