extension BuildGraph {
  /// Kahn's algorithm; among assets that could come next, the first of the file does.
  static func order(
    _ assets: [AssetNode], _ predecessors: [[Int]]
  ) throws(BuildError) -> [Int] {
    var waiting = predecessors.map(\.count)
    var successors = [[Int32]](repeating: [], count: assets.count)
    for (asset, needed) in predecessors.enumerated() {
      for other in needed { successors[other].append(Int32(asset)) }
    }
    var order: [Int] = []
    order.reserveCapacity(assets.count)
    for asset in assets.indices where waiting[asset] == 0 { order.append(asset) }
    var next = 0
    while next < order.count {
      for successor in successors[order[next]] {
        let asset = Int(successor)
        waiting[asset] -= 1
        if waiting[asset] == 0 { order.append(asset) }
      }
      next += 1
    }
    if order.count == assets.count { return order }
    throw .cycle(cycle(assets, predecessors, waiting))
  }

  /// A loop among the assets that could not be ordered, first name repeated at the end.
  private static func cycle(
    _ assets: [AssetNode], _ predecessors: [[Int]], _ waiting: [Int]
  ) -> [String] {
    guard var asset = assets.indices.first(where: { waiting[$0] > 0 }) else { return [] }
    var place: [Int: Int] = [:]
    var path: [Int] = []
    while place[asset] == nil {
      place[asset] = path.count
      path.append(asset)
      guard let next = predecessors[asset].first(where: { waiting[$0] > 0 }) else { return [] }
      asset = next
    }
    let loop = path[(place[asset] ?? 0)...].map { assets[$0].name }
    return loop + [assets[asset].name]
  }
}
