extension Tokenizer {
  /// Appends the ids of `text`, which need not be valid UTF-8, to `ids`.
  ///
  /// For a few texts; to encode many, keep a `PieceEncoder` or a `BatchEncoder`.
  package func encode(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    PieceEncoder(self, cacheBits: 7).encode(text, into: &ids)
  }

  package func encode(_ bytes: [UInt8]) -> [Int32] {
    var ids: [Int32] = []
    bytes.withUnsafeBufferPointer { encode($0, into: &ids) }
    return ids
  }

  package func encode(_ text: String) -> [Int32] { encode(Array(text.utf8)) }
}
