package import Corpus

/// Pretraining's rows: documents one after the other as they lie in their shards, cut into passes of
/// B·T + 1 tokens of which the last is only a target, round and round.
package struct TextStream: BatchSource {
  private let dataset: TokenDataset
  private var epoch = 0
  private var index = 0
  private var buffer: [Int32] = []

  /// The set must hold at least one token.
  package init(_ dataset: TokenDataset) {
    precondition(dataset.count > 0, "no tokens")
    self.dataset = dataset
  }

  package mutating func next(_ batch: inout MicroBatch) throws(TrainingError) {
    try read(batch.rows * batch.length + 1)
    for place in 0..<(batch.rows * batch.length) {
      batch.tokens[place] = buffer[place]
      batch.targets[place] = buffer[place + 1]
    }
  }

  /// The next row of `length` tokens with its own last target, for mixing.
  mutating func row(_ row: Int, of batch: inout MicroBatch) throws(TrainingError) {
    try read(batch.length + 1)
    for place in 0..<batch.length {
      batch.tokens[row * batch.length + place] = buffer[place]
      batch.targets[row * batch.length + place] = buffer[place + 1]
    }
  }

  /// Fills the start of `buffer` with the next `count` tokens.
  private mutating func read(_ count: Int) throws(TrainingError) {
    if buffer.count < count { buffer = [Int32](repeating: 0, count: count) }
    var done = 0
    while done < count {
      let part = min(count - done, dataset.count - index)
      let range = index..<(index + part)
      let offset = done
      let failure = buffer.withUnsafeMutableBufferPointer { buffer -> CorpusError? in
        guard let base = buffer.baseAddress else { return nil }
        do throws(CorpusError) { try dataset.read(range, into: base + offset) } catch {
          return error
        }
        return nil
      }
      if let failure { throw .corpus(failure) }
      done += part
      index += part
      if index == dataset.count {
        index = 0
        epoch += 1
      }
    }
  }

  package func write(to position: inout SourcePosition) {
    position.epoch = epoch
    position.index = index
  }

  package mutating func seek(_ position: SourcePosition) throws(TrainingError) {
    guard position.index < dataset.count else {
      throw .badData(input: "tokens", problem: "the saved position lies outside")
    }
    (epoch, index) = (position.epoch, position.index)
  }
}
