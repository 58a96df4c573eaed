import JSON

/// What differs from one partition of an asset to the next besides its value.
extension AssetNode {
  /// The path of a source for one partition: `{shard}` stands for its value.
  func path(_ path: String, partition: String?) -> String {
    guard let key = partitions?.key, let partition else { return path }
    return path.replacing("{\(key)}", with: partition)
  }

  /// The paths of a source for all partitions, one where they don't differ.
  func allPaths(_ path: String) -> [String] {
    guard let partitions, path.contains("{\(partitions.key)}") else { return [path] }
    return partitions.values.map { self.path(path, partition: $0) }
  }

  /// Whether some parameter is given for each partition on its own.
  var hasPartitionParameters: Bool {
    partitionParameters.contains { keyParameters[$0]?.objectValue != nil }
  }

  /// Key parameters as one partition sees them: of a value given for each partition only its own,
  /// so that describing one more partition leaves the others fresh.
  func keyParameters(partition: String?) -> [String: JSONValue] {
    guard let partition, !partitionParameters.isEmpty else { return keyParameters }
    var parameters = keyParameters
    for name in partitionParameters {
      if let members = parameters[name]?.objectValue { parameters[name] = members[partition] }
    }
    return parameters
  }
}
