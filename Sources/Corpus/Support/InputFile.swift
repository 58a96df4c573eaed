import Glibc

/// A file opened for reading at any offset.
///
/// `pread` into own buffers, not a mapping: a file that another program cuts short while it is
/// read then gives an error, where a mapping would kill the process with SIGBUS.
final class InputFile: Sendable {
  let path: String
  let size: Int
  private let descriptor: Int32

  init(path: String) throws(CorpusError) {
    // Without O_NONBLOCK a pipe that nobody writes to would hold the program here.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path: path, operation: .open, code: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .system(path: path, operation: .status, code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      if status.st_mode & S_IFMT == S_IFDIR {
        throw .system(path: path, operation: .read, code: EISDIR)
      }
      throw .notRegular(path: path)
    }
    self.path = path
    self.size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Fills as much of `buffer` as the file has from `offset` on; returns the number of bytes.
  func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CorpusError) -> Int {
    var done = 0
    while done < buffer.count, let base = buffer.baseAddress {
      let result = pread(descriptor, base + done, buffer.count - done, off_t(offset + done))
      if result > 0 {
        done += result
      } else if result == 0 {
        break
      } else if errno != EINTR {
        throw .system(path: path, operation: .read, code: errno)
      }
    }
    return done
  }

  /// The file's first bytes, at most `count`.
  func prefix(_ count: Int) throws(CorpusError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var outcome: Result<Int, CorpusError> = .success(0)
    bytes.withUnsafeMutableBytes { buffer in
      do throws(CorpusError) { outcome = .success(try read(at: 0, into: buffer)) } catch {
        outcome = .failure(error)
      }
    }
    return Array(bytes.prefix(try outcome.get()))
  }

  /// Maps the whole file for reading; an empty one to nothing. The caller unmaps it.
  func map() throws(CorpusError) -> UnsafeRawBufferPointer {
    if size == 0 { return UnsafeRawBufferPointer(start: nil, count: 0) }
    guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED
    else { throw .system(path: path, operation: .map, code: errno) }
    return UnsafeRawBufferPointer(start: base, count: size)
  }
}
