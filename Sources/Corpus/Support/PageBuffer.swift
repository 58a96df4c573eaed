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

  private static let keptBlocks = 24
  private static let largestKeptBlock = 16 << 20

  private struct State {
    var free: [Block] = []
    /// Bytes lent or kept.
    var total = 0
  }

  private let state = Mutex(State())

  deinit {
    state.withLock { state in
      for block in state.free { Glibc.free(block.base) }
      state.free.removeAll()
    }
  }

  /// A buffer of `count` bytes with undefined content. Throws when the pool's bound would be
  /// passed or the system has no memory.
  func buffer(count: Int) throws(ParquetFault) -> PageBuffer {
    let needed = max(count, 1) + PageBuffer.slack
    let rounded = needed < 4096 ? needed : (needed + needed / 8 + 4095) & ~4095
    let reused = state.withLock { state -> Block? in
      // A block more than four times too large is left for a page that needs it.
      let fitting = state.free.indices.filter {
        state.free[$0].capacity >= needed && state.free[$0].capacity / 4 <= max(needed, 64 << 10)
      }
      let best = fitting.min { state.free[$0].capacity < state.free[$1].capacity }
      if let best { return state.free.remove(at: best) }
      if state.total + rounded > ParquetLimits.memoryBytes {
        for block in state.free {
          state.total -= block.capacity
          Glibc.free(block.base)
        }
        state.free.removeAll()
      }
      state.total += rounded
      return nil
    }
    if let reused {
      return PageBuffer(base: reused.base, count: count, capacity: reused.capacity, pool: self)
    }
    let isWithinBound = state.withLock { $0.total <= ParquetLimits.memoryBytes }
    guard isWithinBound, let base = malloc(rounded) else {
      state.withLock { $0.total -= rounded }
      throw .tooLarge(.page, size: count, limit: ParquetLimits.memoryBytes)
    }
    return PageBuffer(base: base, count: count, capacity: rounded, pool: self)
  }

  fileprivate func recycle(_ base: UnsafeMutableRawPointer, capacity: Int) {
    let block = Block(base: base, capacity: capacity)
    let isKept = state.withLock { state in
      if capacity <= Self.largestKeptBlock, state.free.count < Self.keptBlocks {
        state.free.append(block)
        return true
      }
      state.total -= capacity
      return false
    }
    if !isKept { Glibc.free(base) }
  }
}
