extension PieceTable {
  /// What a number of pieces take, in a table and in the merge loop.
  ///
  /// It follows from the pieces alone, never from the way they came into a table: what a training
  /// forgets may not depend on which thread counted what.
  struct Size {
    static let leastShorts = 1 << 12
    static let leastLongs = 1 << 8

    private var shorts = 0
    private var longs = 0
    /// Of the long pieces.
    private var bytes = 0
    /// The bytes of all pieces of two bytes or more, and one for each of them.
    private(set) var symbols = 0

    /// Bytes of a table that holds the pieces.
    var footprint: Int { Self.footprint(shorts: shorts, longs: longs, bytes: bytes) }

    static func footprint(shorts: Int, longs: Int, bytes: Int) -> Int {
      capacity(for: shorts, least: leastShorts) * MemoryLayout<Short>.stride
        + capacity(for: longs, least: leastLongs) * MemoryLayout<Long>.stride + bytes
    }

    /// Whether a part of a table with so many slots has to grow.
    @inline(__always)
    static func isCrowded(_ count: Int, _ capacity: Int) -> Bool { count * 5 > capacity * 3 }

    private static func capacity(for count: Int, least: Int) -> Int {
      var capacity = least
      while isCrowded(count, capacity) { capacity *= 2 }
      return capacity
    }

    mutating func addShort(length: Int) {
      shorts += 1
      if length > 1 { symbols += length + 1 }
    }

    mutating func addLong(length: Int) {
      longs += 1
      bytes += length
      symbols += length + 1
    }

    mutating func add(_ other: Size) {
      shorts += other.shorts
      longs += other.longs
      bytes += other.bytes
      symbols += other.symbols
    }
  }

  /// Bytes of memory.
  var footprint: Int {
    Size.footprint(shorts: shortCount, longs: longCount, bytes: arena.count)
  }

  /// The symbols of all pieces.
  var symbolCount: Int {
    var symbols = arena.count + longCount
    for slot in 0..<shortCapacity where shorts[slot].high >> 56 > 1 {
      symbols += Int(shorts[slot].high >> 56) + 1
    }
    return symbols
  }

  /// For every number of occurrences that a piece has, the most first: the size of all pieces that
  /// occur so often or more.
  var sizesByFrequency: [(occurrences: Int, size: Size)] {
    var groups: [Int: Size] = [:]
    for slot in 0..<shortCapacity where shorts[slot].high != 0 {
      groups[shorts[slot].count, default: Size()].addShort(length: Int(shorts[slot].high >> 56))
    }
    for entry in longs where entry.length > 0 {
      groups[entry.count, default: Size()].addLong(length: entry.length)
    }
    var total = Size()
    return groups.sorted { $0.key > $1.key }.map { occurrences, size in
      total.add(size)
      return (occurrences, total)
    }
  }
}
