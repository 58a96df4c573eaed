package import Corpus
import Kernels
package import LanguageModel

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How well a model predicts data it was not trained on.
package struct LossResult: Sendable, Hashable {
  /// Summed loss and number of all targets, in natural logarithms.
  package var total = LossSum()
  /// Summed loss of the targets that stand for bytes, and those bytes: no special tokens.
  package var textLoss = 0.0
  package var bytes = 0

  package init() {}

  package var mean: Double { total.mean }

  /// Bits per byte: independent of the vocabulary. Infinite when no byte was
  /// counted.
  package var bitsPerByte: Double {
    bytes == 0 ? .infinity : textLoss / (log(2) * Double(bytes))
  }

  mutating func add(losses: [Float], targets: [Int32], count: Int, byteLengths: [Int32]) {
    for place in 0..<count where targets[place] >= 0 {
      total.loss += Double(losses[place])
      total.count += 1
      let length = Int(byteLengths[Int(targets[place])])
      if length > 0 {
        textLoss += Double(losses[place])
        bytes += length
      }
    }
  }
}

/// A fixed set of rows to measure the loss on.
package enum ValidationSet: Sendable {
  /// Consecutive windows from the start; every token but the first is predicted once.
  case text(TokenDataset)
  /// Conversations in their order, one a row; with `repliesOnly` only what is trained on in
  /// fine-tuning counts.
  case conversations(RenderedConversations, repliesOnly: Bool)
}

package enum LossEvaluation {
  /// Whether `measure` would count any token; reads no further than to the first.
  static func measuresAnything(
    of set: ValidationSet, sequence: Int, tokenLimit: Int
  ) throws(TrainingError) -> Bool {
    var batch = MicroBatch(rows: 1, length: sequence)
    var reader = ValidationReader(set, tokenLimit: tokenLimit)
    while try reader.next(&batch, rows: 1, sequence: sequence) {
      if batch.trainedTokens > 0 { return true }
    }
    return false
  }

  /// The loss over at most `tokenLimit` tokens, in rows of `sequence` and passes of `rows`.
  ///
  /// Which tokens are counted depends on `sequence` and the limit, not on `rows`. Nil as soon as
  /// `isCancelled` says so.
  package static func measure(
    _ model: GPT, on set: ValidationSet, byteLengths: [Int32], sequence: Int, rows: Int,
    tokenLimit: Int, isCancelled: () -> Bool = { false }
  ) throws(TrainingError) -> LossResult? {
    var result = LossResult()
    var batch = MicroBatch(rows: rows, length: sequence)
    var losses = [Float](repeating: 0, count: rows * sequence)
    var reader = ValidationReader(set, tokenLimit: tokenLimit)
    while try reader.next(&batch, rows: rows, sequence: sequence) {
      if isCancelled() { return nil }
      let count = batch.rows * batch.length
      _ = losses.withUnsafeMutableBufferPointer { losses in
        model.forwardLoss(
          tokens: batch.tokens, targets: batch.targets, batch: batch.rows,
          sequence: batch.length, losses: losses.baseAddress)
      }
      result.add(losses: losses, targets: batch.targets, count: count, byteLengths: byteLengths)
    }
    return result
  }
}

/// Walks a validation set pass by pass.
private struct ValidationReader {
  let set: ValidationSet
  var tokensLeft: Int
  var position = 0

  init(_ set: ValidationSet, tokenLimit: Int) {
    self.set = set
    tokensLeft = tokenLimit
  }

  /// Fills `batch` with up to `rows` rows; false when nothing is left.
  mutating func next(
    _ batch: inout MicroBatch, rows: Int, sequence: Int
  ) throws(TrainingError) -> Bool {
    switch set {
    case .text(let dataset):
      return try nextWindows(dataset, &batch, rows: rows, sequence: sequence)
    case .conversations(let conversations, let repliesOnly):
      return nextConversations(
        conversations, repliesOnly: repliesOnly, &batch, rows: rows, sequence: sequence)
    }
  }

  private mutating func nextWindows(
    _ dataset: TokenDataset, _ batch: inout MicroBatch, rows: Int, sequence: Int
  ) throws(TrainingError) -> Bool {
    let predictable = min(dataset.count - 1 - position, tokensLeft)
    guard predictable > 0 else { return false }
    // What is left at the end makes one shorter row.
    batch.rows = max(1, min(rows, predictable / sequence))
    batch.length = min(sequence, predictable)
    let count = batch.rows * batch.length
    var tokens = [Int32](repeating: 0, count: count + 1)
    let range = position..<(position + count + 1)
    let failure = tokens.withUnsafeMutableBufferPointer { tokens -> CorpusError? in
      guard let base = tokens.baseAddress else { return nil }
      do throws(CorpusError) { try dataset.read(range, into: base) } catch { return error }
      return nil
    }
    if let failure { throw .corpus(failure) }
    for place in 0..<count {
      batch.tokens[place] = tokens[place]
      batch.targets[place] = tokens[place + 1]
    }
    position += count
    tokensLeft -= count
    return true
  }

  private mutating func nextConversations(
    _ conversations: RenderedConversations, repliesOnly: Bool, _ batch: inout MicroBatch,
    rows: Int, sequence: Int
  ) -> Bool {
    var items: [Int] = []
    while items.count < rows, position < conversations.count, tokensLeft > 0 {
      if conversations.length(position) > 1 {
        items.append(position)
        tokensLeft -= min(conversations.length(position) - 1, sequence)
      }
      position += 1
    }
    guard !items.isEmpty else { return false }
    batch.rows = items.count
    batch.length = items.map { min(conversations.length($0) - 1, sequence) }.max() ?? 1
    for (row, item) in items.enumerated() {
      let inputs = min(conversations.length(item) - 1, sequence)
      for place in 0..<batch.length {
        let target = row * batch.length + place
        batch.tokens[target] = 0
        batch.targets[target] = -1
        guard place < inputs else { continue }
        batch.tokens[target] = conversations.token(item, place).id
        let (id, isTrained) = conversations.token(item, place + 1)
        if isTrained || !repliesOnly { batch.targets[target] = id }
      }
    }
    return true
  }
}
