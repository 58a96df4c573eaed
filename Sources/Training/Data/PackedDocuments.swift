package import Corpus

/// Pretraining's rows, packed: each begins with a document and holds the ones that fit best; where
/// none fits, the shortest is cut to fill the row and its rest is dropped.
///
/// About a third of the tokens is dropped, and none is padding. Each document is placed once before any
/// is placed again. Losses of the two ways to make rows can't be compared.
package struct PackedDocuments: BatchSource {
  private let dataset: TokenDataset
  private var epoch = 0
  private var index = 0
  /// Documents to choose from, oldest first.
  private var waiting: [Int] = []
  /// The row at hand; kept for its memory.
  private var row: [Int32] = []

  static let waitingLimit = 1000

  /// Throws when no document holds a token.
  package init(_ dataset: TokenDataset) throws(TrainingError) {
    guard (0..<dataset.documentCount).contains(where: { !dataset.documentRange($0).isEmpty }) else {
      throw .notEnoughData(input: "tokens", found: 0, needed: 1, unit: "documents")
    }
    self.dataset = dataset
    waiting.reserveCapacity(Self.waitingLimit)
  }

  package mutating func next(_ batch: inout MicroBatch) throws(TrainingError) {
    if row.count != batch.length + 1 { row = [Int32](repeating: 0, count: batch.length + 1) }
    for index in 0..<batch.rows {
      try fillRow()
      for place in 0..<batch.length {
        batch.tokens[index * batch.length + place] = row[place]
        batch.targets[index * batch.length + place] = row[place + 1]
      }
    }
  }

  private mutating func fillRow() throws(TrainingError) {
    var filled = 0
    while filled < row.count {
      refill()
      let left = row.count - filled
      var longest: (place: Int, length: Int)?
      var shortest: (place: Int, length: Int)?
      for (place, document) in waiting.enumerated() {
        let length = dataset.documentRange(document).count
        if length <= left, length > longest?.length ?? 0 { longest = (place, length) }
        if length < shortest?.length ?? .max { shortest = (place, length) }
      }
      guard let chosen = longest ?? shortest else { return }
      let range = dataset.documentRange(waiting.remove(at: chosen.place))
      let count = min(range.count, left)
      let part = range.lowerBound..<(range.lowerBound + count)
      let start = filled
      let failure = row.withUnsafeMutableBufferPointer { row -> CorpusError? in
        guard let base = row.baseAddress else { return nil }
        do throws(CorpusError) { try dataset.read(part, into: base + start) } catch {
          return error
        }
        return nil
      }
      if let failure { throw .corpus(failure) }
      filled += count
    }
  }

  /// The next pass over the set begins when none of the one before waits any more, see
  /// `PackedConversations`.
  private mutating func refill() {
    while waiting.count < Self.waitingLimit, index > 0 || waiting.isEmpty {
      if !dataset.documentRange(index).isEmpty { waiting.append(index) }
      index += 1
      if index == dataset.documentCount {
        index = 0
        epoch += 1
      }
    }
  }

  package func write(to position: inout SourcePosition) {
    position.stand(epoch, index, waiting, limit: Self.waitingLimit)
  }

  package mutating func seek(_ position: SourcePosition) throws(TrainingError) {
    guard position.index < dataset.documentCount, position.waiting.count <= Self.waitingLimit,
      position.waiting.allSatisfy({
        $0 < dataset.documentCount && !dataset.documentRange($0).isEmpty
      })
    else { throw .badData(input: "tokens", problem: "the saved position lies outside") }
    (epoch, index, waiting) = (position.epoch, position.index, position.waiting)
  }
}
