/// Encodes text for one thread, remembering the pieces it has seen.
///
/// Not to be shared between threads. `BatchEncoder` has one for each of its threads.
package final class PieceEncoder {
  package let tokenizer: Tokenizer
  private let splitter: Splitter
  private let cache: PieceCache
  private let merger: PieceMerger
  private let output = TokenBuffer()

  /// `cacheBits`: binary logarithm of the number of 64-byte sets of the piece cache.
  package init(_ tokenizer: Tokenizer, cacheBits: Int = 17) {
    self.tokenizer = tokenizer
    splitter = Splitter(tokenizer.pattern)
    cache = PieceCache(bits: cacheBits)
    merger = PieceMerger(
      byteIDs: tokenizer.byteIDs, lengths: tokenizer.lengths, pairs: tokenizer.pairs)
  }

  /// Appends the ids of `text`, which need not be valid UTF-8, to `ids`.
  package func encode(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    output.count = 0
    encode(text, into: output)
    ids.append(contentsOf: output.elements)
  }

  /// A piece that is split off and waits for its ids.
  private struct Waiting {
    var start: UnsafePointer<UInt8>
    var length: Int
    var low: UInt64
    var high: UInt64
    var set: UnsafeMutablePointer<PieceCache.Entry>
  }

  /// Pieces are split off in groups of this many and then looked up, so that the processor waits
  /// for many cache lines at once and a mispredicted split stalls none of them.
  private static let groupSize = 64

  func encode(_ text: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard let base = text.baseAddress else { return }
    withUnsafeTemporaryAllocation(of: Waiting.self, capacity: Self.groupSize) { group in
      guard let group = group.baseAddress else { return }
      encode(base, base + text.count, group, output)
    }
  }

  private func encode(
    _ text: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
    _ group: UnsafeMutablePointer<Waiting>, _ output: TokenBuffer
  ) {
    let splitter = splitter
    let cache = cache
    var start = text
    while start < end {
      var waiting = 0
      while waiting < Self.groupSize, start < end {
        let next = splitter.pieceEnd(start, end)
        let length = next - start
        let (low, high) = PieceCache.key(start, min(length, PieceCache.longestPiece), end)
        let set = cache.set(low, high)
        PieceCache.prefetch(set)
        (group + waiting).initialize(
          to: Waiting(start: start, length: length, low: low, high: high, set: set))
        waiting &+= 1
        start = next
      }
      output.reserve(Self.groupSize * 16)
      var target = output.base + output.count
      for index in 0..<waiting {
        let piece = group + index
        let low = piece.pointee.low
        let high = piece.pointee.high
        var entry = piece.pointee.set
        if entry.pointee.low != low || entry.pointee.high != high { entry += 1 }
        if entry.pointee.low == low, entry.pointee.high == high,
          piece.pointee.length <= PieceCache.longestPiece
        {
          let count = Int(truncatingIfNeeded: entry.pointee.count)
          if count > PieceCache.inlineCount {
            target.update(from: cache.overflow(entry), count: count)
          } else {
            target[0] = entry.pointee.first
            target[1] = entry.pointee.second
            target[2] = entry.pointee.third
          }
          target += count
        } else {
          output.count = target - output.base
          mergeUnknown(piece.pointee, into: output)
          output.reserve(Self.groupSize * 16)
          target = output.base + output.count
        }
      }
      output.count = target - output.base
    }
  }

  @inline(never)
  private func mergeUnknown(_ piece: Waiting, into output: TokenBuffer) {
    let before = output.count
    mergePiece(UnsafeBufferPointer(start: piece.start, count: piece.length), into: output)
    guard piece.length <= PieceCache.longestPiece else { return }
    cache.insert(
      piece.low, piece.high,
      UnsafeBufferPointer(start: output.base + before, count: output.count - before))
  }

  /// Appends the ids of bytes that are one piece already.
  func encodePiece(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    output.count = 0
    mergePiece(piece, into: output)
    ids.append(contentsOf: output.elements)
  }

  @inline(never)
  private func mergePiece(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    if !tokenizer.unreachable.isEmpty, let id = tokenizer.unreachable[Array(piece)] {
      output.append(id)
      return
    }
    merger.merge(piece, into: output)
  }
}
