internal import CKernels

/// A block of zeroed floats, 64-byte aligned and on huge pages when large.
package final class Memory: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Float>
  package let count: Int
  private let bytes: Int

  package init(count: Int) throws(KernelError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    guard count >= 0, !overflow, let raw = nb_memory_allocate(bytes) else {
      throw .outOfMemory(bytes: overflow ? Int.max : bytes)
    }
    base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    self.count = count
    self.bytes = bytes
  }

  deinit { nb_memory_free(base, bytes) }
}

/// A row-major array of floats with a shape.
///
/// Owns its memory or shares a `Memory` with others. Not synchronised: whoever hands it to several
/// threads makes them write to different parts.
package final class Tensor: @unchecked Sendable {
  package let shape: [Int]
  package let count: Int
  package let pointer: UnsafeMutablePointer<Float>
  private let memory: Memory

  /// Zeroed memory of its own.
  package init(shape: [Int]) throws(KernelError) {
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { throw .outOfMemory(bytes: Int.max) }
      count = product
    }
    memory = try Memory(count: count)
    pointer = memory.base
    self.shape = shape
    self.count = count
  }

  /// A part of `memory` from `offset`, counted in floats.
  package init(viewing memory: Memory, offset: Int, shape: [Int]) {
    let count = shape.reduce(1, *)
    precondition(offset >= 0 && offset + count <= memory.count, "view outside its memory")
    self.memory = memory
    pointer = memory.base + offset
    self.shape = shape
    self.count = count
  }

  package var buffer: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }
}
