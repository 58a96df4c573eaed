import CHash
import CXXHash
import Testing

/// Every variant of the hash against the library's own.
@Suite struct HashVariantTests {
  @Test func allGiveTheLibrarysHash() {
    var bytes = [UInt8](repeating: 0, count: 300_000)
    var state: UInt64 = 7
    for index in bytes.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes[index] = UInt8(truncatingIfNeeded: state >> 56)
    }
    var lengths = Array(0...1_200)
    lengths += [4_095, 4_096, 4_097, 65_536, 131_072, 299_992]
    bytes.withUnsafeBytes { buffer in
      for length in lengths {
        let part = UnsafeRawBufferPointer(rebasing: buffer[(length % 8)..<(length % 8 + length)])
        let right = XXH3_128bits(part.baseAddress, length)
        for variant in 0..<nb_hash128_variant_count() where nb_hash128_variant_runs(variant) != 0 {
          let found = nb_hash128_of_by(variant, part.baseAddress, length)
          #expect(
            found.low == right.low64 && found.high == right.high64, "\(variant), \(length) bytes")
        }
        #expect(pieces(part) == [right.low64, right.high64], "\(length) bytes in pieces")
      }
    }
  }

  private func pieces(_ bytes: UnsafeRawBufferPointer) -> [UInt64] {
    guard let state = nb_hash128_create() else { return [] }
    defer { nb_hash128_free(state) }
    var start = 0
    var size = 1
    while start < bytes.count {
      let end = min(bytes.count, start + size)
      let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      nb_hash128_update(state, part.baseAddress, part.count)
      start = end
      size = size * 3 % 1_009 + 1
    }
    let hash = nb_hash128_digest(state)
    return [hash.low, hash.high]
  }
}
