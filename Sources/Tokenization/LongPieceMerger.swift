/// Merges a long piece in time close to linear in its length.
///
/// Positions wait in one list per rank, and a heap holds only the ranks that have a list. A run of
/// one letter has a million positions but twenty ranks, so it costs no heap of a million entries.
/// The order is that of the plain method: lowest rank first, then leftmost.
final class LongPieceMerger {
  private let byteIDs: [Int32]
  private let pairs: PairTable
  /// By rank: the first node of its waiting list; -1 for none.
  private let heads: UnsafeMutablePointer<Int32>
  private var heap: [UInt32] = []
  private var positions: [Int32] = []
  private var links: [Int32] = []
  private var work: [Int32] = []

  init(byteIDs: [Int32], pairs: PairTable) {
    self.byteIDs = byteIDs
    self.pairs = pairs
    heads = .allocate(capacity: pairs.rankCount)
    heads.initialize(repeating: -1, count: pairs.rankCount)
  }

  deinit { heads.deallocate() }

  func merge(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    let count = piece.count
    let ids = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    let ranks = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
    let results = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    let next = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    let previous = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    defer {
      for memory in [ids, results, next, previous] { memory.deallocate() }
      ranks.deallocate()
      heap = []
      positions = []
      links = []
      work = []
    }
    for index in 0..<count {
      ids[index] = byteIDs[Int(piece[index])]
      next[index] = index + 1 < count ? Int32(index + 1) : -1
      previous[index] = Int32(index - 1)
    }
    positions.reserveCapacity(count)
    links.reserveCapacity(count)
    for index in stride(from: count - 1, through: 0, by: -1) {
      let found =
        index + 1 < count
        ? pairs.find(ids[index], ids[index + 1])
        : PairTable.Slot(key: 0, rank: PairTable.noRank, id: -1)
      ranks[index] = found.rank
      results[index] = found.id
      guard found.rank != PairTable.noRank else { continue }
      wait(Int32(index), found.rank)
    }

    while let rank = pop() {
      let head = heads[Int(rank)]
      heads[Int(rank)] = -1
      gather(head)
      var index = 0
      while index < work.count {
        let position = Int(work[index])
        index += 1
        guard ranks[position] == rank else { continue }
        let right = Int(next[position])
        ids[position] = results[position]
        let after = next[right]
        next[position] = after
        ranks[right] = PairTable.noRank
        var lowest = rank
        if after >= 0 {
          previous[Int(after)] = Int32(position)
          lowest = min(lowest, update(position, ids, ranks, results, right: Int(after)))
        } else {
          ranks[position] = PairTable.noRank
        }
        let before = Int(previous[position])
        if before >= 0 {
          lowest = min(lowest, update(before, ids, ranks, results, right: position))
        }
        if lowest < rank {
          // A merge that comes before this one has appeared: it goes first.
          for waiting in work[index...] { wait(waiting, rank) }
          break
        }
      }
    }
    output.reserve(count)
    var position = 0
    while position >= 0 {
      output.append(ids[position])
      position = Int(next[position])
    }
  }

  /// Looks up the pair that starts at `position` anew and queues it; returns its rank.
  @inline(__always)
  private func update(
    _ position: Int, _ ids: UnsafeMutablePointer<Int32>, _ ranks: UnsafeMutablePointer<UInt32>,
    _ results: UnsafeMutablePointer<Int32>, right: Int
  ) -> UInt32 {
    let found = pairs.find(ids[position], ids[right])
    ranks[position] = found.rank
    results[position] = found.id
    if found.rank != PairTable.noRank { wait(Int32(position), found.rank) }
    return found.rank
  }

  // MARK: Waiting lists

  @inline(__always)
  private func wait(_ position: Int32, _ rank: UInt32) {
    let head = heads[Int(rank)]
    positions.append(position)
    links.append(head)
    heads[Int(rank)] = Int32(positions.count - 1)
    if head < 0 { push(rank) }
  }

  /// Puts the positions of a list into `work`, ascending.
  private func gather(_ head: Int32) {
    work.removeAll(keepingCapacity: true)
    var node = head
    var ascends = true
    var descends = true
    while node >= 0 {
      let position = positions[Int(node)]
      if let last = work.last {
        if position < last { ascends = false } else { descends = false }
      }
      work.append(position)
      node = links[Int(node)]
    }
    if ascends { return }
    if descends { work.reverse() } else { work.sort() }
  }

  // MARK: Heap of ranks

  private func push(_ rank: UInt32) {
    heap.append(rank)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent] <= heap[child] { return }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private func pop() -> UInt32? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return top }
    heap[0] = last
    var parent = 0
    while true {
      var child = parent * 2 + 1
      if child >= heap.count { return top }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if heap[parent] <= heap[child] { return top }
      heap.swapAt(parent, child)
      parent = child
    }
  }
}
