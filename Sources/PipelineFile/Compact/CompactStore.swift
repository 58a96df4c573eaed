import Diagnostics
import JSON

/// Where compact forms of resolved pipelines are kept between two starts.
///
/// The loader asks with the bytes it read and what else decided about the outcome; so a form that is
/// found is one of exactly these bytes, and YAML is parsed once for each version of a file.
package struct CompactStore: Sendable {
  /// Names some bytes: 32 hexadecimal digits of a 128-bit hash.
  package var digest: @Sendable (_ bytes: [UInt8]) -> String
  /// What was kept under this name; nil when there is nothing or it is damaged.
  package var load: @Sendable (_ name: String) -> [UInt8]?
  /// Keeps something. That it can't be kept costs time only.
  package var save: @Sendable (_ name: String, _ bytes: [UInt8]) -> Void

  package init(
    digest: @escaping @Sendable ([UInt8]) -> String,
    load: @escaping @Sendable (String) -> [UInt8]?,
    save: @escaping @Sendable (String, [UInt8]) -> Void
  ) {
    self.digest = digest
    self.load = load
    self.save = save
  }

  /// The name of the form of `file` under these options. `folder` gives a pipeline without a name its
  /// name.
  func name(
    of file: SourceFile, folder: String, profile: String?, overrides: [String]
  ) -> String {
    let question: JSONValue = [
      .int(CompactPipeline.formatVersion), .string(digest(file.bytes)), .string(folder),
      profile.map { .string($0) } ?? .null, .array(overrides.map { .string($0) }),
    ]
    return digest(Array(JSONWriter.text(question).utf8))
  }
}
