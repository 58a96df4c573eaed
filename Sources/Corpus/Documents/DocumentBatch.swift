/// Some documents in order, each valid UTF-8.
package struct DocumentBatch: Sendable {
  let vector: ColumnVector

  package var count: Int { vector.count }

  /// The sum of the documents' lengths.
  package var byteCount: Int { vector.textByteCount }

  /// Lends the bytes of document `index`, which are valid during the call.
  package func withDocument<Result, Failure: Error>(
    _ index: Int, body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(index >= 0 && index < count, "document \(index) of \(count)")
    return try body(vector.bytes(index).assumingMemoryBound(to: UInt8.self))
  }

  package func string(_ index: Int) -> String {
    withDocument(index) { String(decoding: $0, as: UTF8.self) }
  }
}
