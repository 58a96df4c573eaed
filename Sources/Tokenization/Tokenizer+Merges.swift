extension Tokenizer {
  /// The merges as a table: the listed ones, or every way to cut a token into two others.
  static func pairTable(
    _ vocabulary: Vocabulary, _ index: SpellingIndex, _ listed: [Merge]?, _ byteIDs: [Int32]
  ) -> PairTable {
    guard let listed else {
      let splits = allSplits(vocabulary, index).map { ($0.left, $0.right, UInt32($0.result)) }
      return PairTable(splits, results: nil, byteIDs: byteIDs)
    }
    let merges = listed.enumerated().map { ($1.left, $1.right, UInt32($0)) }
    return PairTable(merges, results: listed.map(\.result), byteIDs: byteIDs)
  }

  /// Every pair of tokens whose bytes together are a token, in the order of that token's id.
  static func allSplits(_ vocabulary: Vocabulary, _ index: SpellingIndex) -> [Merge] {
    var merges: [Merge] = []
    merges.reserveCapacity(vocabulary.count * 2)
    var lengthsSeen = [Bool](
      repeating: false, count: (0..<vocabulary.count).reduce(1) { max($0, vocabulary.length($1)) } + 1)
    for id in 0..<vocabulary.count { lengthsSeen[vocabulary.length(id)] = true }
    for id in 0..<vocabulary.count {
      let token = vocabulary[id]
      guard token.count > 1 else { continue }
      for cut in (token.startIndex + 1)..<token.endIndex {
        // Only lengths that tokens have are worth a look: it keeps a token of a megabyte cheap.
        guard lengthsSeen[cut - token.startIndex], lengthsSeen[token.endIndex - cut]
        else { continue }
        guard let left = index.id(of: token[..<cut], in: vocabulary),
          let right = index.id(of: token[cut...], in: vocabulary)
        else { continue }
        merges.append(Merge(left: Int32(left), right: Int32(right), result: Int32(id)))
      }
    }
    return merges
  }

  /// The tokens that their own bytes do not merge into.
  static func unreachableTokens(
    _ vocabulary: Vocabulary, _ byteIDs: [Int32], _ lengths: [Int32], _ pairs: PairTable
  ) -> [[UInt8]: Int32] {
    var tokens: [[UInt8]: Int32] = [:]
    let merger = PieceMerger(byteIDs: byteIDs, lengths: lengths, pairs: pairs)
    let ids = TokenBuffer()
    for id in 0..<vocabulary.count where vocabulary.length(id) > 1 {
      ids.count = 0
      vocabulary[id].withUnsafeBufferPointer { merger.merge($0, into: ids) }
      if ids.count != 1 { tokens[Array(vocabulary[id])] = Int32(id) }
    }
    return tokens
  }
}
