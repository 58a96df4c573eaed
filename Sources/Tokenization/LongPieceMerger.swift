/// Merges a long piece in time close to linear in its length.
///
/// Positions wait in one list per rank, and a heap holds only the ranks that have a list. A run of
/// one letter has a million positions but twenty ranks, so it costs no heap of a million entries.
/// The order is that of the plain method: lowest rank first, then leftmost.
final class LongPieceMerger {
  private let byteIDs: [Int32]
  private let lengths: [Int32]
  private let pairs: PairTable
  /// By rank: the first node of its waiting list; -1 for none, as between any two calls.
  private let heads: UnsafeMutablePointer<Int32>

  init(byteIDs: [Int32], lengths: [Int32], pairs: PairTable) {
    self.byteIDs = byteIDs
    self.lengths = lengths
    self.pairs = pairs
    heads = LargeMemory.allocate(pairs.rankCount, of: Int32.self)
    heads.initialize(repeating: -1, count: pairs.rankCount)
  }

  deinit { heads.deallocate() }

  /// Appends the ids of `piece`, which is not empty, to `output`.
  ///
  /// Returns the two tokens of the last merge if the piece became one token.
  func merge(
    _ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer
  ) -> (left: Int32, right: Int32)? {
    lengths.withUnsafeBufferPointer { lengths in
      guard let lengths = lengths.baseAddress else { return nil }
      var merge = LongMerge(count: piece.count, lengths: lengths, pairs: pairs, heads: heads)
      merge.fill(piece, byteIDs)
      merge.run()
      merge.append(to: output)
      return merge.wholeMerge
    }
  }
}

/// One call of `LongPieceMerger`.
///
/// A token of n bytes covers n places; its id stands in the first and the last of them, so that
/// both neighbours are found without links.
private struct LongMerge: ~Copyable {
  private struct Node {
    var position: Int32
    var link: Int32
  }

  private let count: Int
  private let lengths: UnsafePointer<Int32>
  private let pairs: PairTable
  private let heads: UnsafeMutablePointer<Int32>
  private let ids: UnsafeMutablePointer<Int32>
  /// By first place of a token: the rank of its merge with the next one.
  private let ranks: UnsafeMutablePointer<UInt32>
  private var nodes: UnsafeMutablePointer<Node>
  private var nodeCount = 0
  private var nodeCapacity: Int
  private var heap: [UInt32] = []
  private var work: [Int32] = []
  private(set) var wholeMerge: (left: Int32, right: Int32)?

  init(
    count: Int, lengths: UnsafePointer<Int32>, pairs: PairTable,
    heads: UnsafeMutablePointer<Int32>
  ) {
    self.count = count
    self.lengths = lengths
    self.pairs = pairs
    self.heads = heads
    ids = LargeMemory.allocate(count, of: Int32.self)
    ranks = LargeMemory.allocate(count, of: UInt32.self)
    nodeCapacity = count * 2
    nodes = LargeMemory.allocate(nodeCapacity, of: Node.self)
  }

  deinit {
    ids.deallocate()
    ranks.deallocate()
    nodes.deallocate()
  }

  mutating func fill(_ piece: UnsafeBufferPointer<UInt8>, _ byteIDs: [Int32]) {
    for index in 0..<count { ids[index] = byteIDs[Int(piece[index])] }
    for index in stride(from: count - 1, through: 0, by: -1) {
      let rank =
        index + 1 < count
        ? pairs.rank(ofBytes: piece[index], piece[index + 1]) : PairTable.noRank
      ranks[index] = rank
      if rank != PairTable.noRank { wait(index, rank) }
    }
  }

  mutating func run() {
    while let rank = popRank() {
      let head = heads[Int(rank)]
      heads[Int(rank)] = -1
      gather(head)
      let result = pairs.result(rank)
      let length = Int(lengths[Int(result)])
      var index = 0
      while index < work.count {
        let position = Int(work[index])
        index &+= 1
        guard ranks[position] == rank else { continue }
        let right = position &+ Int(lengths[Int(ids[position])])
        if length == count { wholeMerge = (ids[position], ids[right]) }
        ranks[right] = PairTable.noRank
        ids[position] = result
        ids[position &+ length &- 1] = result
        var lowest = update(position, length)
        if position > 0 {
          let before = Int(lengths[Int(ids[position &- 1])])
          lowest = min(lowest, update(position &- before, before))
        }
        if lowest < rank {
          // A merge that comes before this one has appeared: it goes first.
          while index < work.count {
            wait(Int(work[index]), rank)
            index &+= 1
          }
        }
      }
    }
  }

  func append(to output: TokenBuffer) {
    output.reserve(count)
    var position = 0
    while position < count {
      output.base[output.count] = ids[position]
      output.count &+= 1
      position += Int(lengths[Int(ids[position])])
    }
  }

  /// Looks up anew the pair that starts with the token of `length` bytes at `position`, and queues
  /// it; returns its rank.
  private mutating func update(_ position: Int, _ length: Int) -> UInt32 {
    let next = position &+ length
    let rank = next < count ? pairs.rank(ids[position], ids[next]) : PairTable.noRank
    ranks[position] = rank
    if rank != PairTable.noRank { wait(position, rank) }
    return rank
  }

  // MARK: Waiting lists

  @inline(__always)
  private mutating func wait(_ position: Int, _ rank: UInt32) {
    if nodeCount == nodeCapacity { growNodes() }
    let head = heads[Int(rank)]
    (nodes + nodeCount).initialize(
      to: Node(position: Int32(truncatingIfNeeded: position), link: head))
    heads[Int(rank)] = Int32(truncatingIfNeeded: nodeCount)
    nodeCount &+= 1
    if head < 0 { push(rank) }
  }

  private mutating func growNodes() {
    let larger = LargeMemory.allocate(nodeCapacity * 2, of: Node.self)
    larger.update(from: nodes, count: nodeCount)
    nodes.deallocate()
    nodes = larger
    nodeCapacity *= 2
  }

  /// Puts the positions of a list into `work`, ascending.
  private mutating func gather(_ head: Int32) {
    work.removeAll(keepingCapacity: true)
    var node = head
    var ascends = true
    var descends = true
    var last = nodes[Int(head)].position
    while node >= 0 {
      let found = nodes[Int(node)]
      if found.position < last { ascends = false }
      if found.position > last { descends = false }
      last = found.position
      work.append(last)
      node = found.link
    }
    if ascends { return }
    if descends { work.reverse() } else { work.sort() }
  }

  // MARK: Heap of ranks

  private mutating func push(_ rank: UInt32) {
    heap.append(rank)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent] <= heap[child] { return }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func popRank() -> UInt32? {
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
