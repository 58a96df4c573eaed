import JSON

/// What a report is told of the assets above it.
extension Executor {
  /// Sources first; only of results that are in force for this run.
  func lineage(above asset: Int) throws(BuildError) -> [LineageAsset] {
    var assets: [LineageAsset] = []
    for other in try graph.closure(of: [graph.assets[asset].name]) where other != asset {
      assets.append(try lineageAsset(other))
    }
    return assets
  }

  private func lineageAsset(_ asset: Int) throws(BuildError) -> LineageAsset {
    let node = graph.assets[asset]
    var bytes: Int64 = 0
    var metrics: [String: JSONValue] = [:]
    for task in graph.tasks(of: asset) {
      guard let digest = evaluator.digests[task] else { continue }
      bytes += try index.byteCount(ofResult: digest)
      if node.partitions == nil { metrics = try index.metrics(ofResult: digest) }
    }
    var judgements: [LineageAsset.Judgement] = []
    for check in node.checks {
      guard let key = try evaluator.checkKey(check, of: asset), let verdict = try index.verdict(key)
      else { continue }
      judgements.append(
        LineageAsset.Judgement(
          name: check.title, blocks: check.severity == .error, verdict: verdict))
    }
    var parameters = node.keyParameters
    for name in node.secretParameters { parameters[name] = nil }
    return LineageAsset(
      name: node.name, step: node.step, description: node.description,
      inputs: graph.inputAssets[asset].map { graph.assets[$0].name }, parameters: parameters,
      metrics: metrics, checks: judgements, seconds: try secondsOfLastRun(node),
      byteCount: bytes > 0 ? Int(bytes) : nil)
  }

  /// Of the newest run that made any of it: all partitions together.
  private func secondsOfLastRun(_ node: AssetNode) throws(BuildError) -> Double? {
    let records = try index.tasks(
      "WHERE asset = ? AND outcome = 'ran'", [.text(node.name)],
      limit: max(1, node.partitions?.values.count ?? 1))
    guard let newest = records.first else { return nil }
    let times = records.filter { $0.run == newest.run }.map(\.seconds)
    // Partitions made together were made in the same time.
    return node.makesPartitionsTogether ? times.max() : times.reduce(0, +)
  }
}
