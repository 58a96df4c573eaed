import Glibc
import Synchronization

/// A block of memory that goes back to its pool when the last user lets go.
///
/// It is written by one thread before it is shared and only read afterwards, which is what makes
/// it `Sendable`. `slack` readable bytes follow `count`, so that bit unpacking may load whole words.
final class PageBuffer: @unchecked Sendable {
  static let slack = 16

  let base: UnsafeMutableRawPointer
  let count: Int
  private let capacity: Int
  private let pool: BufferPool

  fileprivate init(base: UnsafeMutableRawPointer, count: Int, capacity: Int, pool: BufferPool) {
    self.base = base
    self.count = count
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.recycle(base, capacity: capacity) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
  var mutableBytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: count)
  }
}

/// Keeps a few freed page buffers: fresh memory from the system costs a fault per 4 KiB, a sixth
/// of the time that decompressing into it takes.
final class BufferPool: Sendable {
  private struct Block: @unchecked Sendable {
    var base: UnsafeMutableRawPointer
    var capacity: Int
  }

  private static let keptBlocks = 12
  private static let largestKeptBlock = 16 << 20
  private let free = Mutex<[Block]>([])

  deinit {
    free.withLock { blocks in
      for block in blocks { Glibc.free(block.base) }
      blocks.removeAll()
    }
  }

  /// A buffer of `count` bytes with undefined content, or nil when the system has no memory.
  func buffer(count: Int) throws(ParquetFault) -> PageBuffer {
    let needed = max(count, 1) + PageBuffer.slack
    let reused = free.withLock { blocks -> Block? in
      // A block more than four times too large is left for a page that needs it.
      let fitting = blocks.indices.filter {
        blocks[$0].capacity >= needed && blocks[$0].capacity / 4 <= max(needed, 64 << 10)
      }
      guard let index = fitting.min(by: { blocks[$0].capacity < blocks[$1].capacity }) else {
        return nil
      }
      return blocks.remove(at: index)
    }
    if let reused {
      return PageBuffer(base: reused.base, count: count, capacity: reused.capacity, pool: self)
    }
    let rounded = needed < 4096 ? needed : (needed + needed / 8 + 4095) & ~4095
    guard let base = malloc(rounded) else {
      throw .tooLarge(.page, size: count, limit: ParquetLimits.pageBytes)
    }
    return PageBuffer(base: base, count: count, capacity: rounded, pool: self)
  }

  fileprivate func recycle(_ base: UnsafeMutableRawPointer, capacity: Int) {
    let kept = capacity <= Self.largestKeptBlock
      && free.withLock { blocks in
        if blocks.count >= Self.keptBlocks { return false }
        blocks.append(Block(base: base, capacity: capacity))
        return true
      }
    if !kept { Glibc.free(base) }
  }

}
