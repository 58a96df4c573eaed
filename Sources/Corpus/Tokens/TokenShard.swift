import Glibc

/// A memory-mapped file of token ids, for reading at any position.
///
/// Layout (all numbers little-endian):
///
/// | offset | bytes | content |
/// | --- | --- | --- |
/// | 0 | 8 | `NBTOKENS` |
/// | 8 | 4 | version, 1 |
/// | 12 | 4 | bytes per token, 2 or 4 |
/// | 16 | 4 | flags: bit 0, the shard has a loss mask |
/// | 20 | 4 | vocabulary size |
/// | 24 | 8 | token count |
/// | 32 | 8 | document count |
/// | 40 | 8 | hash of the tokenizer, 0 when unknown (as in shards of version 0.1.0) |
/// | 48 | 8 | 0 |
/// | 56 | 8 | FNV-1a of the 56 bytes before |
/// | 64 | | tokens |
/// | next multiple of 64 | | loss mask, a byte a token, 0 or 1 (when flagged) |
/// | next multiple of 64 | | document starts, 8 bytes each, in tokens |
///
/// A published shard never changes; one that is cut short while mapped would end the process.
package final class TokenShard: @unchecked Sendable {
  static let magic: [UInt8] = Array("NBTOKENS".utf8)
  static let headerBytes = 64

  package let path: String
  /// Tokens in the shard.
  package let count: Int
  package let documentCount: Int
  package let vocabularySize: Int
  /// Of the tokenizer that made the tokens; 0 when that is unknown.
  package let tokenizerHash: UInt64
  package let bytesPerToken: Int
  package let hasMask: Bool
  package var byteCount: Int { mapped.count }

  private let mapped: UnsafeRawBufferPointer
  private let maskOffset: Int
  private let documentsOffset: Int

  package init(path: String) throws(CorpusError) {
    let file = try InputFile(path: path)
    let bytes = try file.prefix(Self.headerBytes)
    let header: Header
    let layout: Layout
    do throws(TokenShardFault) {
      header = try Header(bytes)
      layout = try Layout(header)
      guard file.size == layout.fileSize else {
        throw TokenShardFault.fileSize(expected: layout.fileSize, found: file.size)
      }
    } catch {
      throw .tokenShard(path: path, fault: error)
    }
    self.path = path
    count = header.tokenCount
    documentCount = header.documentCount
    vocabularySize = header.vocabularySize
    tokenizerHash = header.tokenizerHash
    bytesPerToken = header.bytesPerToken
    hasMask = header.hasMask
    maskOffset = layout.maskOffset
    documentsOffset = layout.documentsOffset
    mapped = try file.map()
    for document in 0..<documentCount {
      let start = documentStart(document)
      let before = document > 0 ? documentStart(document - 1) : 0
      guard start >= before, start <= count else {
        throw .tokenShard(path: path, fault: .documentStarts(document: document))
      }
    }
  }

  deinit {
    if let base = mapped.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: base), mapped.count)
    }
  }

  /// The position of the first token of document `index`, which must be below `documentCount`.
  package func documentStart(_ index: Int) -> Int {
    precondition(index >= 0 && index < documentCount, "document \(index) of \(documentCount)")
    return mapped.loadUnaligned(fromByteOffset: documentsOffset + 8 * index, as: Int.self)
  }

  /// The positions of the tokens of document `index`.
  package func documentRange(_ index: Int) -> Range<Int> {
    let end = index + 1 < documentCount ? documentStart(index + 1) : count
    return documentStart(index)..<end
  }

  /// Copies the ids of `range` to `output`; every id is checked against the vocabulary.
  package func read(
    _ range: Range<Int>, into output: UnsafeMutablePointer<Int32>
  ) throws(CorpusError) {
    try check(range)
    guard let base = mapped.baseAddress else { return }
    var largest: UInt32 = 0
    let target = UnsafeMutableRawPointer(output).assumingMemoryBound(to: UInt32.self)
    if bytesPerToken == 2 {
      let source =
        (base + Self.headerBytes).assumingMemoryBound(to: UInt16.self)
        + range.lowerBound
      for index in 0..<range.count {
        target[index] = UInt32(source[index])
        largest = max(largest, target[index])
      }
    } else {
      let source =
        (base + Self.headerBytes).assumingMemoryBound(to: UInt32.self)
        + range.lowerBound
      for index in 0..<range.count {
        target[index] = source[index]
        largest = max(largest, target[index])
      }
    }
    guard range.isEmpty || largest < UInt32(vocabularySize) else {
      let index = (0..<range.count).first { target[$0] >= UInt32(vocabularySize) } ?? 0
      throw .tokenShard(
        path: path,
        fault: .tokenOutOfVocabulary(
          position: range.lowerBound + index, token: Int(target[index]),
          vocabulary: vocabularySize))
    }
  }

  /// Copies the loss mask of `range`, 1 where a token is trained on; all 1 in a shard without mask.
  package func readMask(
    _ range: Range<Int>, into output: UnsafeMutablePointer<UInt8>
  ) throws(CorpusError) {
    try check(range)
    guard hasMask, let base = mapped.baseAddress else {
      output.update(repeating: 1, count: range.count)
      return
    }
    let source = (base + maskOffset).assumingMemoryBound(to: UInt8.self) + range.lowerBound
    output.update(from: source, count: range.count)
  }

  private func check(_ range: Range<Int>) throws(CorpusError) {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .tokenShard(
        path: path,
        fault: .rangeOutOfBounds(
          lower: range.lowerBound, upper: range.upperBound, count: count))
    }
  }
}
