import Glibc

/// Mixes sources of conversations into one shuffled JSONL file.
///
/// The same inputs, options and seed give the same bytes on every machine. Conversations wait in
/// a nameless scratch file, so memory grows by 24 bytes a conversation only.
///
/// - A source without weight contributes `epochs` times what it has.
/// - Sources with weights share the rest of `size` in proportion, rounded so that the mixture has
///   `size` conversations; each goes round as often as its share asks. Without `size` they share as
///   much as can be had without repeating any.
/// - A source that would contribute nothing is an error, unless its weight or `epochs` is 0.
package struct ConversationMixture: Sendable {
  /// Most conversations of a mixture: their order takes 5 GB of memory.
  package static let largestSize = 100_000_000

  package var sources: [ConversationSource]
  package var seed: Int
  /// Conversations in all, where sources have weights.
  package var size: Int?

  package init(sources: [ConversationSource], seed: Int = 42, size: Int? = nil) {
    self.sources = sources
    self.seed = seed
    self.size = size
  }

  /// What a source contributed.
  package struct SourceCount: Sendable, Hashable {
    package var name: String
    /// Different conversations read or made, after `limit`.
    package var available: Int
    /// Conversations in the mixture.
    package var taken: Int
  }

  /// Writes the file. `progress` is called now and then with the number of conversations read; it
  /// may throw to stop. `written` hears of the source of each line, in their order.
  package func write(
    to path: String, progress: (Int) throws(CorpusError) -> Void = { _ in },
    written: (Int) -> Void = { _ in }
  ) throws(CorpusError) -> [SourceCount] {
    let spool = try ConversationSpool(path: path + ".spool")
    var pools: [[ConversationSpool.Entry]] = []
    for (index, source) in sources.enumerated() {
      for value in [source.epochs, source.weight ?? 0] where !(value >= 0 && value.isFinite) {
        throw .generator(.invalidWeight(value))
      }
      var (entries, read) = try spool.add(source, index: index, progress: progress)
      if let limit = source.limit, entries.count > limit {
        if let seed = source.seed {
          var random = self.random(purpose: 1, index, seed)
          random.shuffle(&entries)
        }
        entries.removeSubrange(max(limit, 0)...)
      }
      guard !entries.isEmpty else {
        throw .generator(.emptySource(source.name, Self.emptiness(of: source, read: read)))
      }
      pools.append(entries)
    }
    let sizes = try targetSizes(pools.map(\.count))
    var counts: [SourceCount] = []
    var order: [ConversationSpool.Entry] = []
    for (index, pool) in pools.enumerated() {
      var random = self.random(purpose: 2, index, seed)
      let chosen = Self.take(sizes[index], of: pool, &random)
      counts.append(
        SourceCount(name: sources[index].name, available: pool.count, taken: chosen.count))
      order += chosen
    }
    guard !order.isEmpty else { throw .generator(.emptyMixture) }
    var random = self.random(purpose: 3, 0, seed)
    random.shuffle(&order)
    try spool.write(order, to: path)
    for entry in order { written(entry.source) }
    return counts
  }

  private func random(purpose: UInt64, _ source: Int, _ seed: Int) -> SplitMix64 {
    var state = SplitMix64.mix(UInt64(bitPattern: Int64(seed)))
    state = SplitMix64.mix(state ^ purpose)
    return SplitMix64(seed: SplitMix64.mix(state ^ UInt64(source)))
  }

  private static func emptiness(of source: ConversationSource, read: Int) -> EmptySource {
    if let limit = source.limit, limit <= 0 { return .limit }
    guard read > 0 else { return .nothingRead }
    return switch source.filter {
    case .all: .nothingRead
    case .including: .nothingHeldOut
    case .excluding: .allHeldOut
    }
  }

  /// How many conversations each source gives.
  private func targetSizes(_ available: [Int]) throws(CorpusError) -> [Int] {
    var sizes = [Int](repeating: 0, count: available.count)
    func sum() throws(CorpusError) -> Int {
      // Each is at most 2⁴⁰, and a file can't list so many sources that this overflows.
      let sum = sizes.reduce(0, +)
      guard sum <= Self.largestSize else { throw .generator(.mixtureTooLarge(sum)) }
      return sum
    }
    var weights = 0.0
    for (index, source) in sources.enumerated() {
      if let weight = source.weight {
        weights += weight
      } else {
        sizes[index] = Self.rounded(Double(available[index]) * source.epochs)
      }
    }
    let weighted = sources.indices.filter { (sources[$0].weight ?? 0) > 0 }
    let unweighted = try sum()
    let rest: Int
    if let size {
      guard unweighted <= size else {
        throw .generator(.sizeExceeded(size, unweighted: unweighted))
      }
      rest = size - unweighted
      guard rest == 0 || !weighted.isEmpty else {
        throw .generator(.sizeNotReached(size, unweighted: unweighted))
      }
      let shares = weighted.map { Double(rest) * (sources[$0].weight ?? 0) / weights }
      for (index, count) in zip(weighted, Self.apportioned(rest, by: shares)) {
        sizes[index] = count
      }
    } else {
      let total =
        weighted.map {
          Double(available[$0]) * sources[$0].epochs * weights / (sources[$0].weight ?? 1)
        }.min() ?? 0
      rest = Self.rounded(total)
      for index in weighted {
        sizes[index] = Self.rounded(total * (sources[index].weight ?? 0) / weights)
      }
    }
    _ = try sum()
    for (source, count) in zip(sources, sizes) where count == 0 {
      guard source.weight ?? source.epochs > 0 else { continue }
      throw .generator(.nothingTaken(source.name, rest: source.weight == nil ? nil : rest))
    }
    return sizes
  }

  /// Whole numbers near `shares`, whose sum is `total`: those rounded up have the largest remainders,
  /// the first ones among equals (Hamilton's method).
  private static func apportioned(_ total: Int, by shares: [Double]) -> [Int] {
    var counts = shares.map { min(total, rounded($0.rounded(.down))) }
    let byRemainder = shares.indices.sorted {
      let (a, b) = (shares[$0] - Double(counts[$0]), shares[$1] - Double(counts[$1]))
      return a == b ? $0 < $1 : a > b
    }
    // Less than one is missing for each share.
    for index in byRemainder.prefix(max(0, total - counts.reduce(0, +))) { counts[index] += 1 }
    return counts
  }

  private static func rounded(_ value: Double) -> Int {
    Int(exactly: min(value, 0x1p40).rounded()) ?? 0
  }

  /// Whole rounds of `pool`, then a random choice for what is left.
  private static func take(
    _ count: Int, of pool: [ConversationSpool.Entry], _ random: inout SplitMix64
  ) -> [ConversationSpool.Entry] {
    guard !pool.isEmpty, count > 0 else { return [] }
    var taken: [ConversationSpool.Entry] = []
    while count - taken.count >= pool.count { taken += pool }
    var rest = pool
    random.shuffle(&rest)
    return taken + rest.prefix(count - taken.count)
  }
}
