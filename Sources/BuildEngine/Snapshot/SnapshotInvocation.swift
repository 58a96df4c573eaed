import JSON

/// What the user asked for, as far as it decides which assets are looked at and with which settings.
package struct SnapshotInvocation: Sendable, Hashable {
  /// Absolute path of the pipeline file.
  package var pipelinePath: String
  /// As given on the command line; nil when the file's own default counts.
  package var profile: String?
  package var overrides: [String]
  package var targets: [String]
  /// Changes whenever the program could decide otherwise: a build's identifier.
  package var toolIdentifier: String

  package init(
    pipelinePath: String, profile: String?, overrides: [String], targets: [String],
    toolIdentifier: String
  ) {
    self.pipelinePath = pipelinePath
    self.profile = profile
    self.overrides = overrides
    self.targets = targets
    self.toolIdentifier = toolIdentifier
  }

  var digest: Digest {
    func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    let json: JSONValue = [
      .int(FreshnessSnapshot.formatVersion), .string(pipelinePath),
      profile.map { .string($0) } ?? .null, list(overrides), list(targets),
      .string(toolIdentifier),
    ]
    return Digest(of: JSONWriter.text(json))
  }

  func path(cache: String) -> String {
    CacheLayout(root: cache).snapshots + "/\(digest).bin"
  }
}

/// A file the pipeline was read from, with the stamp it had before it was read.
package struct GuardedFile: Sendable, Hashable {
  package var path: String
  package var stamp: FileGuard
  package var takenAt: Int64
  /// Of the bytes that were read.
  package var content: Digest

  /// Looks at `path` (absolute); call it before the file is read, and say then what was read. Nil when
  /// there is no such file.
  package init?(path: String, bytes: [UInt8] = []) {
    takenAt = Clock.wall()
    guard let status = Disk.status(path) else { return nil }
    self.path = path
    stamp = status.stamp
    content = Digest(of: bytes)
  }

  package func holding(_ bytes: [UInt8]) -> GuardedFile {
    var file = self
    file.content = Digest(of: bytes)
    return file
  }

  /// Whether the file may have changed since without its stamp telling.
  package var isRacy: Bool { stamp.isRacy(readAt: takenAt) }
}
