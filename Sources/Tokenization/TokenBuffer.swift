/// Growing memory for ids that is written without a check per element.
final class TokenBuffer {
  private(set) var base: UnsafeMutablePointer<Int32>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int = 1024) {
    self.capacity = capacity
    base = LargeMemory.allocate(capacity, of: Int32.self)
  }

  deinit { base.deallocate() }

  /// Makes room for `extra` more ids.
  @inline(__always)
  func reserve(_ extra: Int) {
    if capacity - count < extra { grow(extra) }
  }

  @inline(never)
  private func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let memory = LargeMemory.allocate(larger, of: Int32.self)
    memory.update(from: base, count: count)
    base.deallocate()
    base = memory
    capacity = larger
  }

  @inline(__always)
  func append(_ id: Int32) {
    reserve(1)
    base[count] = id
    count &+= 1
  }

  var elements: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(start: base, count: count) }
}
