/// The small text that Git-LFS keeps in place of a large file.
package struct LFSPointer: Equatable {
  /// Longest text that can be one; the specification says below 1024 bytes.
  static let longest = 1024

  var sha256: String
  var size: Int

  init(sha256: String, size: Int) {
    self.sha256 = sha256
    self.size = size
  }

  /// Nil when `bytes` are anything else.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count <= Self.longest else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard lines.first == "version https://git-lfs.github.com/spec/v1" else { return nil }
    var sha256: String?
    var size: Int?
    for line in lines.dropFirst() {
      let words = line.split(separator: " ")
      guard words.count == 2 else { return nil }
      if words[0] == "oid" { sha256 = SHA256Digest.normalized(String(words[1])) }
      if words[0] == "size" { size = Int(words[1]) }
    }
    guard let sha256, let size, size >= 0 else { return nil }
    self.init(sha256: sha256, size: size)
  }
}
