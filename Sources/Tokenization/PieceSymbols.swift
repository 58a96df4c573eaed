/// The distinct pieces of a training as tokens, one array with a separator between pieces.
///
/// A token of n bytes covers n places; its id stands in the first and the last of them, so that
/// both neighbours can be found from either side without links.
final class PieceSymbols {
  static let separator: Int32 = -1
  /// The place where the right part of a merge began.
  static let dead: Int32 = -2

  let base: UnsafeMutablePointer<Int32>
  let count: Int
  /// By place: the count of its piece, or with the top bit set its place in `largeWeights`.
  private let weights: UnsafeMutablePointer<UInt32>
  private let largeWeights: [Int]

  init(_ table: PieceTable) {
    count = 1 + table.symbolCount
    base = LargeMemory.allocate(count, of: Int32.self)
    weights = LargeMemory.allocate(count, of: UInt32.self)
    var large: [Int] = []
    var next = 1
    base[0] = Self.separator
    weights[0] = 0
    for slot in 0..<table.shortCapacity where table.shorts[slot].high != 0 {
      let entry = table.shorts[slot]
      let length = Int(entry.high >> 56)
      guard length > 1 else { continue }
      let weight = Self.packed(entry.count, &large)
      for index in 0..<length {
        let word = index < 8 ? entry.low >> UInt64(index * 8) : entry.high >> UInt64(index * 8 - 64)
        base[next] = Int32(word & 0xff)
        weights[next] = weight
        next += 1
      }
      base[next] = Self.separator
      weights[next] = 0
      next += 1
    }
    for entry in table.longs where entry.length > 0 {
      let weight = Self.packed(entry.count, &large)
      for byte in table.arena[entry.offset..<(entry.offset + entry.length)] {
        base[next] = Int32(byte)
        weights[next] = weight
        next += 1
      }
      base[next] = Self.separator
      weights[next] = 0
      next += 1
    }
    largeWeights = large
  }

  deinit {
    base.deallocate()
    weights.deallocate()
  }

  private static func packed(_ count: Int, _ large: inout [Int]) -> UInt32 {
    if count < 0x8000_0000 { return UInt32(count) }
    large.append(count)
    return 0x8000_0000 | UInt32(large.count - 1)
  }

  /// How often the piece at this place occurs in the text.
  @inline(__always)
  func weight(_ place: Int) -> Int {
    let weight = weights[place]
    return weight < 0x8000_0000 ? Int(weight) : largeWeights[Int(weight & 0x7fff_ffff)]
  }

  /// The places of all adjacent pairs, grouped by their left token and ascending in each group.
  final class PairsByLeft {
    private let starts: [Int]
    private let places: UnsafeMutablePointer<UInt32>

    init(starts: [Int], places: UnsafeMutablePointer<UInt32>) {
      self.starts = starts
      self.places = places
    }

    deinit { places.deallocate() }

    subscript(token: Int) -> UnsafeBufferPointer<UInt32> {
      UnsafeBufferPointer(start: places + starts[token], count: starts[token + 1] - starts[token])
    }
  }

  func pairsByLeft(lengths: UnsafeMutablePointer<Int32>, tokens: Int) -> PairsByLeft {
    var starts = [Int](repeating: 0, count: tokens + 2)
    forEachPair(lengths) { starts[Int(base[$0]) + 2] += 1 }
    for token in 2..<starts.count { starts[token] += starts[token - 1] }
    let places = LargeMemory.allocate(starts[tokens + 1], of: UInt32.self)
    starts.withUnsafeMutableBufferPointer { starts in
      forEachPair(lengths) { place in
        let token = Int(base[place]) &+ 1
        places[starts[token]] = UInt32(truncatingIfNeeded: place)
        starts[token] &+= 1
      }
    }
    return PairsByLeft(starts: starts, places: places)
  }

  @inline(__always)
  private func forEachPair(_ lengths: UnsafeMutablePointer<Int32>, _ body: (Int) -> Void) {
    var place = 1
    while place < count {
      let token = base[place]
      if token < 0 {
        place &+= 1
        continue
      }
      let next = place &+ Int(lengths[Int(token)])
      if base[next] >= 0 { body(place) }
      place = next
    }
  }
}

/// Growing memory for the places of pairs, emptied as a whole.
struct PositionPool: ~Copyable {
  private(set) var base: UnsafeMutablePointer<UInt32>
  private var capacity: Int
  private var count = 0

  init() {
    capacity = 1 << 12
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// Reserves room for `extra` places and returns where it starts.
  mutating func take(_ extra: Int) -> Int {
    let start = count
    count += extra
    if count > capacity {
      let larger = max(count, capacity + capacity / 2)
      let memory = LargeMemory.allocate(larger, of: UInt32.self)
      memory.update(from: base, count: start)
      base.deallocate()
      base = memory
      capacity = larger
    }
    return start
  }

  mutating func removeAll() { count = 0 }
}

/// A heap of pairs: most frequent first, then the smaller ids.
struct PairQueue {
  struct Entry {
    var weight: Int
    var left: Int32
    var right: Int32
    var pair: Int32

    @inline(__always)
    func precedes(_ other: Entry) -> Bool {
      if weight != other.weight { return weight > other.weight }
      if left != other.left { return left < other.left }
      return right < other.right
    }
  }

  private var entries: [Entry] = []

  var first: Entry? { entries.first }

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    entries.withUnsafeMutableBufferPointer { entries in
      var child = entries.count &- 1
      while child > 0 {
        let parent = (child &- 1) / 4
        guard entry.precedes(entries[parent]) else { break }
        entries[child] = entries[parent]
        child = parent
      }
      entries[child] = entry
    }
  }

  mutating func removeFirst() {
    guard let last = entries.popLast(), !entries.isEmpty else { return }
    entries.withUnsafeMutableBufferPointer { entries in
      var parent = 0
      while true {
        let firstChild = parent &* 4 &+ 1
        guard firstChild < entries.count else { break }
        var best = firstChild
        var child = firstChild &+ 1
        while child < min(firstChild &+ 4, entries.count) {
          if entries[child].precedes(entries[best]) { best = child }
          child &+= 1
        }
        guard entries[best].precedes(last) else { break }
        entries[parent] = entries[best]
        parent = best
      }
      entries[parent] = last
    }
  }
}
