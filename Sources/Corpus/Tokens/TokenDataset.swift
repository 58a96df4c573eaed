/// Several token shards as one long sequence of tokens.
package final class TokenDataset: Sendable {
  package let shards: [TokenShard]
  /// Tokens in all shards.
  package let count: Int
  package let documentCount: Int
  package let vocabularySize: Int
  package let hasMask: Bool
  /// Of the tokenizer that made the tokens; 0 when no shard tells.
  package let tokenizerHash: UInt64
  /// `tokenStarts[i]` is the position of shard i's first token.
  private let tokenStarts: [Int]
  private let documentStarts: [Int]

  /// Opens the shards (files, or folders that are walked in order) at `paths`.
  package convenience init(paths: [String]) throws(CorpusError) {
    var shards: [TokenShard] = []
    for file in try DocumentFiles.expand(paths, kinds: [.tokenShard]) {
      shards.append(try TokenShard(path: file.path))
    }
    try self.init(shards: shards)
  }

  /// All shards must share a vocabulary size and a tokenizer, as far as they name one, and all or
  /// none have masks.
  package init(shards: [TokenShard]) throws(CorpusError) {
    guard let first = shards.first else { throw .nothingToRead(paths: [], accepted: [.tokenShard]) }
    var tokens = 0
    var documents = 0
    var tokenizerHash: UInt64 = 0
    var tokenStarts: [Int] = []
    var documentStarts: [Int] = []
    for shard in shards {
      guard shard.vocabularySize == first.vocabularySize else {
        throw .tokenShard(path: shard.path, fault: .mixed("vocabulary size"))
      }
      guard shard.hasMask == first.hasMask else {
        throw .tokenShard(path: shard.path, fault: .mixed("loss mask"))
      }
      if tokenizerHash == 0 { tokenizerHash = shard.tokenizerHash }
      guard shard.tokenizerHash == 0 || shard.tokenizerHash == tokenizerHash else {
        throw .tokenShard(path: shard.path, fault: .mixed("tokenizer"))
      }
      tokenStarts.append(tokens)
      documentStarts.append(documents)
      tokens += shard.count
      documents += shard.documentCount
    }
    self.shards = shards
    self.tokenStarts = tokenStarts
    self.documentStarts = documentStarts
    count = tokens
    documentCount = documents
    vocabularySize = first.vocabularySize
    hasMask = first.hasMask
    self.tokenizerHash = tokenizerHash
  }

  /// Copies the ids of `range`, which may cross shards.
  package func read(
    _ range: Range<Int>, into output: UnsafeMutablePointer<Int32>
  ) throws(CorpusError) {
    try forEachPart(of: range) { shard, part, offset throws(CorpusError) in
      try shard.read(part, into: output + offset)
    }
  }

  /// Copies the loss mask of `range`, 1 where a token is trained on; all 1 without masks.
  package func readMask(
    _ range: Range<Int>, into output: UnsafeMutablePointer<UInt8>
  ) throws(CorpusError) {
    try forEachPart(of: range) { shard, part, offset throws(CorpusError) in
      try shard.readMask(part, into: output + offset)
    }
  }

  /// The positions of the tokens of document `index`, counted over all shards.
  package func documentRange(_ index: Int) -> Range<Int> {
    precondition(index >= 0 && index < documentCount, "document \(index) of \(documentCount)")
    let shard = Self.last(in: documentStarts, atMost: index)
    let range = shards[shard].documentRange(index - documentStarts[shard])
    let start = tokenStarts[shard]
    return start + range.lowerBound..<start + range.upperBound
  }

  /// The last document that starts at or before `position`, which must be below `count`.
  package func document(at position: Int) -> Int {
    precondition(position >= 0 && position < count, "token \(position) of \(count)")
    let index = Self.last(in: tokenStarts, atMost: position)
    let shard = shards[index]
    var lower = 0
    var upper = shard.documentCount
    while lower < upper {
      let middle = (lower + upper) / 2
      if shard.documentStart(middle) <= position - tokenStarts[index] {
        lower = middle + 1
      } else {
        upper = middle
      }
    }
    return documentStarts[index] + max(lower - 1, 0)
  }

  private func forEachPart(
    of range: Range<Int>,
    _ body: (TokenShard, Range<Int>, Int) throws(CorpusError) -> Void
  ) throws(CorpusError) {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .tokenShard(
        path: shards[0].path,
        fault: .rangeOutOfBounds(
          lower: range.lowerBound, upper: range.upperBound, count: count))
    }
    if range.isEmpty { return }
    var shard = Self.last(in: tokenStarts, atMost: range.lowerBound)
    var position = range.lowerBound
    while position < range.upperBound {
      let start = tokenStarts[shard]
      let end = min(range.upperBound, start + shards[shard].count)
      try body(shards[shard], position - start..<end - start, position - range.lowerBound)
      position = end
      shard += 1
    }
  }

  /// The last index whose value is at most `value`, in a sorted list that begins with 0.
  private static func last(in starts: [Int], atMost value: Int) -> Int {
    var lower = 0
    var upper = starts.count
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if starts[middle] <= value { lower = middle } else { upper = middle }
    }
    return lower
  }
}
