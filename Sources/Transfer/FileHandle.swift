#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An open file that closes itself; every failure says what was done to which path.
final class FileHandle {
  let path: String
  let descriptor: Int32

  init(path: String, flags: Int32, mode: mode_t = 0o644) throws(TransferError) {
    var descriptor: Int32
    repeat {
      descriptor = open(path, flags | O_CLOEXEC, mode)
    } while descriptor < 0 && errno == EINTR
    guard descriptor >= 0 else {
      throw .fileSystem(
        operation: flags & O_CREAT == 0 ? "open" : "create", path: path, code: errno)
    }
    self.path = path
    self.descriptor = descriptor
  }

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  /// A file that was not there before; nil when there is one.
  static func createNew(path: String) throws(TransferError) -> FileHandle? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor >= 0 { return FileHandle(path: path, descriptor: descriptor) }
    guard errno == EEXIST else {
      throw .fileSystem(operation: "create", path: path, code: errno)
    }
    return nil
  }

  deinit { close(descriptor) }

  func status() throws(TransferError) -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .fileSystem(operation: "look at", path: path, code: errno)
    }
    return status
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(TransferError) {
    var written = 0
    while written < bytes.count {
      let count = pwrite(
        descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written,
        off_t(offset + written))
      if count > 0 {
        written += count
      } else if count == 0 || errno != EINTR {
        throw .fileSystem(operation: "write", path: path, code: count == 0 ? EIO : errno)
      }
    }
  }

  /// The number of bytes read; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(TransferError) -> Int
  {
    while true {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      guard errno == EINTR else {
        throw .fileSystem(operation: "read", path: path, code: errno)
      }
    }
  }

  /// For everyone; this handle can still write.
  func makeReadOnly() throws(TransferError) {
    guard fchmod(descriptor, 0o444) == 0 else {
      throw .fileSystem(operation: "set the permissions of", path: path, code: errno)
    }
  }

  func truncate(to size: Int) throws(TransferError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else {
      throw .fileSystem(operation: "truncate", path: path, code: errno)
    }
  }
}

enum FileTime {
  static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// Operations on names.
enum Files {
  /// Nil when there is nothing, or nothing one may see.
  static func size(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  static func remove(_ path: String) { unlink(path) }

  static func rename(_ old: String, to new: String) throws(TransferError) {
    guard renameat(AT_FDCWD, old, AT_FDCWD, new) == 0 else {
      throw .fileSystem(operation: "rename", path: old, code: errno)
    }
  }

  /// The content of a file of at most `limit` bytes; nil when it is absent, unreadable or larger.
  static func contents(_ path: String, limit: Int) -> [UInt8]? {
    guard let file = try? FileHandle(path: path, flags: O_RDONLY) else { return nil }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let read = bytes.withUnsafeMutableBytes { buffer -> Int? in
        try? file.read(into: .init(rebasing: buffer[count...]), at: count)
      }
      guard let read else { return nil }
      if read == 0 { return Array(bytes[..<count]) }
      count += read
    }
    return nil
  }
}
