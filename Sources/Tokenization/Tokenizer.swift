import Corpus

/// A byte-level BPE vocabulary with its split pattern: text to ids and back.
///
/// Ids 0 … base−1 are the learned tokens, the nine special tokens follow. Text is always encoded
/// without recognising the spelling of a special token. Two adjacent tokens merge when their bytes
/// together are a token, the lowest id first, exactly as `tiktoken` does it; a file of Hugging Face
/// brings its own list of merges.
package final class Tokenizer: Sendable {
  package let pattern: SplitPattern
  package let vocabulary: Vocabulary
  package let specialTokens: SpecialTokens

  /// The merges of a Hugging Face file in their order; nil when the ids themselves are the ranks.
  let listedMerges: [Merge]?
  let pairs: PairTable
  /// The id of each single byte.
  let byteIDs: [Int32]
  /// The number of bytes of each learned token.
  let lengths: [Int32]
  /// Tokens that merging cannot reach; `tiktoken` gives them to a piece that spells them.
  let unreachable: [[UInt8]: Int32]

  struct Merge: Sendable, Hashable {
    var left: Int32
    var right: Int32
    var result: Int32
  }

  /// A tokenizer whose ids are its ranks, as the trainer and `.tiktoken` files have it.
  package convenience init(
    vocabulary: Vocabulary, pattern: SplitPattern
  ) throws(VocabularyFaultError) {
    try self.init(vocabulary: vocabulary, pattern: pattern, merges: nil, prefersWholePieces: true)
  }

  init(
    vocabulary: Vocabulary, pattern: SplitPattern, merges: [Merge]?, prefersWholePieces: Bool
  ) throws(VocabularyFaultError) {
    let index = try vocabulary.validatedIndex()
    self.pattern = pattern
    self.vocabulary = vocabulary
    specialTokens = SpecialTokens(base: Int32(vocabulary.count))
    listedMerges = merges
    byteIDs = (UInt8.min...UInt8.max).map { byte in
      Int32(index.id(of: [byte][...], in: vocabulary) ?? 0)
    }
    lengths = (0..<vocabulary.count).map { Int32(vocabulary.length($0)) }
    pairs = Self.pairTable(vocabulary, index, merges, byteIDs)
    unreachable =
      prefersWholePieces ? Self.unreachableTokens(vocabulary, byteIDs, lengths, pairs) : [:]
  }

  /// Learned and special tokens together: the rows of an embedding.
  package var vocabularySize: Int { vocabulary.count + SpecialTokens.count }

  /// The bytes that `id` stands for; none for a special or unknown id.
  package func bytes(of id: Int32) -> ArraySlice<UInt8> {
    id >= 0 && id < specialTokens.base ? vocabulary[Int(id)] : []
  }

  /// The length of `bytes(of:)`: 0 for special tokens, which bits per byte must not count.
  package func byteLength(of id: Int32) -> Int {
    id >= 0 && id < specialTokens.base ? vocabulary.length(Int(id)) : 0
  }

  /// `byteLength(of:)` of every id, specials included.
  package var byteLengths: [Int32] {
    (0..<Int32(vocabularySize)).map { Int32(byteLength(of: $0)) }
  }

  /// The text's bytes; special and unknown ids give none.
  package func decode(_ ids: some Sequence<Int32>) -> [UInt8] {
    var bytes: [UInt8] = []
    for id in ids { bytes.append(contentsOf: self.bytes(of: id)) }
    return bytes
  }

  /// 32 hexadecimal digits that depend on pattern, tokens and merges alone.
  package var hash: String {
    var digest = StableDigest()
    digest.add(pattern.rawValue.utf8)
    digest.add(UInt64(vocabulary.count))
    for id in 0..<vocabulary.count {
      digest.add(UInt64(vocabulary.length(id)))
      digest.add(vocabulary[id])
    }
    for merge in listedMerges ?? [] {
      digest.add(UInt64(UInt32(bitPattern: merge.left)))
      digest.add(UInt64(UInt32(bitPattern: merge.right)))
    }
    for name in SpecialTokens.names { digest.add(name.utf8) }
    return digest.hexadecimal
  }
}

/// Two FNV-1a hashes of 64 bits with different starts: enough to tell tokenizers apart.
private struct StableDigest {
  private var first: UInt64 = 0xcbf2_9ce4_8422_2325
  private var second: UInt64 = 0x6c62_272e_07bb_0142

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      first = (first ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
      second = (second ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
      second ^= second >> 31
    }
  }

  mutating func add(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { add($0) }
  }

  var hexadecimal: String { first.hexadecimal + second.hexadecimal }
}
