import CHash

/// 128 bits of XXH3, the identity of keys, files and results.
package struct Digest: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var high: UInt64
  package var low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  package init(of bytes: UnsafeRawBufferPointer) {
    let hash = nb_hash128_of(bytes.baseAddress, bytes.count)
    self.init(high: hash.high, low: hash.low)
  }

  package init(of bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { Digest(of: $0) }
  }

  package init(of text: String) {
    self.init(of: Array(text.utf8))
  }

  /// 32 hexadecimal digits; nil for any other text.
  package init?(_ text: some StringProtocol) {
    var high: UInt64 = 0
    var low: UInt64 = 0
    var count = 0
    for byte in text.utf8 {
      let digit: UInt64
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a") + 10)
      default: return nil
      }
      if count < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
      count += 1
    }
    guard count == 32 else { return nil }
    self.init(high: high, low: low)
  }

  /// 32 lower-case hexadecimal digits.
  package var description: String {
    String(unsafeUninitializedCapacity: 32) { buffer in
      var index = 0
      for half in [high, low] {
        for shift in stride(from: 60, through: 0, by: -4) {
          let digit = UInt8(truncatingIfNeeded: half >> UInt64(shift)) & 15
          buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
          index += 1
        }
      }
      return 32
    }
  }

  /// Enough digits to tell results apart by eye.
  package var short: String { String(description.prefix(10)) }

  package static func < (a: Digest, b: Digest) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }
}

/// XXH3-128 over bytes that arrive in pieces.
final class StreamingHasher {
  private let state: UnsafeMutableRawPointer

  init() {
    guard let state = nb_hash128_create() else { preconditionFailure("no memory for a hash state") }
    self.state = state
  }

  deinit { nb_hash128_free(state) }

  func reset() { nb_hash128_reset(state) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    nb_hash128_update(state, bytes.baseAddress, bytes.count)
  }

  func digest() -> Digest {
    let hash = nb_hash128_digest(state)
    return Digest(high: hash.high, low: hash.low)
  }
}
