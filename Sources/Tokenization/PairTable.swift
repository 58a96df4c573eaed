/// Which token two adjacent ones become, and how early that merge comes.
///
/// An open-addressing table of 16-byte slots outside Swift's arrays, since every lookup of the
/// encoder lands in it. It is filled by its owner and never changed afterwards.
final class PairTable: @unchecked Sendable {
  struct Slot {
    var key: UInt64
    var rank: UInt32
    var id: Int32
  }

  static let noRank = UInt32.max
  private static let empty = UInt64.max

  private let slots: UnsafeMutablePointer<Slot>
  private let mask: Int
  private let shift: UInt64
  /// One more than the highest rank.
  private(set) var rankCount = 1

  init(capacity: Int) {
    var size = 1024
    while size < capacity * 2 { size *= 2 }
    mask = size - 1
    shift = UInt64(64 - size.trailingZeroBitCount)
    slots = LargeMemory.allocate(size, of: Slot.self)
    slots.initialize(repeating: Slot(key: Self.empty, rank: Self.noRank, id: -1), count: size)
  }

  deinit { slots.deallocate() }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) &<< 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func start(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: ((key ^ (key &>> 27)) &* 0x9e37_79b9_7f4a_7c15) &>> shift)
  }

  /// The slot of the pair; its rank is `noRank` if the two never merge.
  @inline(__always)
  func find(_ left: Int32, _ right: Int32) -> Slot {
    let key = Self.key(left, right)
    var slot = start(key)
    while true {
      let found = slots[slot]
      if found.key == key || found.key == Self.empty { return found }
      slot = (slot &+ 1) & mask
    }
  }

  /// Adds a merge unless the pair has one. The number of merges must not pass `capacity`.
  func insert(_ left: Int32, _ right: Int32, rank: UInt32, id: Int32) {
    let key = Self.key(left, right)
    var slot = start(key)
    while slots[slot].key != Self.empty {
      if slots[slot].key == key { return }
      slot = (slot &+ 1) & mask
    }
    slots[slot] = Slot(key: key, rank: rank, id: id)
    rankCount = max(rankCount, Int(rank) + 1)
  }
}
