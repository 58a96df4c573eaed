import Synchronization

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

  init(_ options: BPETrainer.Options) {
    self.options = options
    threads = options.threads > 0 ? options.threads : ThreadTeam.processorCount
    roundBytes = min(256 << 20, max(1 << 20, options.maxMemory / 4))
  }

  func count(
    source: (inout DocumentBuffer) throws -> Bool,
    progress: (BPETrainer.Progress) -> Void, isCancelled: () -> Bool
  ) throws {
    try withoutActuallyEscaping(source) { source in
      try withoutActuallyEscaping(progress) { progress in
        try withoutActuallyEscaping(isCancelled) { isCancelled in
          let reader = SerialReader(
            source: source, progress: progress, isCancelled: isCancelled,
            maxCharacters: options.maxCharacters, documentCap: options.documentCap)
          try count(reader)
        }
      }
    }
  }

  private func count(_ reader: SerialReader) throws {
    let pattern = options.pattern
    let roundBytes = roundBytes
    let tables = TableList((0..<threads).map { _ in PieceTable() })
    while !reader.isFinished {
      reader.startRound(bytes: roundBytes)
      ThreadTeam.run(threads) { index in
        let splitter = Splitter(pattern)
        var buffer = DocumentBuffer()
        while reader.next(&buffer) { Self.count(buffer, splitter, tables.tables[index]) }
      }
      if let error = reader.error { throw error }
      for index in tables.tables.indices {
        if index == 0, table.count == 0 {
          swap(&table, &tables.tables[0])
        } else {
          table.add(tables.tables[index])
        }
        tables.tables[index] = PieceTable()
      }
      var minimum = 2
      while table.footprint > options.maxMemory, table.count > 0 {
        forgotten += table.forget(below: minimum)
        minimum += 1
      }
    }
    // Positions of the merge loop have 32 bits, and the sign is used.
    var minimum = 2
    while table.symbolCount >= Int(Int32.max) - 1 {
      forgotten += table.forget(below: minimum)
      minimum += 1
    }
    documents = reader.documents
    characters = reader.characters
    bytes = reader.bytes
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

/// Gives the threads batches of documents, one caller at a time, and applies the limits in the
/// order of the documents.
private final class SerialReader: @unchecked Sendable {
  private let lock = Mutex<Void>(())
  private let source: (inout DocumentBuffer) throws -> Bool
  private let progress: (BPETrainer.Progress) -> Void
  private let isCancelled: () -> Bool
  private let maxCharacters: Int
  private let documentCap: Int
  private var batch = DocumentBuffer()
  private var roundLeft = 0

  // Written under the lock; read by the owner between rounds.
  private(set) var documents = 0
  private(set) var characters = 0
  private(set) var bytes = 0
  private(set) var error: (any Error)?
  private(set) var isFinished = false

  init(
    source: @escaping (inout DocumentBuffer) throws -> Bool,
    progress: @escaping (BPETrainer.Progress) -> Void, isCancelled: @escaping () -> Bool,
    maxCharacters: Int?, documentCap: Int?
  ) {
    self.source = source
    self.progress = progress
    self.isCancelled = isCancelled
    self.maxCharacters = maxCharacters ?? .max
    self.documentCap = documentCap ?? .max
  }

  func startRound(bytes: Int) { roundLeft = bytes }

  /// Fills `buffer` with the next documents; false when the round or the text has ended.
  func next(_ buffer: inout DocumentBuffer) -> Bool {
    lock.withLock { _ in
      buffer.removeAll()
      while !isFinished, roundLeft > 0, buffer.count == 0 { read(&buffer) }
      return buffer.count > 0
    }
  }

  private func read(_ buffer: inout DocumentBuffer) {
    if isCancelled() {
      error = TokenizerError.cancelled
      isFinished = true
      return
    }
    batch.removeAll()
    do {
      if try !source(&batch) { isFinished = true }
    } catch {
      self.error = error
      isFinished = true
      return
    }
    batch.bytes.withUnsafeBufferPointer { text in
      var start = 0
      for end in batch.ends {
        if characters >= maxCharacters {
          isFinished = true
          break
        }
        let document = UnsafeBufferPointer(rebasing: text[start..<end])
        let (length, count) = CharacterCount.prefix(document, limit: documentCap)
        buffer.append(UnsafeBufferPointer(rebasing: document[..<length]))
        documents += 1
        characters += count
        bytes += length
        roundLeft -= length
        start = end
      }
    }
    progress(.counting(documents: documents, characters: characters, bytes: bytes))
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
