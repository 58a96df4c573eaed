#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where things lie in the cache folder; see `docs/CACHE_FORMAT.md`.
package struct CacheLayout: Sendable, Hashable {
  package var root: String

  package init(root: String) { self.root = root }

  package var results: String { root + "/results" }
  package var staging: String { root + "/staging" }
  package var runs: String { root + "/runs" }
  package var current: String { root + "/current" }
  package var database: String { root + "/state.sqlite" }
  package var snapshots: String { root + "/snapshots" }
  /// Compact forms of pipeline files.
  package var pipelines: String { root + "/pipelines" }
  /// Says that SQLite found a page of the index damaged while it was in use.
  package var damageMark: String { database + ".is-damaged" }
  package var indexLock: String { root + "/index.lock" }
  package var useLock: String { root + "/in-use.lock" }

  package func result(_ digest: Digest) -> String { "\(results)/\(digest)" }
  /// Which key gave which result; see `RecordLog`.
  package var records: String { root + "/records.jsonl" }
  /// Where earlier versions of this program kept what is in `records`.
  package func oldRecord(_ digest: Digest) -> String { "\(results)/\(digest).json" }
  package func run(_ identifier: String) -> String { "\(runs)/\(identifier)" }

  /// The link (or, for a partitioned asset, the folder of links) people use.
  package func current(profile: String, asset: String) -> String {
    "\(current)/\(profile)/\(asset)"
  }

  package func current(profile: String, asset: String, partition: String?) -> String {
    let path = current(profile: profile, asset: asset)
    return partition.map { path + "/" + $0 } ?? path
  }

  /// The target of a current link.
  static func linkTarget(_ digest: Digest, isPartition: Bool) -> String {
    (isPartition ? "../../../results/" : "../../results/") + digest.description
  }

  /// The result a current link names, when it has the form the engine writes.
  static func digest(ofLinkTarget target: String) -> Digest? {
    target.split(separator: "/").last.flatMap { Digest($0) }
  }

  func stage(_ key: Digest) -> StageLayout { StageLayout(root: "\(staging)/\(key)") }

  /// The key of a task whose work has this name in the staging folder; nil for anything else there.
  static func key(ofWork name: String) -> Digest? {
    Digest(name.hasSuffix(StageLayout.outputEnding) ? name.dropLast(4) : name[...])
  }
}

/// One task's place in the staging folder.
struct StageLayout: Sendable, Hashable {
  var root: String

  static let outputEnding = ".out"
  /// What the step fills; becomes the result. Beside the stage's own folder, which most partitions of
  /// a download don't need.
  var output: String { root + Self.outputEnding }
  var request: String { root + "/request.json" }
  /// Folders of links for partitioned inputs.
  var inputs: String { root + "/inputs" }
  var lock: String { root + ".lock" }

  /// Takes away what is left of a stage whose output was published.
  func remove() {
    if rmdir(root) == 0 || errno == ENOENT { return }
    unlink(request)
    if rmdir(root) == 0 { return }
    try? Disk.removeTree(root)
  }
}
