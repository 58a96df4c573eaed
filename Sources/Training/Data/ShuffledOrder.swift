import Corpus

/// The order of a set's items in one pass: a permutation that depends on seed and pass only.
struct ShuffledOrder {
  let count: Int
  let seed: Int
  private(set) var epoch: Int
  private var order: [Int32]

  /// `count` is at most 2³¹ − 1.
  init(count: Int, seed: Int) {
    self.count = count
    self.seed = seed
    epoch = 0
    order = [Int32](repeating: 0, count: count)
    shuffle(0)
  }

  mutating func item(_ index: Int, epoch: Int) -> Int {
    if epoch != self.epoch { shuffle(epoch) }
    return Int(order[index])
  }

  /// Fisher and Yates, from the end.
  private mutating func shuffle(_ epoch: Int) {
    self.epoch = epoch
    var random = SplitMix64(
      seed: UInt64(bitPattern: Int64(seed)), stream: UInt64(bitPattern: Int64(epoch)))
    for index in order.indices { order[index] = Int32(index) }
    guard count > 1 else { return }
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, Self.below(index + 1, &random))
    }
  }

  /// A number below `bound`, without bias. What a training learns rests on this very way to find it:
  /// `SplitMix64.below` gives other numbers.
  private static func below(_ bound: Int, _ random: inout SplitMix64) -> Int {
    let bound = UInt64(bound)
    let limit = UInt64.max - UInt64.max % bound
    while true {
      let value = random.next()
      if value < limit { return Int(value % bound) }
    }
  }
}
