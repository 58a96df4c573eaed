import Diagnostics
import YAML

/// Gives every asset its partitions, following from asset to asset.
struct PartitionsResolver {
  let document: PipelineDocument
  let overlays: [Int: AssetSettings]
  let problems: ProblemCollector
  let assetNames: [String]

  struct Result {
    var partitions: [Int: Pipeline.Partitions] = [:]
    /// The asset whose own values these are, by position of an asset with partitions.
    var roots: [Int: Int] = [:]
  }

  func resolve() -> Result {
    var result = Result()
    var following: [Int: Int] = [:]
    var nodes: [Int: (name: String, location: SourceLocation, width: Int)] = [:]
    for (index, asset) in document.assets.enumerated() {
      switch declaration(index, asset) {
      case .values(let key, let values, let node):
        result.partitions[index] = Pipeline.Partitions(
          key: key, values: values, follows: nil, location: node.location)
        result.roots[index] = index
      case .follows(let name, let node):
        guard let target = document.indices[name] else {
          problems.report(
            .followsUnknown(name, nearest: problems.nearest(to: name, among: assetNames)), at: node)
          continue
        }
        following[index] = target
        nodes[index] = (name, node.location, node.width)
      case nil: break
      }
    }
    follow(following, nodes, &result)
    return result
  }

  /// The profile's partitions before the pipeline file's.
  private func declaration(_ index: Int, _ asset: AssetDeclaration) -> PartitionsDeclaration? {
    guard let overlay = overlays[index]?.partitions else { return asset.settings.partitions }
    if case .values(let key, _, let node) = overlay,
      case .values(let oldKey, _, _) = asset.settings.partitions, key != oldKey
    {
      problems.report(.profileRenamesPartitionKey(from: oldKey, to: key), at: node)
    }
    return overlay
  }

  private func follow(
    _ following: [Int: Int], _ nodes: [Int: (name: String, location: SourceLocation, width: Int)],
    _ result: inout Result
  ) {
    var isFaulty = Set<Int>()
    for start in following.keys.sorted() {
      // Walk to an asset whose partitions are known, then hand them back along the way.
      var path: [Int] = []
      var onPath: [Int: Int] = [:]
      var current = start
      while result.partitions[current] == nil, !isFaulty.contains(current),
        onPath[current] == nil, let next = following[current]
      {
        onPath[current] = path.count
        path.append(current)
        current = next
      }
      if let first = onPath[current] {
        let loop = path[first...]
        if let node = nodes[current] {
          problems.report(
            .followCycle(loop.map { document.assets[$0].name }), at: node.location,
            width: node.width)
        }
      } else if let found = result.partitions[current], let root = result.roots[current] {
        for index in path.reversed() {
          guard let node = nodes[index] else { continue }
          result.partitions[index] = Pipeline.Partitions(
            key: found.key, values: found.values, follows: node.name, location: node.location)
          result.roots[index] = root
        }
        continue
      } else if !isFaulty.contains(current), !document.assets[current].settings.hasPartitions,
        overlays[current]?.hasPartitions != true, let last = path.last, let node = nodes[last]
      {
        problems.report(
          .followsUnpartitioned(node.name), at: node.location, width: node.width)
      }
      isFaulty.formUnion(path)
    }
  }
}
