import JSON

/// What is known of a result without the index.
struct SavedRecord: Sendable {
  /// The keys that gave this result, and when, seconds since 1970.
  var keys: [(key: Digest, at: Double)] = []
  var metrics: [String: JSONValue] = [:]
  var step = ""
  var createdAt = 0.0
}

extension ResultStore {
  /// Everything that was ever recorded, by result; what came later counts more.
  func savedRecords() throws(BuildError) -> [Digest: SavedRecord] {
    var found: [Digest: SavedRecord] = [:]
    for line in try records.lines() {
      var record = found[line.digest] ?? readOldRecord(line.digest) ?? SavedRecord()
      record.keys.append((line.key, line.createdAt))
      record.metrics.merge(line.metrics) { _, new in new }
      record.step = line.step
      record.createdAt = line.createdAt
      found[line.digest] = record
    }
    return found
  }

  /// Reads `results/<digest>.json`, which earlier versions wrote; nil when it is missing, damaged or
  /// of another result.
  func readOldRecord(_ digest: Digest) -> SavedRecord? {
    guard let bytes = try? Disk.read(layout.oldRecord(digest)),
      let json = try? JSONParser.parse(bytes), json["format"]?.intValue == 1,
      json["digest"]?.stringValue == digest.description,
      let keys = json["keys"]?.arrayValue, let step = json["step"]?.stringValue
    else { return nil }
    let createdAt = json["created"]?.doubleValue ?? 0
    return SavedRecord(
      keys: keys.compactMap { $0.stringValue.flatMap { Digest($0) } }.map { ($0, createdAt) },
      metrics: json["metrics"]?.objectValue ?? [:], step: step, createdAt: createdAt)
  }
}
