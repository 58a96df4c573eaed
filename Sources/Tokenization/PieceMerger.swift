/// Merges the bytes of one piece: the adjacent pair with the lowest rank first, leftmost on a tie.
final class PieceMerger {
  private let byteIDs: [Int32]
  private let pairs: PairTable
  private let ids: UnsafeMutablePointer<Int32>
  /// What the pair at the same index of `ids` and its right neighbour merges to.
  private let merges: UnsafeMutablePointer<PairTable.Slot>
  private var long: LongPieceMerger?

  /// Up to this many bytes looking at every pair again after a merge is faster than any queue.
  private static let shortLimit = 48
  /// Pieces beyond this are cut, so that positions fit 32 bits.
  private static let longLimit = 1 << 30

  init(byteIDs: [Int32], pairs: PairTable) {
    self.byteIDs = byteIDs
    self.pairs = pairs
    ids = .allocate(capacity: Self.shortLimit)
    merges = .allocate(capacity: Self.shortLimit)
  }

  deinit {
    ids.deallocate()
    merges.deallocate()
  }

  /// Appends the ids of `piece` to `output`.
  func merge(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    if piece.count <= Self.shortLimit {
      mergeShort(piece, into: output)
      return
    }
    let merger = long ?? LongPieceMerger(byteIDs: byteIDs, pairs: pairs)
    long = merger
    var start = 0
    while start < piece.count {
      let end = min(piece.count, start + Self.longLimit)
      merger.merge(UnsafeBufferPointer(rebasing: piece[start..<end]), into: output)
      start = end
    }
  }

  private func mergeShort(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    let ids = ids
    let merges = merges
    let pairs = pairs
    var count = piece.count
    guard count > 0 else { return }
    byteIDs.withUnsafeBufferPointer { byteIDs in
      for index in 0..<count { ids[index] = byteIDs[Int(piece[index])] }
    }
    for index in 0..<(count &- 1) { merges[index] = pairs.find(ids[index], ids[index &+ 1]) }
    while count > 1 {
      var best = 0
      var lowest = merges[0].rank
      var index = 1
      while index < count &- 1 {
        if merges[index].rank < lowest {
          lowest = merges[index].rank
          best = index
        }
        index &+= 1
      }
      if lowest == PairTable.noRank { break }
      ids[best] = merges[best].id
      count &-= 1
      index = best &+ 1
      while index < count {
        ids[index] = ids[index &+ 1]
        merges[index &- 1] = merges[index]
        index &+= 1
      }
      if best &+ 1 < count { merges[best] = pairs.find(ids[best], ids[best &+ 1]) }
      if best > 0 { merges[best &- 1] = pairs.find(ids[best &- 1], ids[best]) }
    }
    output.reserve(count)
    (output.base + output.count).update(from: ids, count: count)
    output.count &+= count
  }
}
