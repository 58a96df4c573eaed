import Diagnostics

/// The assets of one profile with their edges, checked and in an order in which they can be made.
///
/// A **task** is one asset, or one partition of a partitioned asset. Tasks are numbered without
/// gaps, an asset's partitions side by side in the order of their values.
package struct BuildGraph: Sendable {
  package let assets: [AssetNode]
  /// Every asset after all it needs, stable in the order of the pipeline file.
  package let order: [Int]
  let indexByName: [String: Int]
  /// The first task of each asset, and at the end the number of tasks.
  let firstTask: [Int]
  /// Assets named by the inputs of each asset, without repetition.
  let inputAssets: [[Int]]
  /// Assets that must be made before this one: inputs, and what their blocking checks look at.
  let predecessors: [[Int]]
  /// For an asset that follows another's partitions: which of its inputs are read partition by
  /// partition, with the number of the partition there.
  let alignments: [Int: [Int: [Int]]]

  /// Checks names, references and partitions, and finds an order.
  package init(assets: [AssetNode]) throws(BuildError) {
    self.assets = assets
    indexByName = try Self.index(assets)
    firstTask = Self.numberTasks(assets)
    var inputAssets: [[Int]] = []
    inputAssets.reserveCapacity(assets.count)
    for asset in assets { inputAssets.append(try Self.inputAssets(of: asset, indexByName)) }
    self.inputAssets = inputAssets
    predecessors = try Self.predecessors(assets, inputAssets, indexByName)
    alignments = try Self.align(assets, inputAssets, indexByName)
    order = try Self.order(assets, predecessors)
  }

  package var taskCount: Int { firstTask.last ?? 0 }

  package func index(of name: String) -> Int? { indexByName[name] }

  package subscript(name: String) -> AssetNode? { indexByName[name].map { assets[$0] } }

  func tasks(of asset: Int) -> Range<Int> { firstTask[asset]..<firstTask[asset + 1] }

  /// The value of a task's partition; nil for an asset without partitions.
  func partition(of task: Int, asset: Int) -> String? {
    assets[asset].partitions?.values[task - firstTask[asset]]
  }

  /// The tasks of asset `input` whose results `task` of `asset` reads.
  func inputTasks(of task: Int, asset: Int, input: Int) -> Range<Int> {
    guard let map = alignments[asset]?[input] else { return tasks(of: input) }
    let aligned = firstTask[input] + map[task - firstTask[asset]]
    return aligned..<aligned + 1
  }

  /// The named assets (all when empty) and everything they need.
  package func closure(of targets: [String]) throws(BuildError) -> [Int] {
    guard !targets.isEmpty else { return order }
    var stack = try indices(of: targets)
    var isNeeded = [Bool](repeating: false, count: assets.count)
    while let asset = stack.popLast() {
      guard !isNeeded[asset] else { continue }
      isNeeded[asset] = true
      stack.append(contentsOf: inputAssets[asset])
      for check in assets[asset].checks {
        stack.append(contentsOf: check.otherAssets.compactMap { indexByName[$0] })
      }
    }
    return order.filter { isNeeded[$0] }
  }

  /// The numbers of the named assets.
  package func indices(of names: [String]) throws(BuildError) -> [Int] {
    var indices: [Int] = []
    for name in names {
      guard let index = indexByName[name] else {
        throw .unknownAsset(
          name, nearest: Suggestion.nearest(to: name, among: assets.lazy.map(\.name)))
      }
      indices.append(index)
    }
    return indices
  }

  // MARK: Making it

  private static func index(_ assets: [AssetNode]) throws(BuildError) -> [String: Int] {
    var index: [String: Int] = [:]
    index.reserveCapacity(assets.count)
    for (number, asset) in assets.enumerated() {
      guard isUsableName(asset.name) else { throw .invalidName(asset.name, kind: .asset) }
      guard index.updateValue(number, forKey: asset.name) == nil else {
        throw .duplicateAsset(asset.name)
      }
      guard let partitions = asset.partitions else { continue }
      var seen = Set<String>(minimumCapacity: partitions.values.count)
      for value in partitions.values {
        guard isUsableName(value) else { throw .invalidName(value, kind: .partition) }
        guard seen.insert(value).inserted else {
          throw .duplicatePartition(asset: asset.name, value: value)
        }
      }
    }
    return index
  }

  /// Whether `name` can be a file's name in the cache.
  static func isUsableName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 200 && name.utf8.first != UInt8(ascii: ".")
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7f }
  }

  private static func numberTasks(_ assets: [AssetNode]) -> [Int] {
    var first = [0]
    first.reserveCapacity(assets.count + 1)
    for asset in assets { first.append((first.last ?? 0) + (asset.partitions?.values.count ?? 1)) }
    return first
  }

  private static func inputAssets(
    of asset: AssetNode, _ index: [String: Int]
  ) throws(BuildError) -> [Int] {
    var found: [Int] = []
    var seen = Set<Int>()
    for input in asset.inputs {
      for case .asset(let name) in input.sources {
        guard let number = index[name] else {
          throw .unknownInput(asset: asset.name, input: input.name, names: name)
        }
        if seen.insert(number).inserted { found.append(number) }
      }
    }
    return found
  }

  private static func predecessors(
    _ assets: [AssetNode], _ inputAssets: [[Int]], _ index: [String: Int]
  ) throws(BuildError) -> [[Int]] {
    var gates: [Int: [Int]] = [:]
    for (number, asset) in assets.enumerated() {
      for check in asset.checks {
        for name in check.otherAssets {
          guard let other = index[name] else {
            throw .unknownInput(asset: asset.name, input: check.name, names: name)
          }
          if check.severity == .error, other != number { gates[number, default: []].append(other) }
        }
      }
    }
    if gates.isEmpty { return inputAssets }
    return inputAssets.map { inputs in
      var all = inputs
      for input in inputs {
        for gate in gates[input] ?? [] where !all.contains(gate) { all.append(gate) }
      }
      return all
    }
  }

  private static func align(
    _ assets: [AssetNode], _ inputAssets: [[Int]], _ index: [String: Int]
  ) throws(BuildError) -> [Int: [Int: [Int]]] {
    func root(_ number: Int) -> Int {
      var current = number
      for _ in 0..<assets.count {
        guard let name = assets[current].partitions?.followed, let next = index[name] else { break }
        current = next
      }
      return current
    }
    var alignments: [Int: [Int: [Int]]] = [:]
    for (number, asset) in assets.enumerated() {
      guard let partitions = asset.partitions, partitions.followed != nil else { continue }
      let ownRoot = root(number)
      for input in inputAssets[number] where root(input) == ownRoot {
        guard let theirs = assets[input].partitions else { continue }
        let places = Dictionary(
          theirs.values.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var map: [Int] = []
        map.reserveCapacity(partitions.values.count)
        for value in partitions.values {
          guard let place = places[value] else {
            throw .partitionNotFollowed(
              asset: asset.name, value: value, followed: assets[input].name)
          }
          map.append(place)
        }
        alignments[number, default: [:]][input] = map
      }
    }
    return alignments
  }
}
