import CHash

/// A running XXH3-128, which is what the build engine knows files by.
final class ContentHash {
  private let state: UnsafeMutableRawPointer

  init() {
    guard let state = nb_hash128_create() else { preconditionFailure("no memory for a hash state") }
    self.state = state
    reset()
  }

  deinit { nb_hash128_free(state) }

  func reset() { nb_hash128_reset(state) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    nb_hash128_update(state, bytes.baseAddress, bytes.count)
  }

  var digest: WrittenContent.Digest {
    let hash = nb_hash128_digest(state)
    return WrittenContent.Digest(high: hash.high, low: hash.low)
  }
}

/// What was written into a finished file, hashed on its way there, and the file's status right after
/// it got its name: while the status stays the same, so does the content.
package struct WrittenContent: Sendable, Hashable {
  /// XXH3-128.
  package struct Digest: Sendable, Hashable {
    package var high: UInt64
    package var low: UInt64
  }

  package var digest: Digest
  /// Bytes.
  package var size: Int64
  /// Nanoseconds since 1970.
  package var modified: Int64
  package var changed: Int64
  package var inode: UInt64
}
