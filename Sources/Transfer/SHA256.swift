import CCurl

/// A running SHA-256, computed by libcrypto.
final class SHA256 {
  private let context: UnsafeMutableRawPointer

  init() throws(TransferError) {
    if let reason = nb_sha256_load() {
      throw .missingLibrary("libcrypto", reason: String(cString: reason))
    }
    guard let context = nb_sha256_new() else { throw .library(reason: "out of memory") }
    self.context = context
  }

  deinit { nb_sha256_free(context) }

  func reset() { _ = nb_sha256_reset(context) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    if let start = bytes.baseAddress { _ = nb_sha256_update(context, start, bytes.count) }
  }

  /// 64 lower-case digits; afterwards the hash is that of nothing again.
  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    _ = nb_sha256_finish(context, &digest)
    reset()
    return Hexadecimal.text(digest)
  }

  static func isDigest(_ text: String) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy { Hexadecimal.value($0) != nil }
  }
}

/// Hexadecimal SHA-256 digests as users write them.
package enum SHA256Digest {
  /// The digest in lower case without a `sha256:` in front; nil when `text` is none.
  package static func normalized(_ text: String) -> String? {
    let digits = (text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text).lowercased()
    return SHA256.isDigest(digits) ? digits : nil
  }
}
