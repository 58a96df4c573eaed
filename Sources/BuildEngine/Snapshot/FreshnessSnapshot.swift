import CSystem
import CXXHash
import JSON
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Proof that everything was fresh, which a later start can check without reading any content:
/// no YAML, no index, only the stamps of all files involved.
///
/// Layout, little endian: `NBSNAP02`, total length, XXH3-64 of what follows the header, then five
/// counted sections (environment, pipeline files, bases, guards with names, assets). Described in `docs/CACHE_FORMAT.md`.
package final class FreshnessSnapshot {
  static let formatVersion = 2
  private static let magic = Array("NBSNAP02".utf8)
  private static let headerSize = 24

  private let bytes: UnsafeRawBufferPointer
  private let assetsOffset: Int
  package let profile: String
  package let assetCount: Int
  package let taskCount: Int

  private init(
    bytes: UnsafeRawBufferPointer, assetsOffset: Int, profile: String, assetCount: Int,
    taskCount: Int
  ) {
    self.bytes = bytes
    self.assetsOffset = assetsOffset
    self.profile = profile
    self.assetCount = assetCount
    self.taskCount = taskCount
  }

  deinit { Self.unmap(bytes) }

  // MARK: Reading

  /// The snapshot of this invocation if every guard still holds; nil means look properly.
  package static func load(
    cache: String, invocation: SnapshotInvocation, variable: (String) -> String?, threads: Int = 2
  ) -> FreshnessSnapshot? {
    guard let bytes = map(invocation.path(cache: cache)) else { return nil }
    guard let snapshot = parse(bytes, variable: variable, threads: threads) else {
      unmap(bytes)
      return nil
    }
    return snapshot
  }

  /// Calls `body` with every asset in order; stops and gives false when the text is damaged.
  @discardableResult
  package func forEachAsset(_ body: (AssetStatus) -> Void) -> Bool {
    var cursor = SnapshotCursor(bytes: bytes, position: assetsOffset)
    for _ in 0..<assetCount {
      guard let name = cursor.text(), let since = cursor.fixed(), let size = cursor.fixed(),
        let partitions = cursor.fixed(), let metrics = cursor.text(), let warnings = cursor.text()
      else { return false }
      var status = AssetStatus(name: name, state: .fresh)
      status.since = Double(bitPattern: since)
      status.byteCount = Int64(bitPattern: size)
      let partitionCount = Int(truncatingIfNeeded: Int64(bitPattern: partitions))
      if partitionCount >= 0 {
        status.partitionCount = partitionCount
        status.freshPartitions = partitionCount
      }
      if !metrics.isEmpty {
        status.metrics = (try? JSONParser.parse(metrics))?.objectValue ?? [:]
      }
      if !warnings.isEmpty {
        status.warnings = warnings.split(separator: "\n").map(String.init)
      }
      body(status)
    }
    return true
  }

  private static func map(_ path: String) -> UnsafeRawBufferPointer? {
    let descriptor = nb_open_read(path)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = nb_file_status()
    guard nb_file_status_of(descriptor, &status) == 0, status.size > Int64(headerSize),
      let start = mmap(nil, Int(status.size), PROT_READ, MAP_PRIVATE, descriptor, 0),
      start != MAP_FAILED
    else { return nil }
    return UnsafeRawBufferPointer(start: start, count: Int(status.size))
  }

  private static func unmap(_ bytes: UnsafeRawBufferPointer) {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }

  private static func parse(
    _ bytes: UnsafeRawBufferPointer, variable: (String) -> String?, threads: Int
  ) -> FreshnessSnapshot? {
    let body = UnsafeRawBufferPointer(rebasing: bytes[headerSize...])
    var cursor = SnapshotCursor(bytes: bytes, position: magic.count)
    guard bytes.starts(with: magic), cursor.fixed() == UInt64(bytes.count),
      cursor.fixed() == XXH3_64bits(body.baseAddress, body.count),
      cursor.fixed() == UInt64(bitPattern: Clock.bootIdentifier()), let profile = cursor.text(),
      let assetCount = cursor.count(), let taskCount = cursor.count(),
      let variableCount = cursor.count()
    else { return nil }
    for _ in 0..<variableCount {
      guard let name = cursor.text(), let isSet = cursor.fixed(), let value = cursor.text() else {
        return nil
      }
      guard variable(name) == (isSet == 1 ? value : nil) else { return nil }
    }
    guard let fileCount = cursor.count() else { return nil }
    for _ in 0..<fileCount where !isUnchangedFile(&cursor) { return nil }
    guard let baseCount = cursor.count() else { return nil }
    var bases: [Int32] = []
    defer { for base in bases { close(base) } }
    for _ in 0..<baseCount {
      guard let path = cursor.text() else { return nil }
      let base = nb_open_directory(path)
      guard base >= 0 else { return nil }
      bases.append(base)
    }
    guard let guardCount = cursor.count(), let guards = cursor.skip(guardCount * 40),
      let namesSize = cursor.count(), let names = cursor.skip(namesSize), names.last == 0,
      holds(guards, guardCount, names, bases, threads: threads)
    else { return nil }
    return FreshnessSnapshot(
      bytes: bytes, assetsOffset: cursor.position, profile: profile, assetCount: assetCount,
      taskCount: taskCount)
  }

  /// Reads one pipeline file's guard; true if its stamp, or else its content, is as it was.
  private static func isUnchangedFile(_ cursor: inout SnapshotCursor) -> Bool {
    guard let path = cursor.text(), let size = cursor.fixed(), let modified = cursor.fixed(),
      let changed = cursor.fixed(), let inode = cursor.fixed(), let high = cursor.fixed(),
      let low = cursor.fixed(), let status = Disk.status(path), status.kind == .file
    else { return false }
    let stamp = FileGuard(
      size: Int64(bitPattern: size), modified: Int64(bitPattern: modified),
      changed: Int64(bitPattern: changed), inode: inode)
    if status.stamp == stamp { return true }
    // Touched, or written anew by an editor: what it says is what counts.
    guard status.stamp.size == stamp.size, let bytes = try? Disk.read(path) else { return false }
    return Digest(of: bytes) == Digest(high: high, low: low)
  }

  private struct Pointers: @unchecked Sendable {
    var guards: UnsafePointer<nb_guard>
    var names: UnsafePointer<CChar>
    var bases: UnsafeMutablePointer<Int32>
    var stop: UnsafeMutablePointer<Int32>
  }

  private static func holds(
    _ guards: UnsafeRawBufferPointer, _ count: Int, _ names: UnsafeRawBufferPointer,
    _ bases: [Int32], threads: Int
  ) -> Bool {
    guard count > 0, let guardStart = guards.baseAddress, let nameStart = names.baseAddress else {
      return count == 0
    }
    var bases = bases
    var stop: Int32 = 0
    let namesSize = UInt64(names.count)
    let baseCount = UInt32(bases.count)
    return bases.withUnsafeMutableBufferPointer { baseBuffer in
      withUnsafeMutablePointer(to: &stop) { stopPointer in
        guard let baseStart = baseBuffer.baseAddress else { return false }
        let pointers = Pointers(
          guards: guardStart.assumingMemoryBound(to: nb_guard.self),
          names: nameStart.assumingMemoryBound(to: CChar.self), bases: baseStart, stop: stopPointer)
        let broken = Atomic<Int>(0)
        // A thread costs as much as looking at some fifty files.
        let width = count < 512 ? 1 : max(1, threads)
        let chunk = width == 1 ? count : min(4_096, max(64, count / (8 * width)))
        Threads.forEach(count: (count + chunk - 1) / chunk, width: width) { number in
          guard broken.load(ordering: .relaxed) == 0 else { return }
          let end = min(count, (number + 1) * chunk)
          if nb_first_broken_guard(
            pointers.guards, Int64(number * chunk), Int64(end), pointers.names, namesSize,
            pointers.bases, baseCount, pointers.stop) != -1
          {
            broken.store(1, ordering: .relaxed)
          }
        }
        return broken.load(ordering: .relaxed) == 0
      }
    }
  }

  // MARK: Writing

  /// The file's bytes, or nil when some guard could hide a change.
  static func encode(
    guards: GuardList, pipelineFiles: [GuardedFile], profile: String, taskCount: Int,
    environment: [(String, String?)], assets: [AssetStatus]
  ) -> [UInt8]? {
    guard guards.isUsable, !pipelineFiles.contains(where: \.isRacy) else { return nil }
    var body = SnapshotBuilder()
    body.fixed(UInt64(bitPattern: Clock.bootIdentifier()))
    body.text(profile)
    body.fixed(UInt64(assets.count))
    body.fixed(UInt64(taskCount))
    body.fixed(UInt64(environment.count))
    for (name, value) in environment {
      body.text(name)
      body.fixed(value == nil ? 0 : 1)
      body.text(value ?? "")
    }
    body.fixed(UInt64(pipelineFiles.count))
    for file in pipelineFiles {
      body.text(file.path)
      body.fixed(UInt64(bitPattern: file.stamp.size))
      body.fixed(UInt64(bitPattern: file.stamp.modified))
      body.fixed(UInt64(bitPattern: file.stamp.changed))
      body.fixed(file.stamp.inode)
      body.fixed(file.content.high)
      body.fixed(file.content.low)
    }
    body.fixed(UInt64(guards.bases.count))
    for base in guards.bases { body.text(base) }
    body.fixed(UInt64(guards.count))
    body.raw(guards.guards)
    let names = guards.names.isEmpty ? [0] : guards.names
    body.fixed(UInt64(names.count))
    body.raw(names)
    for asset in assets {
      body.text(asset.name)
      body.fixed((asset.since ?? 0).bitPattern)
      body.fixed(UInt64(bitPattern: asset.byteCount))
      body.fixed(UInt64(bitPattern: Int64(asset.partitionCount ?? -1)))
      body.text(asset.metrics.isEmpty ? "" : JSONWriter.text(.object(asset.metrics)))
      body.text(asset.warnings.joined(separator: "\n"))
    }
    var file = SnapshotBuilder()
    file.raw(magic)
    file.fixed(UInt64(headerSize + body.bytes.count))
    file.fixed(body.bytes.withUnsafeBytes { XXH3_64bits($0.baseAddress, $0.count) })
    file.raw(body.bytes)
    return file.bytes
  }
}

/// Writes numbers of eight bytes and padded text, so that guards are aligned.
struct SnapshotBuilder {
  private(set) var bytes: [UInt8] = []

  mutating func fixed(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func text(_ text: String) {
    fixed(UInt64(text.utf8.count))
    raw(Array(text.utf8))
  }

  /// Bytes, padded to a multiple of eight.
  mutating func raw(_ more: [UInt8]) {
    bytes.append(contentsOf: more)
    while bytes.count % 8 != 0 { bytes.append(0) }
  }
}

/// Reads what `SnapshotBuilder` wrote; nil from any call means the bytes are damaged.
struct SnapshotCursor {
  let bytes: UnsafeRawBufferPointer
  private(set) var position: Int

  init(bytes: UnsafeRawBufferPointer, position: Int) {
    self.bytes = bytes
    self.position = position
  }

  mutating func fixed() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    defer { position += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  mutating func count() -> Int? {
    guard let value = fixed(), value <= UInt64(bytes.count) else { return nil }
    return Int(value)
  }

  mutating func text() -> String? {
    guard let length = count(), let part = skip(length) else { return nil }
    return String(decoding: part, as: UTF8.self)
  }

  mutating func skip(_ length: Int) -> UnsafeRawBufferPointer? {
    let padded = (length + 7) / 8 * 8
    guard length >= 0, bytes.count - position >= padded else { return nil }
    defer { position += padded }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
  }
}
