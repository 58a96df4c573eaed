import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that is still growing, and what a later session must know to continue it,
/// `<destination>.part.json`.
///
/// It has its final name from the start and can be written to until it is finished: becoming read-only
/// is one step that no kill divides, and cheaper than a change of name. The second file exists only while
/// it is true of the first: it goes before the first is emptied or finished, and comes after the bytes it
/// speaks of belong to the answer it names.
final class PartialFile {
  /// What tells one version of a remote file from another.
  struct Origin: Equatable {
    var url: String
    /// A strong entity tag, quotes included.
    var entityTag: String?
    var lastModified: String?
    /// Bytes of the whole file.
    var size: Int?

    /// A hash is known, so that without a validator, too, the bytes are worth keeping.
    var isVerifiable = false

    /// The value for `If-Range`.
    var validator: String? { entityTag ?? lastModified }
  }

  private var destination: String { file.path }
  private let file: FileHandle
  /// Bytes held.
  private(set) var size: Int
  private(set) var origin: Origin?
  private var isRemembered: Bool

  static func memoPath(_ destination: String) -> String { destination + ".part.json" }

  static func removeMemo(_ destination: String) { Files.remove(memoPath(destination)) }

  /// Begins a file, or goes on with one that an earlier session left; a finished one is not wanted any
  /// more and gives way.
  init(destination: String, isFolderNew: Bool = false) throws(TransferError) {
    if let new = try FileHandle.createNew(path: destination) {
      // Of a file that was lost with the power.
      if !isFolderNew { Self.removeMemo(destination) }
      file = new
      size = 0
      isRemembered = false
      return
    }
    guard let old = try Self.reopen(destination) else {
      Self.removeMemo(destination)
      Files.remove(destination)
      guard let new = try FileHandle.createNew(path: destination) else {
        throw .fileSystem(operation: "create", path: destination, code: EEXIST)
      }
      file = new
      size = 0
      isRemembered = false
      return
    }
    file = old.file
    size = old.size
    origin = Self.readMemo(Self.memoPath(destination))
    isRemembered = origin != nil
    if origin == nil {
      Self.removeMemo(destination)
      try restart()
    }
  }

  /// An unfinished file; nil where something else has the name.
  private static func reopen(
    _ path: String
  ) throws(TransferError) -> (file: FileHandle, size: Int)? {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      throw .fileSystem(operation: "look at", path: path, code: errno)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw .notAFile(path: path) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o222 != 0 else { return nil }
    return (try FileHandle(path: path, flags: O_RDWR | O_NOFOLLOW), Int(status.st_size))
  }

  /// Forgets all bytes.
  func restart() throws(TransferError) {
    if isRemembered { Self.removeMemo(destination) }
    isRemembered = false
    origin = nil
    if size > 0 { try file.truncate(to: 0) }
    size = 0
  }

  /// Says whose bytes are about to be appended. On disk only after `remember()`.
  func begin(_ origin: Origin) { self.origin = origin }

  /// Bytes of another source, or of no certain version, are about to be appended: from here on only a
  /// hash can tell whether the file is right, now or in another session.
  func forgetVersion() throws(TransferError) {
    guard var origin, origin.validator != nil else { return }
    origin.entityTag = nil
    origin.lastModified = nil
    origin.isVerifiable = true
    self.origin = origin
    guard isRemembered else { return }
    isRemembered = false
    try remember()
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
    try file.write(bytes, at: size)
    size += bytes.count
  }

  /// Makes the bytes so far usable by another session, if their origin has a validator.
  func remember() throws(TransferError) {
    guard !isRemembered, size > 0, let origin, origin.isVerifiable || origin.validator != nil else {
      return
    }
    var memo: [String: JSONValue] = ["url": .string(origin.url)]
    memo["entity_tag"] = origin.entityTag.map { .string($0) }
    memo["last_modified"] = origin.lastModified.map { .string($0) }
    memo["size"] = origin.size.map { .int($0) }
    let path = Self.memoPath(destination)
    let bytes = JSONWriter.bytes(.object(memo))
    do throws(TransferError) {
      try Self.write(
        bytes, to: try FileHandle(path: path + ".new", flags: O_WRONLY | O_CREAT | O_TRUNC))
      try Files.rename(path + ".new", to: path)
    } catch {
      // A full disk, perhaps: half a memo must not stay beside the file.
      Files.remove(path + ".new")
      throw error
    }
    isRemembered = true
  }

  /// Hands over all bytes held, in order.
  func replay(_ take: (UnsafeRawBufferPointer) -> Void) throws(TransferError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    var offset = 0
    while offset < size {
      let count = try file.read(into: buffer, at: offset)
      guard count > 0 else { throw .fileSystem(operation: "read", path: file.path, code: EIO) }
      take(UnsafeRawBufferPointer(rebasing: buffer[..<min(count, size - offset)]))
      offset += count
    }
  }

  /// Nobody writes to the file any more. Its status then is of the content with `digest`.
  func finish(
    _ digest: WrittenContent.Digest?
  ) throws(TransferError) -> WrittenContent? {
    // In this order, so that no crash leaves a memo beside a finished file.
    if isRemembered { Self.removeMemo(destination) }
    isRemembered = false
    try file.makeReadOnly()
    guard let digest else { return nil }
    let status = try file.status()
    return WrittenContent(
      digest: digest, size: Int64(status.st_size),
      modified: FileTime.nanoseconds(status.st_mtim), changed: FileTime.nanoseconds(status.st_ctim),
      inode: UInt64(status.st_ino))
  }

  /// Leaves what another session can continue, and nothing where there is nothing.
  func suspend() throws(TransferError) {
    if size == 0 {
      try restart()
      Files.remove(file.path)
    } else {
      try remember()
    }
  }

  private static func write(_ bytes: [UInt8], to file: FileHandle) throws(TransferError) {
    let result = bytes.withUnsafeBytes { buffer -> Result<Void, TransferError> in
      do throws(TransferError) { return .success(try file.write(buffer, at: 0)) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private static func readMemo(_ path: String) -> Origin? {
    guard let bytes = Files.contents(path, limit: 65_536),
      let memo = try? JSONParser.parse(bytes), let url = memo["url"]?.stringValue
    else { return nil }
    return Origin(
      url: url, entityTag: memo["entity_tag"]?.stringValue,
      lastModified: memo["last_modified"]?.stringValue, size: memo["size"]?.intValue)
  }
}
