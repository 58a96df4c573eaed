#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The file system as the loader sees it, so that tests need none.
package struct FileReader: Sendable {
  /// Why a file can't be read, in a few words.
  package struct Failure: Error, Sendable {
    package var reason: String
    package init(_ reason: String) { self.reason = reason }
  }

  package var read: @Sendable (_ path: String) throws -> [UInt8]
  package var exists: @Sendable (_ path: String) -> Bool

  package init(
    read: @escaping @Sendable (String) throws -> [UInt8],
    exists: @escaping @Sendable (String) -> Bool
  ) {
    self.read = read
    self.exists = exists
  }

  /// Regular files of the file system.
  package static let disk = FileReader(
    read: { try readFile($0) }, exists: { access($0, F_OK) == 0 })

  private static func readFile(_ path: String) throws(Failure) -> [UInt8] {
    guard !path.utf8.contains(0) else { throw Failure("the path contains a NUL") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure(reason(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Failure(reason(errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Failure("it is a folder")
    default: throw Failure("it is no regular file")
    }
    let size = Int(status.st_size)
    guard size <= 1 << 30 else { throw Failure("it is larger than 1 GiB") }
    // One byte more than the size shows that the file has not grown meanwhile.
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
      while count < buffer.count {
        let got = readBytes(
          descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
        if got > 0 {
          count += got
        } else if got == 0 {
          return
        } else if errno != EINTR {
          failure = errno
          return
        }
      }
    }
    guard failure == 0 else { throw Failure(reason(failure)) }
    guard bytes.count <= size else { throw Failure("it changes while it is read") }
    return bytes
  }

  private static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT, ENOTDIR: "there is no such file"
    case EACCES, EPERM: "permission denied"
    case ELOOP: "too many symbolic links"
    case ENAMETOOLONG: "the path is too long"
    default: String(cString: strerror(code)).lowercased()
    }
  }
}

/// `read(2)`, which `FileReader.read` hides inside the type.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int
{
  read(descriptor, buffer, count)
}
