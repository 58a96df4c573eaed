import JSON

/// The canonical text whose digest is a task's key: one line a fact, in a fixed order.
///
/// The text is kept beside the key, so what `explain` compares is exactly what was hashed.
/// `docs/CACHE_FORMAT.md` describes every line.
struct FingerprintRecipe: Sendable {
  static let formatVersion = 2

  private(set) var text = "nanobuild-key \(formatVersion)\n"

  var key: Digest { Digest(of: text) }

  mutating func step(_ name: String, revision: Int) {
    line("step", name)
    text += " \(revision)\n"
  }

  mutating func parameters(_ parameters: [String: JSONValue]) {
    for (name, value) in parameters.sorted(by: {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }) {
      line("parameter", name)
      text += " \(JSONWriter.text(value))\n"
    }
  }

  mutating func environment(_ name: String, _ value: String?) {
    line("environment", name)
    text += " "
    if let value { JSONWriter.writeString(value, into: &text) } else { text += "unset" }
    text += "\n"
  }

  mutating func partition(_ key: String, _ value: String) {
    line("partition", key)
    text += " "
    JSONWriter.writeString(value, into: &text)
    text += "\n"
  }

  /// Opens an input; its sources follow in the order of the pipeline file.
  mutating func input(_ name: String) {
    line("input", name)
    text += "\n"
  }

  /// The result of an asset without partitions.
  mutating func result(_ digest: Digest) {
    text += "result \(digest)\n"
  }

  /// One partition of an asset.
  mutating func partitionResult(_ value: String, _ digest: Digest) {
    line("part", value)
    text += " \(digest)\n"
  }

  /// Opens a folder or a glob, so that it never equals a list of single files.
  mutating func fileSet(isFolder: Bool) {
    text += isFolder ? "folder\n" : "files\n"
  }

  mutating func file(_ name: String, _ digest: Digest, isExecutable: Bool) {
    line("file", name)
    text += isExecutable ? " \(digest) x\n" : " \(digest)\n"
  }

  /// An asset whose result is not known yet; such a recipe has no meaningful key.
  mutating func unknown(_ asset: String) {
    line("unknown", asset)
    text += "\n"
  }

  private mutating func line(_ kind: String, _ name: String) {
    text += kind
    text += " "
    JSONWriter.writeString(name, into: &text)
  }
}
