import CSystem

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Copies of local files: shared blocks where the file system has them, real copies elsewhere;
/// never a hard link, whose bytes change with those of the original.
enum LocalCopy {
  /// Between two looks at `isCancelled`.
  private static let stride = 64 << 20

  /// Copies to `request.destination`, verifying size and hash where given.
  static func run(
    _ request: DownloadRequest, from source: String, isCancelled: () -> Bool,
    received: (Int) -> Void, admit: (Int) throws(TransferError) -> Void
  ) throws(TransferError) -> DownloadedFile {
    let (input, status) = try ofSource { () throws(TransferError) in
      // Non-blocking, so that a FIFO is refused below and not waited for.
      let input = try FileHandle(path: source, flags: O_RDONLY | O_NONBLOCK)
      return (input, try input.status())
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: source) }
    let size = Int(status.st_size)
    if let expected = request.size, expected != size {
      throw .wrongSize(url: source, expected: expected, found: size)
    }
    try admit(size)
    // Beside what may have come from elsewhere, which is of use should this copy be wrong.
    let destination = request.destination + ".copy"
    Files.remove(destination)
    do throws(TransferError) {
      let output = try FileHandle(path: destination, flags: O_WRONLY | O_CREAT | O_EXCL)
      if let expected = request.sha256 {
        let hash = try SHA256()
        try copy(input, to: output, hash: hash, isCancelled: isCancelled, received: received)
        let found = hash.finish()
        guard found == expected else {
          throw .wrongHash(url: source, expected: expected, found: found)
        }
      } else if nb_file_clone(output.descriptor, input.descriptor) == 0 {
        received(size)
      } else {
        try copy(input, to: output, hash: nil, isCancelled: isCancelled, received: received)
      }
      let copied = Int(try output.status().st_size)
      // A file that changed while it was read may be half old, half new.
      let after = try ofSource { () throws(TransferError) in try input.status() }
      guard copied == size, after.st_size == status.st_size,
        after.st_mtim.tv_sec == status.st_mtim.tv_sec,
        after.st_mtim.tv_nsec == status.st_mtim.tv_nsec
      else {
        throw .interrupted(url: source, received: copied, reason: "the file changed meanwhile")
      }
      try output.makeReadOnly()
      PartialFile.removeMemo(request.destination)
      try Files.rename(destination, to: request.destination)
    } catch {
      Files.remove(destination)
      throw error
    }
    return DownloadedFile(
      size: size, sha256: request.sha256, bytesReceived: size, resumedFrom: 0, attempts: 1)
  }

  /// What is wrong with a source may be right with a mirror; a process without room for another file is
  /// not the source's fault.
  private static func ofSource<Value>(
    _ body: () throws(TransferError) -> Value
  ) throws(TransferError) -> Value {
    do throws(TransferError) { return try body() } catch {
      guard case .fileSystem(let operation, let path, let code) = error,
        ![EMFILE, ENFILE, ENOMEM].contains(code)
      else { throw error }
      if code == ENOENT { throw .noSuchFile(path: path) }
      throw .unreadable(operation: operation, path: path, code: code)
    }
  }

  private static func copy(
    _ input: FileHandle, to output: FileHandle, hash: SHA256?, isCancelled: () -> Bool,
    received: (Int) -> Void
  ) throws(TransferError) {
    var offset = 0
    if hash == nil {
      // In the kernel as far as it goes: it may share blocks or copy on the server of a network
      // file system. Some pairs of file systems refuse, and then the loop below does it all.
      while !isCancelled() {
        let count = nb_copy_range(input.descriptor, output.descriptor, stride)
        guard count > 0 else { break }
        offset += count
        received(count)
      }
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
      guard !isCancelled() else { throw .cancelled }
      let count = try ofSource { () throws(TransferError) in
        try input.read(into: buffer, at: offset)
      }
      guard count > 0 else { return }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      try output.write(bytes, at: offset)
      hash?.update(bytes)
      offset += count
      received(count)
    }
  }
}
