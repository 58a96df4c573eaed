/// Reads a source of text to its end or limit and counts its pieces on all threads.
final class PieceCounter {
  private(set) var table = PieceTable()
  private(set) var documents = 0
  private(set) var characters = 0
  private(set) var bytes = 0
  private(set) var forgotten = 0

  private let options: BPETrainer.Options
  private let threads: Int
  /// Text counted between two looks at the memory: fixed, so that what is forgotten does not
  /// depend on the threads.
  private let roundBytes: Int
  /// Positions of the merge loop have 32 bits, and the sign is used.
  private static let largestSymbolCount = Int(Int32.max) - 2

  init(_ options: BPETrainer.Options) {
    self.options = options
    threads = options.threads > 0 ? options.threads : ThreadTeam.processorCount
    roundBytes = min(256 << 20, max(1 << 20, options.maxMemory / 4))
  }

  /// `source`, `progress` and `isCancelled` are called on the calling thread only.
  func count(
    source: (inout DocumentBuffer) throws -> Bool,
    progress: (BPETrainer.Progress) -> Void, isCancelled: () -> Bool
  ) throws {
    let pattern = options.pattern
    let tables = TableList((0..<threads).map { _ in PieceTable() })
    var limits = DocumentLimits(options)
    while !limits.isFinished {
      let queue = BatchQueue(capacity: threads * 2)
      var failure: (any Error)?
      let team = ThreadTeam.start(threads - 1) { index in
        let splitter = Splitter(pattern)
        while let batch = queue.take() {
          Self.count(batch, splitter, tables.tables[index + 1])
        }
      }
      let splitter = Splitter(pattern)
      var roundLeft = roundBytes
      var batch = DocumentBuffer()
      while failure == nil, !limits.isFinished, roundLeft > 0 {
        if isCancelled() {
          failure = TokenizerError.cancelled
          break
        }
        batch.removeAll()
        do {
          let isLast = try !source(&batch)
          for part in limits.apply(to: batch, isLast: isLast) {
            roundLeft -= part.bytes.count
            // A full queue means that the others have enough to do: help them.
            if !queue.offer(part) { Self.count(part, splitter, tables.tables[0]) }
          }
        } catch {
          failure = error
        }
        progress(
          .counting(
            documents: limits.documents, characters: limits.characters, bytes: limits.bytes))
      }
      queue.close()
      while let batch = queue.take() { Self.count(batch, splitter, tables.tables[0]) }
      team.join()
      if let failure { throw failure }
      for index in tables.tables.indices {
        if index == 0, table.count == 0 {
          swap(&table, &tables.tables[0])
        } else {
          table.add(tables.tables[index])
        }
        tables.tables[index] = PieceTable()
      }
      if isCancelled() { throw TokenizerError.cancelled }
      if table.footprint > options.maxMemory { try forgetRarest() }
    }
    if table.symbolCount > Self.largestSymbolCount { try forgetRarest() }
    documents = limits.documents
    characters = limits.characters
    bytes = limits.bytes
  }

  /// Forgets the pieces seen once, then those seen twice …, until the others stay within bounds.
  private func forgetRarest() throws(TokenizerError) {
    let sizes = table.sizesByFrequency
    let kept = sizes.last {
      $0.size.footprint <= options.maxMemory && $0.size.symbols <= Self.largestSymbolCount
    }
    if let kept {
      forgotten += table.forget(below: kept.occurrences)
    } else if let least = sizes.first?.size {
      if least.footprint > options.maxMemory {
        throw .memoryTooSmall(limit: options.maxMemory, needed: least.footprint)
      }
      throw .tooManySymbols(least.symbols, limit: Self.largestSymbolCount)
    }
  }

  private static func count(
    _ buffer: DocumentBuffer, _ splitter: Splitter, _ table: PieceTable
  ) {
    buffer.bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      let last = base + bytes.count
      var start = 0
      for end in buffer.ends {
        var position = base + start
        let stop = base + end
        while position < stop {
          let next = splitter.pieceEnd(position, stop)
          let length = next - position
          if length <= PieceCache.longestPiece {
            let (low, high) = PieceCache.key(position, length, last)
            table.add(low, high, 1)
          } else {
            table.addLong(UnsafeBufferPointer(start: position, count: length), 1)
          }
          position = next
        }
        start = end
      }
    }
  }
}

/// One table a thread. Each thread touches its own only.
private final class TableList: @unchecked Sendable {
  var tables: [PieceTable]
  init(_ tables: [PieceTable]) { self.tables = tables }
}

/// Applies the limits of the options in the order of the documents.
private struct DocumentLimits {
  private let maxCharacters: Int
  private let documentCap: Int
  private(set) var documents = 0
  private(set) var characters = 0
  private(set) var bytes = 0
  private(set) var isFinished = false

  /// Batches are cut to about this size, so that all threads get some.
  private static let partBytes = 1 << 19

  init(_ options: BPETrainer.Options) {
    maxCharacters = options.maxCharacters ?? .max
    documentCap = options.documentCap ?? .max
  }

  /// The documents of `batch` within the limits, in parts for the threads.
  mutating func apply(to batch: DocumentBuffer, isLast: Bool) -> [DocumentBuffer] {
    var parts: [DocumentBuffer] = []
    var part = DocumentBuffer()
    isFinished = isLast
    batch.bytes.withUnsafeBufferPointer { text in
      var start = 0
      for end in batch.ends {
        if characters >= maxCharacters {
          isFinished = true
          break
        }
        let document = UnsafeBufferPointer(rebasing: text[start..<end])
        let (length, count) = CharacterCount.prefix(document, limit: documentCap)
        part.append(UnsafeBufferPointer(rebasing: document[..<length]))
        documents += 1
        characters += count
        bytes += length
        if part.bytes.count >= Self.partBytes {
          parts.append(part)
          part = DocumentBuffer()
        }
        start = end
      }
    }
    if part.count > 0 { parts.append(part) }
    return parts
  }
}

/// Characters are code points: bytes that do not continue one.
enum CharacterCount {
  /// The length in bytes of the first `limit` characters of `text`, and how many they are.
  static func prefix(
    _ text: UnsafeBufferPointer<UInt8>, limit: Int
  ) -> (bytes: Int, characters: Int) {
    var count = 0
    for byte in text { count &+= byte & 0xc0 == 0x80 ? 0 : 1 }
    guard count > limit else { return (text.count, count) }
    var seen = 0
    for (index, byte) in text.enumerated() where byte & 0xc0 != 0x80 {
      if seen == limit { return (index, seen) }
      seen += 1
    }
    return (text.count, count)
  }
}
