import JSON

/// The file beside each result from which a lost index is rebuilt.
extension ResultStore {
  static let recordVersion = 1

  /// Writes `results/<digest>.json`, keeping the keys that are in it already.
  func writeRecord(_ record: ResultRecord, key: Digest, durable: Bool) throws(BuildError) {
    let path = layout.record(record.digest)
    var keys = [key.description]
    if let old = readRecord(record.digest) {
      keys = old.keys.map(\.description).filter { $0 != key.description } + keys
    }
    let files: [JSONValue] = record.manifest.entries.compactMap { entry in
      switch entry.kind {
      case .file(let digest, let isExecutable):
        [
          "path": .string(entry.path), "size": .int(Int(entry.stamp.size)),
          "digest": .string(digest.description), "executable": .bool(isExecutable),
        ]
      case .folder(let isEmpty):
        isEmpty && !entry.path.isEmpty ? ["path": .string(entry.path), "folder": true] : nil
      case .link(let target): ["path": .string(entry.path), "link": .string(target)]
      }
    }
    let json: JSONValue = [
      "format": .int(Self.recordVersion), "digest": .string(record.digest.description),
      "step": .string(record.step), "created": .double(record.createdAt),
      "metrics": .object(record.metrics), "keys": .array(keys.map { .string($0) }),
      "files": .array(files),
    ]
    try Disk.writeWhole(JSONWriter.bytes(json), to: path, durable: durable)
  }

  /// What the file beside a result says.
  struct SavedRecord {
    var keys: [Digest]
    var metrics: [String: JSONValue]
    var step: String
    var createdAt: Double
  }

  /// Nil when the file is missing, damaged or of another result.
  func readRecord(_ digest: Digest) -> SavedRecord? {
    guard let bytes = try? Disk.read(layout.record(digest)),
      let json = try? JSONParser.parse(bytes),
      json["format"]?.intValue == Self.recordVersion,
      json["digest"]?.stringValue == digest.description,
      let keys = json["keys"]?.arrayValue, let step = json["step"]?.stringValue
    else { return nil }
    return SavedRecord(
      keys: keys.compactMap { $0.stringValue.flatMap { Digest($0) } },
      metrics: json["metrics"]?.objectValue ?? [:], step: step,
      createdAt: json["created"]?.doubleValue ?? 0)
  }
}
