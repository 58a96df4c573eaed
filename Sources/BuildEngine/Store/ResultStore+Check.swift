#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a look at a published result found.
enum ResultCondition: Sendable {
  case intact
  /// The content is right but some stamps are not those on record: keep the new ones.
  case restamped(ResultManifest)
  case missing
  /// The content is not what the name says; the path of the first difference.
  case damaged(String)
}

extension ResultStore {
  /// Compares stamps with the record, and reads again only what they leave in doubt.
  func condition(_ record: ResultRecord, bootIdentifier: Int64) -> ResultCondition {
    let folder = layout.result(record.digest)
    let isSuspect = record.unflushedBoot != 0 && record.unflushedBoot != bootIdentifier
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return .missing }
    defer { close(descriptor) }
    var manifest = record.manifest
    var isRestamped = isSuspect
    for index in manifest.entries.indices {
      let entry = manifest.entries[index]
      guard
        let status = Disk.status(
          entry.path.isEmpty ? "." : entry.path, follow: false, in: descriptor)
      else { return .damaged(entry.path) }
      if !isSuspect, status.stamp == entry.stamp, !entry.stamp.isRacy(readAt: entry.verifiedAt) {
        continue
      }
      guard let renewed = renew(entry, status, folder, manifest) else {
        return .damaged(entry.path)
      }
      if renewed != entry {
        isRestamped = true
        manifest.entries[index] = renewed
      }
    }
    return isRestamped ? .restamped(manifest) : .intact
  }

  /// The entry with its present stamp, or nil when the content is another.
  private func renew(
    _ entry: ResultManifest.Entry, _ status: FileStatus, _ folder: String,
    _ manifest: ResultManifest
  ) -> ResultManifest.Entry? {
    var renewed = entry
    let path = entry.path.isEmpty ? folder : folder + "/" + entry.path
    renewed.verifiedAt = Clock.wall()
    renewed.stamp = status.stamp
    switch (entry.kind, status.kind) {
    case (.file(let digest, let isExecutable), .file):
      guard status.stamp.size == entry.stamp.size, status.isExecutable == isExecutable,
        let file = try? FileHasher.hash(path), file.digest == digest
      else { return nil }
      renewed.stamp = file.stamp
      renewed.verifiedAt = file.readAt
    case (.folder, .folder):
      guard let names = try? Disk.names(in: path) else { return nil }
      let prefix = entry.path.isEmpty ? "" : entry.path + "/"
      let expected = manifest.entries.lazy.filter {
        $0.path.hasPrefix(prefix) && $0.path != entry.path
          && !$0.path.dropFirst(prefix.count).contains("/")
      }.map { String($0.path.dropFirst(prefix.count)) }
      guard names == expected.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) else {
        return nil
      }
    case (.link(let target), .link):
      guard Disk.linkTarget(path) == target else { return nil }
    default: return nil
    }
    return renewed
  }
}
