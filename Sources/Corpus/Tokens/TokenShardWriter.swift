/// Writes a token shard from start to end with bounded memory.
///
/// The header is written last: a file that was not finished is no token shard. Masks and document
/// starts wait in nameless scratch files beside the shard.
package final class TokenShardWriter {
  private let path: String
  private let output: OutputFile
  private let mask: OutputFile?
  private let starts: OutputFile
  private var header: TokenShard.Header
  private var isFinished = false
  private var narrow: [UInt16] = []

  /// Tokens take two bytes where every id of the vocabulary fits. `tokenizerHash` tells later
  /// readers which tokenizer the tokens are of; 0 leaves that open.
  package init(
    path: String, vocabularySize: Int, hasMask: Bool, tokenizerHash: UInt64 = 0
  ) throws(CorpusError) {
    guard vocabularySize > 0, vocabularySize <= Int(Int32.max) else {
      throw .tokenShard(
        path: path, fault: .headerField("vocabulary size", value: vocabularySize))
    }
    self.path = path
    header = TokenShard.Header(
      bytesPerToken: vocabularySize <= 1 << 16 ? 2 : 4, hasMask: hasMask,
      vocabularySize: vocabularySize, tokenCount: 0, documentCount: 0,
      tokenizerHash: tokenizerHash)
    output = try OutputFile(path: path)
    mask = hasMask ? try OutputFile(path: path + ".mask", isScratch: true) : nil
    starts = try OutputFile(path: path + ".starts", isScratch: true)
    try output.write([UInt8](repeating: 0, count: TokenShard.headerBytes))
  }

  package var tokenCount: Int { header.tokenCount }
  package var documentCount: Int { header.documentCount }

  /// Appends one document. `mask` has a byte for each id, 1 where it is trained on; it must be
  /// given exactly when the shard has a mask.
  package func append(
    document ids: UnsafeBufferPointer<Int32>, mask bytes: UnsafeBufferPointer<UInt8>? = nil
  ) throws(CorpusError) {
    if isFinished { throw .tokenShard(path: path, fault: .alreadyFinished) }
    if let bad = ids.firstIndex(where: { $0 < 0 || Int($0) >= header.vocabularySize }) {
      throw .tokenShard(
        path: path,
        fault: .tokenOutOfVocabulary(
          position: header.tokenCount + bad, token: Int(ids[bad]),
          vocabulary: header.vocabularySize))
    }
    guard (mask != nil) == (bytes != nil), bytes.map({ $0.count == ids.count }) ?? true else {
      throw .tokenShard(
        path: path, fault: .maskLength(tokens: ids.count, mask: bytes?.count ?? 0))
    }
    let start = withUnsafeBytes(of: UInt64(header.tokenCount).littleEndian) { Array($0) }
    try starts.write(start)
    if header.bytesPerToken == 4 {
      try output.write(UnsafeRawBufferPointer(ids))
    } else {
      narrow.removeAll(keepingCapacity: true)
      narrow.append(contentsOf: ids.lazy.map { UInt16(truncatingIfNeeded: $0) })
      try narrow.withUnsafeBufferPointer { narrow throws(CorpusError) in
        try output.write(UnsafeRawBufferPointer(narrow))
      }
    }
    if let mask, let bytes { try mask.write(UnsafeRawBufferPointer(bytes)) }
    header.tokenCount += ids.count
    header.documentCount += 1
  }

  package func append(document ids: [Int32], mask: [UInt8]? = nil) throws(CorpusError) {
    try ids.withUnsafeBufferPointer { ids throws(CorpusError) in
      guard let mask else { return try append(document: ids, mask: nil) }
      try mask.withUnsafeBufferPointer { mask throws(CorpusError) in
        try append(document: ids, mask: mask)
      }
    }
  }

  /// Completes the file.
  package func finish() throws(CorpusError) {
    if isFinished { throw .tokenShard(path: path, fault: .alreadyFinished) }
    isFinished = true
    try pad(header.tokenCount * header.bytesPerToken)
    if let mask {
      try mask.flush()
      try output.append(contentsOf: mask)
      try pad(header.tokenCount)
    }
    try starts.flush()
    try output.append(contentsOf: starts)
    try output.flush()
    try output.overwrite(at: 0, header.bytes)
  }

  private func pad(_ size: Int) throws(CorpusError) {
    try output.write([UInt8](repeating: 0, count: TokenShard.Layout.aligned(size) - size))
  }
}
