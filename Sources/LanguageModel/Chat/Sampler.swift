import Corpus

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Draws the next token from a row of logits: top-k, then temperature, softmax and a seeded draw.
package struct Sampler: Sendable {
  package struct Settings: Sendable, Hashable {
    /// 0 takes the most likely token.
    package var temperature: Double
    /// Only the k most likely tokens take part; 0 for all.
    package var topK: Int
    package var seed: UInt64

    package init(temperature: Double = 0.6, topK: Int = 50, seed: UInt64 = 42) {
      self.temperature = temperature
      self.topK = topK
      self.seed = seed
    }

    /// The most likely token, always.
    package static let greedy = Settings(temperature: 0, topK: 1, seed: 0)
  }

  package let settings: Settings
  private var random: SplitMix64
  private var heap: [Int] = []
  private var weights: [Double] = []

  /// Rows of one batch take the same seed and different `stream`s.
  package init(settings: Settings, stream: UInt64 = 0) {
    self.settings = settings
    random = SplitMix64(seed: settings.seed, stream: stream)
  }

  /// The next token for `logits`, one a token of the vocabulary; not empty. NaN never wins.
  package mutating func next(_ logits: UnsafeBufferPointer<Float>) -> Int {
    guard settings.temperature > 0 else { return Self.best(logits) }
    selectCandidates(logits)
    let highest = heap.first.map { Double(logits[$0]) } ?? 0
    weights.removeAll(keepingCapacity: true)
    var total = 0.0
    for token in heap {
      let weight = exp((Double(logits[token]) - highest) / settings.temperature)
      weights.append(weight.isFinite ? weight : 0)
      total += weights.last ?? 0
    }
    var rest = random.unit() * total
    for (token, weight) in zip(heap, weights) {
      rest -= weight
      if rest < 0 { return token }
    }
    return heap.first ?? 0
  }

  /// The most likely token, the smallest id among equals.
  package static func best(_ logits: UnsafeBufferPointer<Float>) -> Int {
    var best = 0
    var highest = -Float.infinity
    for index in 0..<logits.count where logits[index] > highest {
      highest = logits[index]
      best = index
    }
    return best
  }

  /// Leaves the candidates in `heap`, the likeliest first, equals by id.
  private mutating func selectCandidates(_ logits: UnsafeBufferPointer<Float>) {
    heap.removeAll(keepingCapacity: true)
    let isBetter = { (a: Int, b: Int) in
      logits[a] > logits[b] || (logits[a] == logits[b] && a < b)
    }
    let limit = settings.topK > 0 ? min(settings.topK, logits.count) : logits.count
    if limit == logits.count {
      heap.append(contentsOf: (0..<logits.count).filter { !logits[$0].isNaN })
      if settings.topK > 0 { heap.sort(by: isBetter) } else { moveBestToFront(logits) }
      return
    }
    // A heap with the worst candidate on top; most tokens fail the first comparison.
    for token in 0..<logits.count where !logits[token].isNaN {
      if heap.count < limit {
        heap.append(token)
        siftUp(isBetter)
      } else if logits[token] > logits[heap[0]] {
        heap[0] = token
        siftDown(isBetter)
      }
    }
    heap.sort(by: isBetter)
  }

  /// With no limit the order does not matter to the draw, only the first one's logit is used.
  private mutating func moveBestToFront(_ logits: UnsafeBufferPointer<Float>) {
    guard let place = heap.firstIndex(of: Self.best(logits)) else { return }
    heap.swapAt(0, place)
  }

  private mutating func siftUp(_ isBetter: (Int, Int) -> Bool) {
    var child = heap.count - 1
    while child > 0, isBetter(heap[(child - 1) / 2], heap[child]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown(_ isBetter: (Int, Int) -> Bool) {
    var parent = 0
    while 2 * parent + 1 < heap.count {
      var child = 2 * parent + 1
      if child + 1 < heap.count, isBetter(heap[child], heap[child + 1]) { child += 1 }
      guard isBetter(heap[parent], heap[child]) else { return }
      heap.swapAt(parent, child)
      parent = child
    }
  }
}
