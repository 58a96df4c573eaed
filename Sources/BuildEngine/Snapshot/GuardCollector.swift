#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Gathers, while a plan or run decides, the stamps its decisions rest on.
struct GuardCollector {
  private(set) var list = GuardList()
  private let resultsBase: UInt32

  /// Looks at the folders of current links first: a link changed later changes their stamp.
  init(layout: CacheLayout, graph: BuildGraph, profile: String) {
    resultsBase = list.base(layout.results)
    let root = "\(layout.current)/\(profile)"
    addFolder(root)
    for asset in graph.assets where asset.partitions != nil { addFolder(root + "/" + asset.name) }
  }

  private mutating func addFolder(_ path: String) {
    let moment = Clock.wall()
    // An asset that was never made has none; then nothing is fresh either.
    guard let status = Disk.status(path) else { return }
    list.add(path: path, stamp: status.stamp, takenAt: moment)
  }

  mutating func add(_ record: ResultRecord) {
    let name = record.digest.description
    for entry in record.manifest.entries {
      list.add(
        base: resultsBase, name: entry.path.isEmpty ? name : name + "/" + entry.path,
        stamp: entry.stamp, takenAt: entry.verifiedAt, follows: false)
    }
  }

  mutating func add(_ sources: [SourceFiles.Resolved]) {
    for source in sources {
      if source.isRacy { list.spoil() }
      for entry in source.entries {
        list.add(path: entry.path, stamp: entry.stamp, takenAt: entry.readAt)
      }
      for folder in source.folders {
        list.add(path: folder.path, stamp: folder.stamp, takenAt: source.listedAt)
      }
    }
  }
}
