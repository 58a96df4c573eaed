import CSystem
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The digest of one file's content, with the stamp it had and the moment it was read.
struct HashedFile: Sendable {
  var digest: Digest
  var stamp: FileGuard
  var isExecutable: Bool
  /// Wall clock, nanoseconds, before the first byte was read.
  var readAt: Int64

  var isRacy: Bool { stamp.isRacy(readAt: readAt) }
}

/// Reads and hashes files, several at a time.
///
/// 128 KiB reads measured twice as fast as a memory map.
package enum FileHasher {
  static let blockSize = 128 * 1024

  /// The digests of files, read on `width` threads.
  package static func digests(of paths: [String], width: Int) throws(BuildError) -> [Digest] {
    var digests: [Digest] = []
    digests.reserveCapacity(paths.count)
    for result in hash(paths, width: width) { digests.append(try result.get().digest) }
    return digests
  }

  /// Hashes one file; a file that changes meanwhile is read again.
  static func hash(_ path: String) throws(BuildError) -> HashedFile {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
    defer { buffer.deallocate() }
    return try hash(path, buffer: buffer, hasher: StreamingHasher())
  }

  /// Hashes `paths` on `width` threads; failures take the place of digests.
  static func hash(_ paths: [String], width: Int) -> [Result<HashedFile, BuildError>] {
    let failure = Result<HashedFile, BuildError>.failure(
      .system(operation: "read", path: "", code: EIO))
    let results = Mutex([Result<HashedFile, BuildError>](repeating: failure, count: paths.count))
    // Chunks, so that the lock is taken rarely; small, so that a large file does not hold up others.
    let chunk = max(1, min(64, paths.count / max(1, width * 8)))
    Threads.forEach(count: (paths.count + chunk - 1) / chunk, width: width) { number in
      let range = number * chunk..<min(paths.count, (number + 1) * chunk)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
      defer { buffer.deallocate() }
      let hasher = StreamingHasher()
      var found: [Result<HashedFile, BuildError>] = []
      for path in paths[range] {
        do throws(BuildError) {
          found.append(.success(try hash(path, buffer: buffer, hasher: hasher)))
        } catch {
          found.append(.failure(error))
        }
      }
      let done = found
      results.withLock { $0.replaceSubrange(range, with: done) }
    }
    return results.withLock { $0 }
  }

  private static func hash(
    _ path: String, buffer: UnsafeMutableRawBufferPointer, hasher: StreamingHasher
  ) throws(BuildError) -> HashedFile {
    let descriptor = nb_open_read(path)
    guard descriptor >= 0 else { throw .unreadableInput(path: path, code: errno) }
    defer { close(descriptor) }
    for _ in 0..<8 {
      let readAt = Clock.wall()
      var before = nb_file_status()
      var after = nb_file_status()
      nb_file_status_of(descriptor, &before)
      if before.mode & UInt32(S_IFMT) == UInt32(S_IFDIR) {
        throw .unreadableInput(path: path, code: EISDIR)
      }
      hasher.reset()
      var offset: Int64 = 0
      while true {
        let length = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        if length < 0 && errno == EINTR { continue }
        guard length >= 0 else { throw .unreadableInput(path: path, code: errno) }
        if length == 0 { break }
        hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
        offset += Int64(length)
      }
      nb_file_status_of(descriptor, &after)
      let status = FileStatus(after)
      if FileStatus(before).stamp == status.stamp, offset == status.stamp.size {
        return HashedFile(
          digest: hasher.digest(), stamp: status.stamp, isExecutable: status.isExecutable,
          readAt: readAt)
      }
    }
    throw .inputKeepsChanging(path: path)
  }
}
