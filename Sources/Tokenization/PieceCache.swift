import CSystem

/// The ids of pieces seen lately, by their bytes.
///
/// Natural text repeats a few ten thousand pieces, 99.5 % of them no longer than 15 bytes, so the
/// key is the piece itself in 16 bytes with its length. A set is one cache line of two entries, the
/// newer first; there is no probing and no growth.
final class PieceCache {
  struct Entry {
    var low: UInt64
    /// The upper bytes, with the length of the piece in the topmost.
    var high: UInt64
    /// The number of ids. Up to three are inline; more lie at the place `first` of the overflow.
    var count: Int32
    var first: Int32
    var second: Int32
    var third: Int32
  }

  static let longestPiece = 15
  static let inlineCount = 3

  private let entries: UnsafeMutablePointer<Entry>
  private let sets: Int
  private let mask: UInt64
  private let overflowBase: UnsafeMutablePointer<Int32>
  private let overflowCapacity: Int
  private var overflowCount = 0

  /// `bits`: binary logarithm of the number of sets, 64 bytes each.
  init(bits: Int) {
    sets = 1 << bits
    overflowCapacity = max(64, sets * 8)
    overflowBase = LargeMemory.allocate(overflowCapacity, of: Int32.self)
    mask = UInt64(sets - 1)
    entries = LargeMemory.allocate(zeroed: sets * 2, of: Entry.self)
  }

  deinit {
    entries.deallocate()
    overflowBase.deallocate()
  }

  /// The key of the piece of `length` (1 … 15) bytes at `start`.
  @inline(__always)
  static func key(
    _ start: UnsafePointer<UInt8>, _ length: Int, _ end: UnsafePointer<UInt8>
  ) -> (low: UInt64, high: UInt64) {
    let tag = UInt64(truncatingIfNeeded: length) &<< 56
    if end - start >= 16 {
      let raw = UnsafeRawPointer(start)
      let low = raw.loadUnaligned(as: UInt64.self).littleEndian
      let high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self).littleEndian
      let bits = UInt64(truncatingIfNeeded: length) &<< 3
      // Masked without a branch: lengths are not predictable.
      let lowMask = UInt64.max >> (64 &- min(bits, 64))
      let highBits = max(bits, 64) &- 64
      let highMask = (1 &<< highBits) &- 1
      return (low & lowMask, high & highMask | tag)
    }
    var low: UInt64 = 0
    var high: UInt64 = 0
    for index in 0..<length {
      if index < 8 {
        low |= UInt64(start[index]) &<< UInt64(index &* 8)
      } else {
        high |= UInt64(start[index]) &<< UInt64((index &- 8) &* 8)
      }
    }
    return (low, high | tag)
  }

  /// The set where the piece with this key is if it is known.
  @inline(__always)
  func set(_ low: UInt64, _ high: UInt64) -> UnsafeMutablePointer<Entry> {
    let mixed = (low ^ (high &* 0x9e37_79b9_7f4a_7c15)) &* 0xd6e8_feb8_6659_fd93
    let index = (mixed &>> 32) & mask
    return entries + Int(truncatingIfNeeded: index &<< 1)
  }

  @inline(__always)
  static func prefetch(_ set: UnsafeMutablePointer<Entry>) { nb_prefetch(set) }

  /// The ids of an entry that has more than are inline.
  @inline(__always)
  func overflow(_ entry: UnsafeMutablePointer<Entry>) -> UnsafeMutablePointer<Int32> {
    overflowBase + Int(entry.pointee.first)
  }

  /// Remembers the ids of a piece, which are no more than its bytes.
  func insert(_ low: UInt64, _ high: UInt64, _ ids: UnsafeBufferPointer<Int32>) {
    guard let base = ids.baseAddress, ids.count > 0 else { return }
    var made = Entry(
      low: low, high: high, count: Int32(ids.count), first: ids[0],
      second: ids.count > 1 ? ids[1] : 0, third: ids.count > 2 ? ids[2] : 0)
    if ids.count > Self.inlineCount {
      if overflowCount + ids.count > overflowCapacity { forgetAll() }
      made.first = Int32(overflowCount)
      (overflowBase + overflowCount).update(from: base, count: ids.count)
      overflowCount += ids.count
    }
    let entry = set(low, high)
    entry[1] = entry[0]
    entry[0] = made
  }

  private func forgetAll() {
    let empty = Entry(low: 0, high: 0, count: 0, first: 0, second: 0, third: 0)
    entries.update(repeating: empty, count: sets * 2)
    overflowCount = 0
  }
}
