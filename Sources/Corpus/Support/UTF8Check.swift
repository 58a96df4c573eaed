import CSystem

enum UTF8Check {
  /// The offset of the first byte that is not part of valid UTF-8, or nil when all of it is valid.
  static func firstFault(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let text = bytes.assumingMemoryBound(to: UInt8.self)
    guard let base = text.baseAddress else { return nil }
    let valid = nb_utf8_valid_prefix(base, text.count)
    return valid == text.count ? nil : valid
  }
}
