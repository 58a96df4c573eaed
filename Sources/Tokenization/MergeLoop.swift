/// The merges of a training, one after the other, on flat arrays.
///
/// All distinct pieces stand in one array of symbols with a separator between, and a pair of tokens
/// has the list of positions where it occurs. Two facts keep the bookkeeping small. A pair gains
/// occurrences only in the step that makes the newer of its two tokens, so its list is written once
/// and its count only falls: the queue holds upper bounds, and a pair is counted again when it
/// reaches the top and one of its tokens was consumed since. And a pair below `threshold` cannot be
/// chosen while others are above it, so it is not recorded at all: when the top falls below the
/// threshold, this is lowered and the pairs are collected anew from the symbols.
final class MergeLoop {
  private(set) var vocabulary = Vocabulary.bytes
  private(set) var merged = 0
  private(set) var skipped = 0

  private var index: SpellingIndex
  private let symbols: PieceSymbols
  private var lengths: UnsafeMutablePointer<Int32>
  /// By token: the last step that merged one of its occurrences away.
  private var consumed: UnsafeMutablePointer<Int32>
  private var left: UnsafeMutablePointer<Neighbour>
  private var right: UnsafeMutablePointer<Neighbour>
  private var tokenCapacity: Int

  private var pairs: [Pair] = []
  private var queue = PairQueue()
  private var pool = PositionPool()
  private var threshold = Int.max
  private var step: Int32 = 0

  private var mergedAt: [UInt32] = []
  private var lefts: [Int32] = []
  private var rights: [Int32] = []
  private var touchedLeft: [Int32] = []
  private var touchedRight: [Int32] = []

  /// Where a pair occurs, as of the step it was last counted.
  private struct Pair {
    var start: Int
    var length: Int
    var countedAt: Int32
  }

  /// What stands beside the tokens made in one step.
  private struct Neighbour {
    var weight: Int
    var occurrences: Int
    /// Where the next position goes in the pool; -1 when the pair is not recorded.
    var cursor: Int
  }

  /// How far the threshold lies below the most frequent pair, and falls when it is reached.
  private static let firstRatio = 256
  private static let ratio = 16

  init(_ table: PieceTable) {
    symbols = PieceSymbols(table)
    tokenCapacity = 1024
    lengths = .allocate(capacity: tokenCapacity)
    consumed = .allocate(capacity: tokenCapacity)
    left = .allocate(capacity: tokenCapacity)
    right = .allocate(capacity: tokenCapacity)
    index = SpellingIndex(capacity: 4096)
    let empty = Neighbour(weight: 0, occurrences: 0, cursor: -1)
    lengths.initialize(repeating: 1, count: tokenCapacity)
    consumed.initialize(repeating: -1, count: tokenCapacity)
    left.initialize(repeating: empty, count: tokenCapacity)
    right.initialize(repeating: empty, count: tokenCapacity)
    for id in 0..<256 { _ = index.insert(id, in: vocabulary) }
  }

  deinit {
    lengths.deallocate()
    consumed.deallocate()
    left.deallocate()
    right.deallocate()
  }

  /// Makes the next merge; false when no pair is left.
  func mergeNext() -> Bool {
    while true {
      guard let top = queue.first, top.weight >= threshold else {
        guard threshold > 1 else { return false }
        lowerThreshold()
        continue
      }
      queue.removeFirst()
      let tokens = (left: top.left, right: top.right)
      let pair = pairs[Int(top.pair)]
      let lastChange = max(consumed[Int(top.left)], consumed[Int(top.right)])
      if pair.countedAt < lastChange {
        let weight = recount(Int(top.pair), tokens.left, tokens.right)
        if weight < threshold { continue }
        if weight < top.weight {
          queue.insert(
            PairQueue.Entry(weight: weight, left: top.left, right: top.right, pair: top.pair))
          continue
        }
      }
      let spelling = Array(vocabulary[Int(tokens.left)]) + vocabulary[Int(tokens.right)]
      if index.id(of: spelling[...], in: vocabulary) != nil {
        skipped += 1
        continue
      }
      merge(pairs[Int(top.pair)], tokens.left, tokens.right)
      return true
    }
  }

  // MARK: Counting

  /// Drops the positions where the pair is no more; returns its count in the text.
  private func recount(_ number: Int, _ first: Int32, _ second: Int32) -> Int {
    let pair = pairs[number]
    let symbols = symbols.base
    let distance = Int(lengths[Int(first)])
    let positions = pool.base + pair.start
    var kept = 0
    var weight = 0
    for index in 0..<pair.length {
      let position = positions[index]
      let start = Int(position)
      guard symbols[start] == first, symbols[start &+ distance] == second else { continue }
      positions[kept] = position
      kept &+= 1
      weight &+= self.symbols.weight(start)
    }
    pairs[number].length = kept
    pairs[number].countedAt = step
    return weight
  }

  private func record(_ first: Int32, _ second: Int32, _ weight: Int, _ occurrences: Int) -> Int {
    let start = pool.take(occurrences)
    queue.insert(
      PairQueue.Entry(weight: weight, left: first, right: second, pair: Int32(pairs.count)))
    pairs.append(Pair(start: start, length: occurrences, countedAt: step))
    return start
  }

  // MARK: Merging

  private func merge(_ pair: Pair, _ first: Int32, _ second: Int32) {
    let token = Int32(vocabulary.count)
    vocabulary.appendMerge(Int(first), Int(second))
    _ = index.insert(Int(token), in: vocabulary)
    if Int(token) >= tokenCapacity { growTokens() }
    let firstLength = Int(lengths[Int(first)])
    let length = firstLength + Int(lengths[Int(second)])
    lengths[Int(token)] = Int32(length)
    step += 1
    merged += 1
    consumed[Int(first)] = step
    consumed[Int(second)] = step

    let symbols = symbols.base
    let lengths = lengths
    mergedAt.removeAll(keepingCapacity: true)
    for index in pair.start..<(pair.start + pair.length) {
      let position = pool.base[index]
      let start = Int(position)
      guard symbols[start] == first, symbols[start &+ firstLength] == second else { continue }
      symbols[start &+ firstLength] = PieceSymbols.dead
      symbols[start] = token
      symbols[start &+ length &- 1] = token
      mergedAt.append(position)
    }

    let left = left
    let right = right
    lefts.removeAll(keepingCapacity: true)
    rights.removeAll(keepingCapacity: true)
    for position in mergedAt {
      let start = Int(position)
      let weight = self.symbols.weight(start)
      let before = symbols[start &- 1]
      var after = symbols[start &+ length]
      if before >= 0 {
        if left[Int(before)].occurrences == 0 { touchedLeft.append(before) }
        left[Int(before)].occurrences &+= 1
        left[Int(before)].weight &+= weight
      }
      // Two new tokens side by side are one pair, counted from the right one.
      if after == token { after = PieceSymbols.separator }
      if after >= 0 {
        if right[Int(after)].occurrences == 0 { touchedRight.append(after) }
        right[Int(after)].occurrences &+= 1
        right[Int(after)].weight &+= weight
      }
      lefts.append(before)
      rights.append(after)
    }
    var recorded = false
    for before in touchedLeft where left[Int(before)].weight >= threshold {
      let found = left[Int(before)]
      left[Int(before)].cursor = record(before, token, found.weight, found.occurrences)
      recorded = true
    }
    for after in touchedRight where right[Int(after)].weight >= threshold {
      let found = right[Int(after)]
      right[Int(after)].cursor = record(token, after, found.weight, found.occurrences)
      recorded = true
    }
    if recorded {
      let pool = pool.base
      for (index, position) in mergedAt.enumerated() {
        let before = Int(lefts[index])
        if before >= 0, left[before].cursor >= 0 {
          pool[left[before].cursor] = position &- UInt32(lengths[before])
          left[before].cursor &+= 1
        }
        let after = Int(rights[index])
        if after >= 0, right[after].cursor >= 0 {
          pool[right[after].cursor] = position
          right[after].cursor &+= 1
        }
      }
    }
    let empty = Neighbour(weight: 0, occurrences: 0, cursor: -1)
    for before in touchedLeft { left[Int(before)] = empty }
    for after in touchedRight { right[Int(after)] = empty }
    touchedLeft.removeAll(keepingCapacity: true)
    touchedRight.removeAll(keepingCapacity: true)
  }

  private func growTokens() {
    let old = tokenCapacity
    tokenCapacity *= 2
    let empty = Neighbour(weight: 0, occurrences: 0, cursor: -1)
    lengths = Self.grown(lengths, old, tokenCapacity, filler: 0)
    consumed = Self.grown(consumed, old, tokenCapacity, filler: -1)
    left = Self.grown(left, old, tokenCapacity, filler: empty)
    right = Self.grown(right, old, tokenCapacity, filler: empty)
  }

  private static func grown<Element>(
    _ memory: UnsafeMutablePointer<Element>, _ old: Int, _ new: Int, filler: Element
  ) -> UnsafeMutablePointer<Element> {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: new)
    larger.initialize(from: memory, count: old)
    (larger + old).initialize(repeating: filler, count: new - old)
    memory.deallocate()
    return larger
  }

  // MARK: Collecting

  /// Lowers the threshold and records every pair of the text that reaches it.
  private func lowerThreshold() {
    pairs.removeAll(keepingCapacity: true)
    queue.removeAll()
    pool.removeAll()
    let byLeft = symbols.pairsByLeft(lengths: lengths, tokens: vocabulary.count)
    if threshold == .max {
      var top = 0
      for first in 0..<vocabulary.count {
        accumulate(byLeft, first)
        for second in touchedRight { top = max(top, right[Int(second)].weight) }
        clearRight()
      }
      threshold = max(1, top / Self.firstRatio)
    } else {
      threshold = max(1, threshold / Self.ratio)
    }
    let symbols = symbols.base
    for first in 0..<vocabulary.count {
      accumulate(byLeft, first)
      var recorded = false
      touchedRight.sort()
      for second in touchedRight where right[Int(second)].weight >= threshold {
        let found = right[Int(second)]
        right[Int(second)].cursor = record(
          Int32(first), second, found.weight, found.occurrences)
        recorded = true
      }
      if recorded {
        let distance = Int(lengths[first])
        let pool = pool.base
        for position in byLeft[first] {
          let second = Int(symbols[Int(position) &+ distance])
          guard right[second].cursor >= 0 else { continue }
          pool[right[second].cursor] = position
          right[second].cursor &+= 1
        }
      }
      clearRight()
    }
  }

  private func accumulate(_ byLeft: PieceSymbols.PairsByLeft, _ first: Int) {
    let symbols = symbols.base
    let distance = Int(lengths[first])
    let right = right
    for position in byLeft[first] {
      let second = symbols[Int(position) &+ distance]
      if right[Int(second)].occurrences == 0 { touchedRight.append(second) }
      right[Int(second)].occurrences &+= 1
      right[Int(second)].weight &+= self.symbols.weight(Int(position))
    }
  }

  private func clearRight() {
    let empty = Neighbour(weight: 0, occurrences: 0, cursor: -1)
    for second in touchedRight { right[Int(second)] = empty }
    touchedRight.removeAll(keepingCapacity: true)
  }
}
