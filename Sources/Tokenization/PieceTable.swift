/// How often each distinct piece of text occurs.
///
/// Pieces of up to 15 bytes, nearly all, are their own key in 16 bytes with the length; longer ones
/// lie in an arena and are found by hash. Both parts are open addressing outside Swift's arrays.
final class PieceTable {
  struct Short {
    var low: UInt64
    /// The upper bytes, with the length of the piece in the topmost; 0 marks an empty slot.
    var high: UInt64
    var count: Int
  }

  struct Long {
    var hash: UInt64
    var offset: Int
    /// 0 marks an empty slot.
    var length: Int
    var count: Int
  }

  private(set) var shorts: UnsafeMutablePointer<Short>
  private(set) var shortCapacity: Int
  private(set) var shortCount = 0
  private(set) var longs: [Long] = []
  private(set) var longCount = 0
  private(set) var arena: [UInt8] = []

  init() {
    shortCapacity = Size.leastShorts
    shorts = Self.allocate(shortCapacity)
    longs = Array(
      repeating: Long(hash: 0, offset: 0, length: 0, count: 0), count: Size.leastLongs)
  }

  deinit { shorts.deallocate() }

  /// The number of distinct pieces.
  var count: Int { shortCount + longCount }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Short> {
    LargeMemory.allocate(zeroed: capacity, of: Short.self)
  }

  func removeAll() {
    shorts.deallocate()
    shortCapacity = 16
    shorts = Self.allocate(shortCapacity)
    shortCount = 0
    longs = Array(repeating: Long(hash: 0, offset: 0, length: 0, count: 0), count: 256)
    longCount = 0
    arena = []
  }

  // MARK: Adding

  @inline(__always)
  func add(_ low: UInt64, _ high: UInt64, _ count: Int) {
    var slot = Self.hash(low, high) & (shortCapacity &- 1)
    while true {
      let entry = shorts + slot
      if entry.pointee.low == low, entry.pointee.high == high {
        entry.pointee.count &+= count
        return
      }
      if entry.pointee.high == 0 { break }
      slot = (slot &+ 1) & (shortCapacity &- 1)
    }
    insert(low, high, count, slot)
  }

  @inline(never)
  private func insert(_ low: UInt64, _ high: UInt64, _ count: Int, _ slot: Int) {
    shorts[slot] = Short(low: low, high: high, count: count)
    shortCount += 1
    if Size.isCrowded(shortCount, shortCapacity) { grow() }
  }

  private func grow() {
    let old = shorts
    let oldCapacity = shortCapacity
    shortCapacity *= 2
    shorts = Self.allocate(shortCapacity)
    for index in 0..<oldCapacity where old[index].high != 0 {
      var slot = Self.hash(old[index].low, old[index].high) & (shortCapacity - 1)
      while shorts[slot].high != 0 { slot = (slot + 1) & (shortCapacity - 1) }
      shorts[slot] = old[index]
    }
    old.deallocate()
  }

  @inline(__always)
  private static func hash(_ low: UInt64, _ high: UInt64) -> Int {
    let mixed = (low ^ (high &* 0x9e37_79b9_7f4a_7c15)) &* 0xd6e8_feb8_6659_fd93
    return Int(truncatingIfNeeded: mixed &>> 24)
  }

  func addLong(_ piece: UnsafeBufferPointer<UInt8>, _ count: Int) {
    addLong(piece, Self.hash(piece), count)
  }

  private func addLong(_ piece: UnsafeBufferPointer<UInt8>, _ hash: UInt64, _ count: Int) {
    var slot = Int(truncatingIfNeeded: hash & UInt64(longs.count - 1))
    while longs[slot].length > 0 {
      if longs[slot].hash == hash, longs[slot].length == piece.count {
        let stored = arena[longs[slot].offset..<(longs[slot].offset + piece.count)]
        if stored.elementsEqual(piece) {
          longs[slot].count += count
          return
        }
      }
      slot = (slot + 1) & (longs.count - 1)
    }
    longs[slot] = Long(hash: hash, offset: arena.count, length: piece.count, count: count)
    arena.append(contentsOf: piece)
    longCount += 1
    guard Size.isCrowded(longCount, longs.count) else { return }
    let old = longs
    longs = Array(repeating: Long(hash: 0, offset: 0, length: 0, count: 0), count: old.count * 2)
    for entry in old where entry.length > 0 { place(entry) }
  }

  private func place(_ entry: Long) {
    var slot = Int(truncatingIfNeeded: entry.hash & UInt64(longs.count - 1))
    while longs[slot].length > 0 { slot = (slot + 1) & (longs.count - 1) }
    longs[slot] = entry
  }

  private static func hash(_ piece: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var value = UInt64(truncatingIfNeeded: piece.count) &* 0x9e37_79b9_7f4a_7c15
    let raw = UnsafeRawBufferPointer(piece)
    var index = 0
    while index &+ 8 <= piece.count {
      let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      value = (value ^ word) &* 0xd6e8_feb8_6659_fd93
      value ^= value &>> 32
      index &+= 8
    }
    while index < piece.count {
      value = (value ^ UInt64(piece[index])) &* 0xd6e8_feb8_6659_fd93
      index &+= 1
    }
    return value ^ (value &>> 29)
  }

  // MARK: Joining and pruning

  /// Adds the counts of another table.
  func add(_ other: PieceTable) {
    for slot in 0..<other.shortCapacity where other.shorts[slot].high != 0 {
      let entry = other.shorts[slot]
      add(entry.low, entry.high, entry.count)
    }
    other.arena.withUnsafeBufferPointer { bytes in
      for entry in other.longs where entry.length > 0 {
        let piece = UnsafeBufferPointer(
          rebasing: bytes[entry.offset..<(entry.offset + entry.length)])
        addLong(piece, entry.hash, entry.count)
      }
    }
  }

  /// Forgets every piece that occurred fewer than `minimum` times; returns their occurrences.
  func forget(below minimum: Int) -> Int {
    let kept = PieceTable()
    var forgotten = 0
    for slot in 0..<shortCapacity where shorts[slot].high != 0 {
      let entry = shorts[slot]
      if entry.count < minimum {
        forgotten += entry.count
      } else {
        kept.add(entry.low, entry.high, entry.count)
      }
    }
    arena.withUnsafeBufferPointer { bytes in
      for entry in longs where entry.length > 0 {
        if entry.count < minimum {
          forgotten += entry.count
        } else {
          kept.addLong(
            UnsafeBufferPointer(rebasing: bytes[entry.offset..<(entry.offset + entry.length)]),
            entry.hash, entry.count)
        }
      }
    }
    swap(&shorts, &kept.shorts)
    swap(&shortCapacity, &kept.shortCapacity)
    swap(&shortCount, &kept.shortCount)
    swap(&longs, &kept.longs)
    swap(&longCount, &kept.longCount)
    swap(&arena, &kept.arena)
    return forgotten
  }
}
