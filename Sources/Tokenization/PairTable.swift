/// How early two adjacent tokens merge, and what they become.
///
/// An open-addressing table outside Swift's arrays, since every lookup of the encoder lands in it.
/// A slot is one word (left, right and rank of 21 bits each), so that the merges of a vocabulary of
/// 65,536 lie in 2 MB; pairs of single bytes have a table of their own. It is filled by its owner
/// and never changed afterwards.
final class PairTable: @unchecked Sendable {
  static let noRank = UInt32.max
  /// Ids and ranks must be below this.
  static let limit = 1 << 21
  private static let empty = UInt64.max

  private let slots: UnsafeMutablePointer<UInt64>
  private let bytePairs: UnsafeMutablePointer<UInt32>
  private let mask: Int
  private let shift: UInt64
  /// What each rank makes; nil when that is the token whose id is the rank.
  private let results: [Int32]?
  /// One more than the highest rank.
  let rankCount: Int

  /// `results` gives the id each rank makes; nil if ranks are ids.
  init(
    _ merges: [(left: Int32, right: Int32, rank: UInt32)], results: [Int32]?, byteIDs: [Int32]
  ) {
    var size = 1024
    while size * 5 < merges.count * 8 { size *= 2 }
    mask = size - 1
    shift = UInt64(64 - size.trailingZeroBitCount)
    self.results = results
    slots = LargeMemory.allocate(size, of: UInt64.self)
    slots.initialize(repeating: Self.empty, count: size)
    bytePairs = LargeMemory.allocate(1 << 16, of: UInt32.self)
    rankCount = merges.reduce(1) { max($0, Int($1.rank) + 1) }
    for merge in merges { insert(merge.left, merge.right, merge.rank) }
    for left in 0..<256 {
      for right in 0..<256 { bytePairs[left << 8 | right] = rank(byteIDs[left], byteIDs[right]) }
    }
  }

  deinit {
    slots.deallocate()
    bytePairs.deallocate()
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) &<< 21 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func start(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: ((key ^ (key &>> 23)) &* 0x9e37_79b9_7f4a_7c15) &>> shift)
  }

  /// The rank of the merge of two tokens; `noRank` if they never merge.
  @inline(__always)
  func rank(_ left: Int32, _ right: Int32) -> UInt32 {
    let key = Self.key(left, right)
    var slot = start(key)
    while true {
      let found = slots[slot]
      if found &>> 21 == key { return UInt32(truncatingIfNeeded: found & 0x1f_ffff) }
      if found == Self.empty { return Self.noRank }
      slot = (slot &+ 1) & mask
    }
  }

  /// The rank of the merge of two single bytes.
  @inline(__always)
  func rank(ofBytes left: UInt8, _ right: UInt8) -> UInt32 {
    bytePairs[Int(left) &<< 8 | Int(right)]
  }

  /// The token that a merge makes.
  @inline(__always)
  func result(_ rank: UInt32) -> Int32 {
    guard let results else { return Int32(bitPattern: rank) }
    return results[Int(rank)]
  }

  /// Adds a merge unless the pair has one.
  private func insert(_ left: Int32, _ right: Int32, _ rank: UInt32) {
    let key = Self.key(left, right)
    var slot = start(key)
    while slots[slot] != Self.empty {
      if slots[slot] &>> 21 == key { return }
      slot = (slot + 1) & mask
    }
    slots[slot] = key << 21 | UInt64(rank)
  }
}
