import BuildEngine
import Glibc

/// The files of a new project: this program's own pipeline, so that the two can't drift apart.
struct StarterFiles {
  /// The folder they are copied from.
  let source: String

  /// Names relative to the project's folder.
  private static let singleFiles = ["pipeline.yaml", "cache/README.md", ".gitignore"]

  static let dataFolder = "data"

  /// Found beside the program: in a checkout some folders up, or in `../share/nanobuild`.
  static func find(executable: String) -> StarterFiles? {
    var folder = Substring(executable)
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      for candidate in [String(folder), String(folder) + "/share/nanobuild"]
      where isStarter(candidate) {
        return StarterFiles(source: candidate)
      }
    }
    return nil
  }

  private static func isStarter(_ folder: String) -> Bool {
    access(folder + "/data/SOURCES.md", R_OK) == 0 && access(folder + "/pipeline.yaml", R_OK) == 0
  }

  /// Everything to copy, sorted; files the source lacks are left out.
  func files() throws(StepFailure) -> [String] {
    var names = Self.singleFiles.filter { access(source + "/" + $0, R_OK) == 0 }
    for folder in ["profiles", Self.dataFolder] {
      names += try Self.list(source + "/" + folder).map { folder + "/" + $0 }
    }
    return names
  }

  private static func list(_ folder: String) throws(StepFailure) -> [String] {
    guard let directory = opendir(folder) else {
      throw StepFailure("cannot read \(folder): \(String(cString: strerror(errno)))")
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var status = stat()
      if !name.hasPrefix("."), stat(folder + "/" + name, &status) == 0,
        status.st_mode & S_IFMT == S_IFREG
      {
        names.append(name)
      }
    }
    return names.sorted()
  }

  /// Writes one file; never over another.
  func copy(_ name: String, to folder: String) throws(StepFailure) {
    let target = folder + "/" + name
    try Self.makeFolder(of: target)
    let input = open(source + "/" + name, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw Self.failure("cannot read", source + "/" + name) }
    defer { close(input) }
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard output >= 0 else { throw Self.failure("cannot write", target) }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(input, &buffer, buffer.count)
      guard count > 0 else {
        let status = close(output)
        guard count == 0, status == 0 else { throw Self.failure("cannot copy", target) }
        return
      }
      var written = 0
      while written < count {
        let step = buffer.withUnsafeBytes { raw in
          write(output, raw.baseAddress?.advanced(by: written), count - written)
        }
        guard step > 0 else {
          close(output)
          throw Self.failure("cannot write", target)
        }
        written += step
      }
    }
  }

  /// Makes the folder that a file goes to, and those above it.
  static func makeFolder(of path: String) throws(StepFailure) {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let folder = String(path[..<slash])
    if access(folder, F_OK) == 0 { return }
    try makeFolder(of: folder)
    guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
      throw failure("cannot make the folder", folder)
    }
  }

  private static func failure(_ what: String, _ path: String) -> StepFailure {
    StepFailure("\(what) \(path): \(String(cString: strerror(errno)))")
  }
}
