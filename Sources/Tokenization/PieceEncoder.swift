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
  package init(_ tokenizer: Tokenizer, cacheBits: Int = 16) {
    self.tokenizer = tokenizer
    splitter = Splitter(tokenizer.pattern)
    cache = PieceCache(bits: cacheBits)
    merger = PieceMerger(byteIDs: tokenizer.byteIDs, pairs: tokenizer.pairs)
  }

  /// Appends the ids of `text`, which need not be valid UTF-8, to `ids`.
  package func encode(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    output.count = 0
    encode(text, into: output)
    ids.append(contentsOf: output.elements)
  }

  func encode(_ text: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard var start = text.baseAddress else { return }
    let end = start + text.count
    let splitter = splitter
    let cache = cache
    while start < end {
      let next = splitter.pieceEnd(start, end)
      let length = next - start
      if length <= PieceCache.longestPiece {
        output.reserve(4)
        let (low, high) = PieceCache.key(start, length, end)
        if !cache.appendKnown(low, high, to: output) {
          let before = output.count
          mergePiece(UnsafeBufferPointer(start: start, count: length), into: output)
          cache.insert(
            low, high,
            UnsafeBufferPointer(start: output.base + before, count: output.count - before))
        }
      } else {
        mergePiece(UnsafeBufferPointer(start: start, count: length), into: output)
      }
      start = next
    }
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
