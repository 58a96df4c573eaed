import Glibc

/// A folder that is gone when the test is over.
final class ScratchFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/corpus-tests-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw SetupFault.cannotMakeFolder }
    path = String(cString: made)
  }

  deinit { Self.remove(path) }

  enum SetupFault: Error { case cannotMakeFolder, cannotReadFile, cannotWriteFile }

  func file(_ name: String, _ text: String) throws -> String {
    try file(name, Array(text.utf8))
  }

  /// Writes a file, and the folders its name asks for.
  @discardableResult
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let parts = name.split(separator: "/")
    var folder = path
    for part in parts.dropLast() {
      folder += "/" + part
      mkdir(folder, 0o755)
    }
    let file = "\(path)/\(name)"
    guard let stream = fopen(file, "wb") else { throw SetupFault.cannotWriteFile }
    fwrite(bytes, 1, bytes.count, stream)
    fclose(stream)
    return file
  }

  private static func remove(_ path: String) {
    if let stream = opendir(path) {
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { remove("\(path)/\(name)") }
      }
      closedir(stream)
    }
    Glibc.remove(path)
  }
}

func contents(of path: String) throws -> [UInt8] {
  guard let stream = fopen(path, "rb") else { throw ScratchFolder.SetupFault.cannotReadFile }
  defer { fclose(stream) }
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&block, 1, block.count, stream)
    if count == 0 { return bytes }
    bytes.append(contentsOf: block[..<count])
  }
}

/// The sample data that comes with the package.
let sampleData =
  #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/data"

let fixtures = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Fixtures"
