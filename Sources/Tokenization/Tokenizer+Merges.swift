extension Tokenizer {
  /// The merges as a table: the listed ones, or every way to cut a token into two others.
  static func pairTable(
    _ vocabulary: Vocabulary, _ index: SpellingIndex, _ listed: [Merge]?
  ) -> PairTable {
    let merges = listed ?? allSplits(vocabulary, index)
    let table = PairTable(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      let rank = listed == nil ? UInt32(merge.result) : UInt32(rank)
      table.insert(merge.left, merge.right, rank: rank, id: merge.result)
    }
    return table
  }

  /// Every pair of tokens whose bytes together are a token, in the order of that token's id.
  static func allSplits(_ vocabulary: Vocabulary, _ index: SpellingIndex) -> [Merge] {
    var merges: [Merge] = []
    merges.reserveCapacity(vocabulary.count * 2)
    for id in 0..<vocabulary.count {
      let token = vocabulary[id]
      guard token.count > 1, token.count <= longestSplitToken else { continue }
      for cut in (token.startIndex + 1)..<token.endIndex {
        guard let left = index.id(of: token[..<cut], in: vocabulary),
          let right = index.id(of: token[cut...], in: vocabulary)
        else { continue }
        merges.append(Merge(left: Int32(left), right: Int32(right), result: Int32(id)))
      }
    }
    return merges
  }

  /// A token longer than this is never made by merging, only by spelling a whole piece: trying
  /// every cut of a file's megabyte-long token would take quadratic time.
  private static let longestSplitToken = 4096

  /// The tokens that their own bytes do not merge into.
  static func unreachableTokens(
    _ vocabulary: Vocabulary, _ byteIDs: [Int32], _ pairs: PairTable
  ) -> [[UInt8]: Int32] {
    var tokens: [[UInt8]: Int32] = [:]
    let merger = PieceMerger(byteIDs: byteIDs, pairs: pairs)
    let ids = TokenBuffer()
    for id in 0..<vocabulary.count where vocabulary.length(id) > 1 {
      ids.count = 0
      vocabulary[id].withUnsafeBufferPointer { merger.merge($0, into: ids) }
      if ids.count != 1 { tokens[Array(vocabulary[id])] = Int32(id) }
    }
    return tokens
  }
}
