extension TokenShard {
  /// The first 64 bytes of a shard.
  struct Header {
    var bytesPerToken: Int
    var hasMask: Bool
    var vocabularySize: Int
    var tokenCount: Int
    var documentCount: Int
    /// Of the tokenizer that made the tokens; 0 when that is unknown.
    var tokenizerHash: UInt64 = 0

    static let version = 1

    var bytes: [UInt8] {
      var bytes = TokenShard.magic
      for number in [Self.version, bytesPerToken, hasMask ? 1 : 0, vocabularySize] {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).littleEndian) {
          bytes.append(contentsOf: $0)
        }
      }
      for number in [UInt64(tokenCount), UInt64(documentCount), tokenizerHash, 0] {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
      }
      withUnsafeBytes(of: Self.checksum(bytes[...]).littleEndian) { bytes.append(contentsOf: $0) }
      return bytes
    }

    /// FNV-1a, 64 bit.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
      bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
  }

  /// Where the parts of a shard begin.
  struct Layout {
    var maskOffset: Int
    var documentsOffset: Int
    var fileSize: Int

    init(_ header: Header) throws(TokenShardFault) {
      let limit = 1 << 48
      guard header.tokenCount >= 0, header.tokenCount < limit else {
        throw .headerField("token count", value: header.tokenCount)
      }
      guard header.documentCount >= 0, header.documentCount < limit else {
        throw .headerField("document count", value: header.documentCount)
      }
      let tokensEnd = TokenShard.headerBytes + header.tokenCount * header.bytesPerToken
      maskOffset = Self.aligned(tokensEnd)
      documentsOffset =
        header.hasMask ? Self.aligned(maskOffset + header.tokenCount) : maskOffset
      fileSize = documentsOffset + 8 * header.documentCount
    }

    static func aligned(_ offset: Int) -> Int { (offset + 63) & ~63 }
  }
}

extension TokenShard.Header {
  init(_ bytes: [UInt8]) throws(TokenShardFault) {
    guard bytes.count == TokenShard.headerBytes, bytes.starts(with: TokenShard.magic) else {
      throw .notATokenShard
    }
    func number(_ offset: Int, _ size: Int) -> Int {
      Int(
        truncatingIfNeeded: (0..<size).reduce(UInt64(0)) {
          $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1)
        })
    }
    guard number(8, 4) == Self.version else { throw .unsupportedVersion(number(8, 4)) }
    guard UInt64(bitPattern: Int64(number(56, 8))) == Self.checksum(bytes[..<56]) else {
      throw .headerChecksum
    }
    bytesPerToken = number(12, 4)
    hasMask = number(16, 4) & 1 == 1
    vocabularySize = number(20, 4)
    tokenCount = number(24, 8)
    documentCount = number(32, 8)
    tokenizerHash = UInt64(bitPattern: Int64(number(40, 8)))
    guard bytesPerToken == 2 || bytesPerToken == 4 else {
      throw .headerField("bytes per token", value: bytesPerToken)
    }
    guard number(16, 4) <= 1 else { throw .headerField("flags", value: number(16, 4)) }
    guard vocabularySize > 0, vocabularySize <= Int(Int32.max) else {
      throw .headerField("vocabulary size", value: vocabularySize)
    }
  }
}
