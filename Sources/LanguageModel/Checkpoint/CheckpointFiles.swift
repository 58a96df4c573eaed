#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The few file operations a checkpoint needs, with durability: what is renamed into place was
/// synced before.
package enum CheckpointFiles {
  /// Reads a whole file of at most `limit` bytes.
  package static func read(
    _ path: String, limit: Int = 1 << 30
  ) throws(CheckpointError) -> [UInt8] {
    let file = try OpenFile(reading: path)
    let size = try file.size()
    guard size <= limit else {
      throw .malformed(path: path, reason: .fileTooLong(bytes: size, limit: limit))
    }
    guard size > 0 else { return [] }
    // A file that shrinks between the two calls gives fewer bytes, never garbage.
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = pread(
          file.descriptor, buffer.baseAddress?.advanced(by: count), size - count, off_t(count))
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        count += got
      }
    }
    if failure != 0 { throw .system(path: path, operation: "read", code: failure) }
    return bytes
  }

  /// Writes and syncs a file; whoever reads `path` sees the old bytes or all of the new ones.
  package static func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
    let temporary = path + ".partial"
    let file = try OpenFile(creating: temporary)
    try file.write(bytes)
    try file.sync()
    try rename(temporary, to: path)
  }

  package static func append(_ text: String, to path: String) throws(CheckpointError) {
    let file = try OpenFile(appending: path)
    try file.write(Array(text.utf8))
  }

  package static func rename(_ source: String, to target: String) throws(CheckpointError) {
    #if canImport(Glibc)
      let result = Glibc.rename(source, target)
    #else
      let result = Darwin.rename(source, target)
    #endif
    if result != 0 { throw .system(path: target, operation: "rename to it", code: errno) }
  }

  /// Makes the folder and those above it; an existing one is fine.
  package static func makeFolder(_ path: String) throws(CheckpointError) {
    if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw .system(path: path, operation: "create the folder", code: errno)
    }
    try makeFolder(String(path[..<slash]))
    if mkdir(path, 0o777) != 0, errno != EEXIST {
      throw .system(path: path, operation: "create the folder", code: errno)
    }
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Names in a folder, sorted; empty when there is no such folder.
  package static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file or a folder with all it holds; what isn't there is no error.
  package static func remove(_ path: String) throws(CheckpointError) {
    if unlink(path) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else {
      throw .system(path: path, operation: "remove", code: errno)
    }
    for name in names(in: path) { try remove(path + "/" + name) }
    if rmdir(path) != 0 { throw .system(path: path, operation: "remove", code: errno) }
  }

  /// Makes earlier renames in the folder durable.
  package static func syncFolder(_ path: String) throws(CheckpointError) {
    try OpenFile(reading: path).sync()
  }

  package static func copy(_ source: String, to target: String) throws(CheckpointError) {
    try write(try read(source), to: target)
  }
}

/// A file descriptor that closes itself.
final class OpenFile {
  let path: String
  let descriptor: Int32

  private init(_ path: String, _ flags: Int32, _ operation: String) throws(CheckpointError) {
    self.path = path
    descriptor = open(path, flags | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .system(path: path, operation: operation, code: errno) }
  }

  convenience init(reading path: String) throws(CheckpointError) {
    // Without O_NONBLOCK a pipe that nobody writes to would hold the program here.
    try self.init(path, O_RDONLY | O_NONBLOCK, "open")
  }

  convenience init(creating path: String) throws(CheckpointError) {
    try self.init(path, O_WRONLY | O_CREAT | O_TRUNC, "create")
  }

  convenience init(appending path: String) throws(CheckpointError) {
    try self.init(path, O_WRONLY | O_CREAT | O_APPEND, "open")
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Bytes of a regular file; anything else can't be read as one.
  func size() throws(CheckpointError) -> Int {
    var status = stat()
    if fstat(descriptor, &status) != 0 {
      throw .system(path: path, operation: "inspect", code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      if status.st_mode & S_IFMT == S_IFDIR {
        throw .system(path: path, operation: "read", code: EISDIR)
      }
      throw .malformed(path: path, reason: .notRegular)
    }
    return Int(status.st_size)
  }

  func write(_ bytes: [UInt8]) throws(CheckpointError) {
    try bytes.withUnsafeBufferPointer { buffer throws(CheckpointError) in
      try write(UnsafeRawBufferPointer(buffer))
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #else
        let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(path: path, operation: "write", code: errno)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }

  /// `count` bytes from `offset`; nil when the file ends before.
  func read(_ count: Int, at offset: Int) throws(CheckpointError) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let isComplete = try bytes.withUnsafeMutableBufferPointer { buffer throws(CheckpointError) in
      try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
    }
    return isComplete ? bytes : nil
  }

  /// Fills `buffer` from `offset`; false when the file ends before.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(CheckpointError)
    -> Bool
  {
    var done = 0
    while done < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done,
        off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(path: path, operation: "read", code: errno)
      }
      if count == 0 { return false }
      done += count
    }
    return true
  }

  func sync() throws(CheckpointError) {
    if fsync(descriptor) != 0 { throw .system(path: path, operation: "sync", code: errno) }
  }
}
