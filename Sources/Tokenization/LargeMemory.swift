#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Memory for tables and buffers of megabytes, on huge pages where the system has them.
///
/// Touching fresh memory page by page can cost more than the work on it: a table of 8 MB is 2,000
/// page faults, or four.
enum LargeMemory {
  private static let hugePage = 2 << 20

  /// Zeroed memory for `count` elements whose bits may all be zero; free it with `deallocate()`.
  static func allocate<Element: BitwiseCopyable>(
    zeroed count: Int, of type: Element.Type
  ) -> UnsafeMutablePointer<Element> {
    let memory = allocate(count, of: type)
    memset(memory, 0, count * MemoryLayout<Element>.stride)
    return memory
  }

  /// Memory with any content for `count` elements; free it with `deallocate()`.
  static func allocate<Element: BitwiseCopyable>(
    _ count: Int, of type: Element.Type
  ) -> UnsafeMutablePointer<Element> {
    let bytes = max(1, count) * MemoryLayout<Element>.stride
    let isLarge = bytes >= hugePage
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: isLarge ? hugePage : 64)
    #if os(Linux)
      if isLarge { madvise(memory, bytes / hugePage * hugePage, Int32(MADV_HUGEPAGE)) }
    #endif
    return memory.bindMemory(to: type, capacity: max(1, count))
  }
}
