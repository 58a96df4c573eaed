import BuildEngine
package import PipelineFile

/// The compact forms of pipelines in a cache, each under the digest of what it was made from and by
/// which program.
///
/// A file is its magic, the XXH3-128 of the rest, and the form: `docs/CACHE_FORMAT.md`.
package struct PipelineForms: Sendable {
  /// Every edit, profile and `--set` makes a form of its own; the newest are the likeliest to be asked for.
  package static let mostKept = 16
  private static let magic = Array("NBPIPE01".utf8)
  private static let headerSize = 24

  private let cache: String
  private let toolIdentifier: String

  package init(cache: String, toolIdentifier: String) {
    self.cache = cache
    self.toolIdentifier = toolIdentifier
  }

  private var folder: String { CacheLayout(root: cache).pipelines }

  package var store: CompactStore {
    CompactStore(
      digest: { "\(Digest(of: $0))" }, load: { load($0) }, save: { save($1, as: $0) })
  }

  private func path(_ name: String) -> String {
    "\(folder)/\(Digest(of: "\(toolIdentifier) \(name)")).bin"
  }

  private func load(_ name: String) -> [UInt8]? {
    let path = path(name)
    guard Disk.status(path)?.kind == .file, let bytes = try? Disk.read(path),
      bytes.count >= Self.headerSize, bytes.starts(with: Self.magic)
    else { return nil }
    let form = Array(bytes[Self.headerSize...])
    return Self.seal(form) == Array(bytes[Self.magic.count..<Self.headerSize]) ? form : nil
  }

  /// Keeps a form where there is a cache already: looking at a pipeline makes none.
  private func save(_ form: [UInt8], as name: String) {
    guard Disk.exists(CacheLayout(root: cache).database) else { return }
    // A full disk or a read-only cache costs the next start some time, nothing else.
    try? write(Self.magic + Self.seal(form) + form, as: name)
  }

  private func write(_ bytes: [UInt8], as name: String) throws {
    try Disk.makeFolders(folder)
    try Disk.writeWhole(bytes, to: path(name))
    try Disk.keepNewest(Self.mostKept, in: folder)
  }

  private static func seal(_ form: [UInt8]) -> [UInt8] {
    let digest = Digest(of: form)
    return [digest.high, digest.low].flatMap { half in
      withUnsafeBytes(of: half.littleEndian) { Array($0) }
    }
  }
}
