import CSystem
package import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `records.jsonl`: which key gave which result, one line for each time one did. A lost index is
/// rebuilt from it.
///
/// Every run appends to the one file; only the clean-up, while no run is on, writes it anew. A line
/// carries the digest of its own text: what a kill or a full disk cut off is left out by readers, and
/// since every batch begins with a line end it damages no line but itself.
package struct RecordLog: Sendable {
  static let formatVersion = 2

  package struct Line: Sendable, Hashable {
    package var digest: Digest
    package var key: Digest
    package var step: String
    /// Seconds since 1970.
    package var createdAt: Double
    package var metrics: [String: JSONValue]

    package init(
      digest: Digest, key: Digest, step: String, createdAt: Double, metrics: [String: JSONValue]
    ) {
      self.digest = digest
      self.key = key
      self.step = step
      self.createdAt = createdAt
      self.metrics = metrics
    }
  }

  package let path: String

  package init(path: String) { self.path = path }

  /// Adds lines; with `durable` they are on the disk afterwards.
  package func append(_ lines: [Line], durable: Bool) throws(BuildError) {
    guard !lines.isEmpty else { return }
    let descriptor = nb_open_append(path, 0o666)
    guard descriptor >= 0 else { throw .system(operation: "write", path: path, code: errno) }
    defer { close(descriptor) }
    var text = "\n"
    for line in lines { Self.write(line, into: &text) }
    var failure = Disk.writeAll(Array(text.utf8), to: descriptor)
    if failure == 0, durable, fsync(descriptor) != 0 { failure = errno }
    guard failure == 0 else { throw .system(operation: "write", path: path, code: failure) }
  }

  /// All intact lines, oldest first; none when there is no such file.
  package func lines() throws(BuildError) -> [Line] {
    guard Disk.exists(path) else { return [] }
    return try Disk.read(path).split(separator: UInt8(ascii: "\n")).compactMap { Self.read($0) }
  }

  /// Leaves out lines of results that are not `needed`, and repetitions. Nobody may append meanwhile.
  package func compact(keeping needed: (Digest) -> Bool) throws(BuildError) {
    let all = try lines()
    guard Disk.exists(path) else { return }
    var newest: [[Digest]: Int] = [:]
    for (number, line) in all.enumerated() { newest[[line.digest, line.key]] = number }
    var text = ""
    for (number, line) in all.enumerated()
    where needed(line.digest) && newest[[line.digest, line.key]] == number {
      Self.write(line, into: &text)
    }
    try Disk.writeWhole(Array(text.utf8), to: path, durable: true)
  }

  // MARK: A line

  /// Members in the order of the alphabet, as everywhere; written by hand because a download has
  /// thousands of them.
  private static func write(_ line: Line, into text: inout String) {
    var json = "{\"created\":\(line.createdAt),\"digest\":\"\(line.digest)\""
    json += ",\"format\":\(formatVersion),\"key\":\"\(line.key)\",\"metrics\":"
    json += line.metrics.isEmpty ? "{}" : JSONWriter.text(.object(line.metrics))
    json += ",\"step\":"
    JSONWriter.writeString(line.step, into: &json)
    json += "}"
    text += "\(Digest(of: json)) \(json)\n"
  }

  private static func read(_ bytes: ArraySlice<UInt8>) -> Line? {
    let json = Array(bytes.dropFirst(33))
    let named = Digest(String(decoding: bytes.prefix(32), as: UTF8.self))
    guard bytes.count > 33, named == Digest(of: json),
      let json = try? JSONParser.parse(json), json["format"]?.intValue == formatVersion,
      let digest = json["digest"]?.stringValue.flatMap({ Digest($0) }),
      let key = json["key"]?.stringValue.flatMap({ Digest($0) }),
      let step = json["step"]?.stringValue, let created = json["created"]?.doubleValue
    else { return nil }
    return Line(
      digest: digest, key: key, step: step, createdAt: created,
      metrics: json["metrics"]?.objectValue ?? [:])
  }
}
