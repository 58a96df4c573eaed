/// Merges the bytes of one piece: the adjacent pair with the lowest rank first, leftmost on a tie.
final class PieceMerger {
  private let byteIDs: [Int32]
  private let pairs: PairTable
  private let lengths: [Int32]
  private let ids: UnsafeMutablePointer<Int32>
  /// The rank of the pair at the same index of `ids` and its right neighbour.
  private let ranks: UnsafeMutablePointer<UInt32>
  private var long: LongPieceMerger?
  /// The two tokens of the last merge that made a piece one token.
  private(set) var wholeMerge: (left: Int32, right: Int32) = (-1, -1)

  /// Up to this many bytes looking at every pair again after a merge is faster than any queue.
  private static let shortLimit = 48
  /// Pieces beyond this are cut, so that positions fit 32 bits.
  private static let longLimit = 1 << 30

  /// `lengths`: the number of bytes of each token.
  init(byteIDs: [Int32], lengths: [Int32], pairs: PairTable) {
    self.byteIDs = byteIDs
    self.lengths = lengths
    self.pairs = pairs
    ids = .allocate(capacity: Self.shortLimit)
    ranks = .allocate(capacity: Self.shortLimit)
  }

  deinit {
    ids.deallocate()
    ranks.deallocate()
  }

  /// Appends the ids of `piece` to `output`.
  func merge(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    if piece.count <= Self.shortLimit {
      mergeShort(piece, into: output)
      return
    }
    let merger = long ?? LongPieceMerger(byteIDs: byteIDs, lengths: lengths, pairs: pairs)
    long = merger
    var start = 0
    while start < piece.count {
      let end = min(piece.count, start + Self.longLimit)
      let whole = merger.merge(UnsafeBufferPointer(rebasing: piece[start..<end]), into: output)
      if let whole { wholeMerge = whole }
      start = end
    }
  }

  private func mergeShort(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    let ids = ids
    let ranks = ranks
    let pairs = pairs
    var count = piece.count
    guard count > 0 else { return }
    byteIDs.withUnsafeBufferPointer { byteIDs in
      for index in 0..<count { ids[index] = byteIDs[Int(piece[index])] }
    }
    for index in 0..<(count &- 1) {
      ranks[index] = pairs.rank(ofBytes: piece[index], piece[index &+ 1])
    }
    while count > 1 {
      var best = 0
      var lowest = ranks[0]
      var index = 1
      while index < count &- 1 {
        let rank = ranks[index]
        best = rank < lowest ? index : best
        lowest = min(rank, lowest)
        index &+= 1
      }
      if lowest == PairTable.noRank { break }
      if count == 2 { wholeMerge = (ids[0], ids[1]) }
      ids[best] = pairs.result(lowest)
      count &-= 1
      index = best &+ 1
      while index < count {
        ids[index] = ids[index &+ 1]
        ranks[index &- 1] = ranks[index]
        index &+= 1
      }
      if best &+ 1 < count { ranks[best] = pairs.rank(ids[best], ids[best &+ 1]) }
      if best > 0 { ranks[best &- 1] = pairs.rank(ids[best &- 1], ids[best]) }
    }
    output.reserve(count)
    (output.base + output.count).update(from: ids, count: count)
    output.count &+= count
  }
}
