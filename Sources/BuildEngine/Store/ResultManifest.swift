import ByteCoding
package import JSON

/// The files of a result, sorted by path, with what is needed to see whether they are intact.
package struct ResultManifest: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case file(Digest, isExecutable: Bool)
    /// The digest names what is in it only through its files; kept for its own stamp.
    case folder(isEmpty: Bool)
    /// A relative link to something inside the result.
    case link(String)
  }

  package struct Entry: Sendable, Hashable {
    /// Relative to the result's folder; empty for the folder itself.
    package var path: String
    package var kind: Kind
    package var stamp: FileGuard
    /// Wall clock when the content was last seen to be right.
    package var verifiedAt: Int64
  }

  package var entries: [Entry]

  /// Total size of the files in bytes.
  package var byteCount: Int64 {
    entries.reduce(0) { sum, entry in
      if case .file = entry.kind { sum + entry.stamp.size } else { sum }
    }
  }

  /// The content digest: over paths, sizes, file digests, executable bits, links and empty folders.
  package var digest: Digest {
    var text = "nanobuild-content 1\n"
    for entry in entries {
      switch entry.kind {
      case .file(let digest, let isExecutable):
        text += "file \(digest) \(entry.stamp.size) \(isExecutable ? "x" : "-") "
      case .folder(let isEmpty):
        guard isEmpty && !entry.path.isEmpty else { continue }
        text += "folder "
      case .link(let target):
        text += "link "
        JSONWriter.writeString(target, into: &text)
        text += " "
      }
      JSONWriter.writeString(entry.path, into: &text)
      text += "\n"
    }
    return Digest(of: text)
  }

  // MARK: In the index

  var encoded: [UInt8] {
    var writer = ByteWriter(capacity: entries.count * 64 + 8)
    writer.integer(entries.count)
    for entry in entries {
      writer.text(entry.path)
      switch entry.kind {
      case .file(let digest, let isExecutable):
        writer.integer(isExecutable ? 1 : 0)
        writer.digest(digest)
      case .folder(let isEmpty):
        writer.integer(isEmpty ? 3 : 2)
      case .link(let target):
        writer.integer(4)
        writer.text(target)
      }
      writer.stamp(entry.stamp)
      writer.fixed(UInt64(bitPattern: entry.verifiedAt))
    }
    return writer.bytes
  }

  init(entries: [Entry]) { self.entries = entries }

  init?(encoded: [UInt8]) {
    var reader = ByteReader(encoded)
    guard let count = reader.count() else { return nil }
    entries = []
    entries.reserveCapacity(count)
    for _ in 0..<count {
      guard let path = reader.text(), let tag = reader.integer() else { return nil }
      let kind: Kind
      switch tag {
      case 0, 1:
        guard let digest = reader.digest() else { return nil }
        kind = .file(digest, isExecutable: tag == 1)
      case 2, 3: kind = .folder(isEmpty: tag == 3)
      case 4:
        guard let target = reader.text() else { return nil }
        kind = .link(target)
      default: return nil
      }
      guard let stamp = reader.stamp(), let verifiedAt = reader.fixed() else { return nil }
      entries.append(
        Entry(
          path: path, kind: kind, stamp: stamp, verifiedAt: Int64(bitPattern: verifiedAt)))
    }
    guard reader.isAtEnd else { return nil }
  }
}

/// What is known of a published result.
package struct ResultRecord: Sendable {
  package var digest: Digest
  package var manifest: ResultManifest
  package var metrics: [String: JSONValue]
  /// Seconds since 1970.
  package var createdAt: Double
  package var step: String
  /// Zero when the files were flushed to the disk; else the start of the system in which they
  /// were written, after which they must be read again before they are trusted.
  var unflushedBoot: Int64
}
