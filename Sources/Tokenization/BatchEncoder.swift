import Synchronization

/// Encodes batches of documents on several threads, with the same ids whatever their number.
///
/// Not to be shared between threads. Each of its threads keeps its piece cache from batch to batch.
package final class BatchEncoder {
  package let tokenizer: Tokenizer
  package let threads: Int
  private let workers: Workers

  /// `threads` 0: as many as there are processors.
  package init(_ tokenizer: Tokenizer, threads: Int = 0) {
    self.tokenizer = tokenizer
    self.threads = threads > 0 ? threads : ThreadTeam.processorCount
    workers = Workers(tokenizer, count: self.threads)
  }

  /// The ids of every document of `documents`, with `prefix` in front of each if given.
  ///
  /// What `batch` held is replaced; its memory is used again.
  package func encode(
    _ documents: DocumentBuffer, prefix: Int32? = nil, into batch: inout EncodedBatch
  ) {
    documents.bytes.withUnsafeBufferPointer { bytes in
      encode(bytes, ends: documents.ends, prefix: prefix, into: &batch)
    }
  }

  /// The same for documents that lie one after the other in `bytes`; `ends` are ascending.
  package func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, ends: [Int], prefix: Int32? = nil,
    into batch: inout EncodedBatch
  ) {
    let segments = Segment.cut(bytes, ends: ends)
    workers.prepare(bytes, segments)
    let workers = workers
    let team = ThreadTeam.start(min(threads, segments.count) - 1) { workers.run($0 + 1) }
    workers.run(0)
    team.join()
    batch.removeAll()
    batch.reserve(workers.idCount + (prefix == nil ? 0 : ends.count))
    for (index, segment) in segments.enumerated() {
      if segment.isFirst, let prefix { batch.append(prefix) }
      batch.append(workers.ids(index))
      if segment.isLast { batch.endDocument() }
    }
  }
}

/// The ids of several documents, one after the other.
package struct EncodedBatch: Sendable, Hashable {
  package private(set) var ids: [Int32] = []
  /// The end of each document in `ids`.
  package private(set) var ends: [Int] = []

  package init() {}

  package var count: Int { ends.count }

  package subscript(document: Int) -> ArraySlice<Int32> {
    ids[(document > 0 ? ends[document - 1] : 0)..<ends[document]]
  }

  mutating func removeAll() {
    ids.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  mutating func reserve(_ count: Int) { ids.reserveCapacity(count) }
  mutating func append(_ id: Int32) { ids.append(id) }
  mutating func append(_ more: UnsafeBufferPointer<Int32>) { ids.append(contentsOf: more) }
  mutating func endDocument() { ends.append(ids.count) }
}

/// A stretch of one document that can be encoded on its own.
struct Segment {
  var start: Int
  var end: Int
  var isFirst: Bool
  var isLast: Bool

  static let targetLength = 1 << 17
  /// How far a cut is looked for before the document is left whole from there on.
  private static let searchLength = 1 << 16

  static func cut(_ bytes: UnsafeBufferPointer<UInt8>, ends: [Int]) -> [Segment] {
    var segments: [Segment] = []
    var start = 0
    for end in ends {
      var isFirst = true
      while end - start > targetLength * 3 / 2,
        let cut = safeCut(bytes, from: start + targetLength, to: end)
      {
        segments.append(Segment(start: start, end: cut, isFirst: isFirst, isLast: false))
        isFirst = false
        start = cut
      }
      segments.append(Segment(start: start, end: end, isFirst: isFirst, isLast: true))
      start = end
    }
    return segments
  }

  /// A place between an ASCII letter and a space that an ASCII letter follows.
  ///
  /// No alternative of any pattern matches across it, and none looks across it: a run of letters
  /// ends there and a new piece starts with the space.
  private static func safeCut(
    _ bytes: UnsafeBufferPointer<UInt8>, from: Int, to end: Int
  ) -> Int? {
    let last = min(from + searchLength, end - 2)
    var index = from
    while index < last {
      if bytes[index] == UInt8(ascii: " "), isLetter(bytes[index - 1]), isLetter(bytes[index + 1]) {
        return index
      }
      index += 1
    }
    return nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}

/// The encoders of a `BatchEncoder` and the work they share during one call.
///
/// `prepare` and the reading of results happen while no worker runs. During a run every worker
/// writes its own encoder and buffer, and the results of the segments it took from the counter.
private final class Workers: @unchecked Sendable {
  private struct Outcome {
    var worker: Int
    var start: Int
    var count: Int
  }

  private let encoders: [PieceEncoder]
  private let buffers: [TokenBuffer]
  private let next = Atomic<Int>(0)
  private var bytes = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  private var segments: [Segment] = []
  private var outcomes: UnsafeMutablePointer<Outcome>
  private var capacity = 16

  init(_ tokenizer: Tokenizer, count: Int) {
    encoders = (0..<count).map { _ in PieceEncoder(tokenizer) }
    buffers = (0..<count).map { _ in TokenBuffer() }
    outcomes = .allocate(capacity: capacity)
  }

  deinit { outcomes.deallocate() }

  func prepare(_ bytes: UnsafeBufferPointer<UInt8>, _ segments: [Segment]) {
    self.bytes = bytes
    self.segments = segments
    if segments.count > capacity {
      outcomes.deallocate()
      capacity = segments.count
      outcomes = .allocate(capacity: capacity)
    }
    for buffer in buffers { buffer.count = 0 }
    next.store(0, ordering: .relaxed)
  }

  func run(_ worker: Int) {
    let buffer = buffers[worker]
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < segments.count else { return }
      let segment = segments[index]
      let start = buffer.count
      encoders[worker].encode(
        UnsafeBufferPointer(rebasing: bytes[segment.start..<segment.end]), into: buffer)
      (outcomes + index).initialize(
        to: Outcome(worker: worker, start: start, count: buffer.count - start))
    }
  }

  var idCount: Int { buffers.reduce(0) { $0 + $1.count } }

  func ids(_ segment: Int) -> UnsafeBufferPointer<Int32> {
    let outcome = outcomes[segment]
    return UnsafeBufferPointer(
      start: buffers[outcome.worker].base + outcome.start, count: outcome.count)
  }
}
