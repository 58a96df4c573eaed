import Glibc

/// A file that is written from start to end through a buffer.
final class OutputFile {
  let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 18

  /// With `isScratch` the file has no name: it is gone when it is closed, however that happens.
  init(path: String, isScratch: Bool = false) throws(CorpusError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system(path: path, operation: .open, code: errno) }
    if isScratch { unlink(path) }
    self.path = path
    self.descriptor = descriptor
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit { close(descriptor) }

  func write(_ bytes: UnsafeRawBufferPointer) throws(CorpusError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferSize { try flush() }
  }

  func write(_ bytes: [UInt8]) throws(CorpusError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferSize { try flush() }
  }

  func flush() throws(CorpusError) {
    try writeAll(buffer, at: nil)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Overwrites bytes that have been flushed.
  func overwrite(at offset: Int, _ bytes: [UInt8]) throws(CorpusError) {
    try writeAll(bytes, at: offset)
  }

  /// Bytes that have been flushed.
  func read(at offset: Int, count: Int) throws(CorpusError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let result = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if result < 0, errno == EINTR { continue }
      guard result > 0 else {
        throw .system(path: path, operation: .read, code: result == 0 ? EIO : errno)
      }
      done += result
    }
    return bytes
  }

  /// Appends all of `other`, which must have been flushed.
  func append(contentsOf other: OutputFile) throws(CorpusError) {
    try flush()
    var offset = 0
    var block = [UInt8](repeating: 0, count: Self.bufferSize)
    while true {
      let count = pread(other.descriptor, &block, block.count, off_t(offset))
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(path: other.path, operation: .read, code: errno)
      }
      if count == 0 { return }
      try writeAll(Array(block[..<count]), at: nil)
      offset += count
    }
  }

  private func writeAll(_ bytes: [UInt8], at offset: Int?) throws(CorpusError) {
    var done = 0
    while done < bytes.count {
      let result = bytes.withUnsafeBytes { all in
        let rest = UnsafeRawBufferPointer(rebasing: all[done...])
        return if let offset {
          pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        } else {
          Glibc.write(descriptor, rest.baseAddress, rest.count)
        }
      }
      if result < 0 {
        if errno == EINTR { continue }
        throw .system(path: path, operation: .write, code: errno)
      }
      done += result
    }
  }
}
