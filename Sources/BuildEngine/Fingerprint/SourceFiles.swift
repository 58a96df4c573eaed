import ByteCoding

/// Content of the project's files by path, read only when their stamp says they may have changed.
///
/// Lives for one plan or run; what it learns goes to the index.
final class SourceFiles {
  /// A file with its digest.
  struct Entry: Sendable, Hashable {
    /// As the pipeline file would name it.
    var name: String
    /// The part of the name that counts in the key; see `SourceListing.placeLength`.
    var keyName: String
    var path: String
    var digest: Digest
    var isExecutable: Bool
    var stamp: FileGuard
    /// Wall clock before the content was read.
    var readAt: Int64
  }

  struct Resolved: Sendable {
    var entries: [Entry]
    var folders: [(path: String, stamp: FileGuard)]
    var isFolder: Bool
    var isPattern: Bool
    /// What names of its files begin with, for a folder or glob that has some.
    var place: String?
    var path: String
    /// Something may change without the stamps telling: it has to be looked at again.
    var isRacy: Bool
    /// Wall clock before the folders were read.
    var listedAt: Int64
  }

  private let lister: SourceLister
  private let index: StateIndex
  private let width: Int
  /// How often something that had been read was read again: what was told before may not hold any more.
  private(set) var secondReadings = 0
  private var resolved: [ExactText: Resolved] = [:]

  init(projectRoot: String, index: StateIndex, width: Int) {
    lister = SourceLister(projectRoot: projectRoot)
    self.index = index
    self.width = width
  }

  /// Resolves many paths at once, hashing what is new on all cores.
  func prepare(_ paths: [String]) throws(BuildError) {
    let listedAt = Clock.wall()
    var listings: [(path: String, listing: SourceListing)] = []
    var toHash: [ExactText: Int] = [:]
    var hashPaths: [String] = []
    var known: [ExactText: HashedFile] = [:]
    for path in paths where resolved[ExactText(path)] == nil {
      let listing = try lister.list(path)
      for file in listing.files {
        let exact = ExactText(file.path)
        guard known[exact] == nil, toHash[exact] == nil else { continue }
        if let hashed = try index.file(file.path), hashed.stamp == file.status.stamp, !hashed.isRacy
        {
          known[exact] = hashed
        } else {
          toHash[exact] = hashPaths.count
          hashPaths.append(file.path)
        }
      }
      listings.append((path, listing))
    }
    let results = hashPaths.isEmpty ? [] : FileHasher.hash(hashPaths, width: width)
    for (path, number) in toHash { known[path] = try results[number].get() }
    if !hashPaths.isEmpty {
      try index.rememberFiles(
        hashPaths.compactMap { path in known[ExactText(path)].map { (path, $0) } })
    }
    for (path, listing) in listings {
      resolved[ExactText(path)] = combine(path, listing, known, listedAt)
    }
  }

  /// All that was resolved so far.
  var all: [Resolved] { Array(resolved.values) }

  /// The files behind `path`; none when there is nothing of that name.
  func resolve(_ path: String) throws(BuildError) -> Resolved {
    if let known = resolved[ExactText(path)] { return known }
    try prepare([path])
    guard let found = resolved[ExactText(path)] else { throw .unreadableInput(path: path, code: 2) }
    return found
  }

  /// What a second look at a path finds.
  enum SecondLook {
    case same
    /// The content is what it was, but something was done to a file: it may have had another
    /// content in between.
    case touched
    case changed
  }

  /// Looks at `path` again, and reads again what could have changed unseen since it was `before`.
  ///
  /// What somebody else's second look has found meanwhile is no measure: a key was made from what was
  /// there before.
  func lookAgain(_ path: String, since before: Resolved) throws(BuildError) -> SecondLook {
    if !before.isRacy, try hasSameStamps(before, path) { return .same }
    resolved[ExactText(path)] = nil
    secondReadings += 1
    let after = try resolve(path)
    guard before.entries.map(Self.content) == after.entries.map(Self.content) else {
      return .changed
    }
    return before.entries.map(\.stamp) == after.entries.map(\.stamp) ? .same : .touched
  }

  /// Whether the same files are there, with the stamps they were read with.
  private func hasSameStamps(_ before: Resolved, _ path: String) throws(BuildError) -> Bool {
    let files = try lister.list(path).files
    return files.count == before.entries.count
      && zip(files, before.entries).allSatisfy { file, entry in
        file.name.hasSameBytes(as: entry.name) && file.status.stamp == entry.stamp
          && file.status.isExecutable == entry.isExecutable
      }
  }

  private static func content(_ entry: Entry) -> Entry {
    var entry = entry
    entry.stamp = FileGuard(size: 0, modified: 0, changed: 0, inode: 0)
    entry.readAt = 0
    return entry
  }

  private func combine(
    _ path: String, _ listing: SourceListing, _ known: [ExactText: HashedFile], _ listedAt: Int64
  ) -> Resolved {
    var isRacy = listing.hasUnsettledLink
    var entries: [Entry] = []
    entries.reserveCapacity(listing.files.count)
    for file in listing.files {
      guard let hashed = known[ExactText(file.path)] else { continue }
      if hashed.isRacy { isRacy = true }
      entries.append(
        Entry(
          name: file.name,
          keyName: String(decoding: file.name.utf8.dropFirst(listing.placeLength), as: UTF8.self),
          path: file.path, digest: hashed.digest,
          isExecutable: file.status.isExecutable, stamp: hashed.stamp,
          readAt: hashed.readAt))
    }
    return Resolved(
      entries: entries, folders: listing.folders, isFolder: listing.isFolder,
      isPattern: listing.isPattern,
      place: listing.isFolder || listing.isPattern
        ? listing.files.first.map {
          String(decoding: $0.name.utf8.prefix(listing.placeLength), as: UTF8.self)
        } : nil,
      path: Path.absolute(path, base: lister.projectRoot),
      isRacy: isRacy, listedAt: listedAt)
  }
}
