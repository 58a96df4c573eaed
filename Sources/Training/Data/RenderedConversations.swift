#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LanguageModel

/// Conversations as token ids with their loss mask, in a file without a name that is mapped into
/// memory: hundreds of millions of tokens cost page cache, not memory.
///
/// `@unchecked Sendable`: the mapping is only read after `init`.
package final class RenderedConversations: @unchecked Sendable {
  /// Ids in the lower bits, the mask in the highest.
  private let storage: UnsafeBufferPointer<UInt32>
  private let mapping: (address: UnsafeMutableRawPointer, count: Int)?
  /// Where each begins; one more for the end.
  private let starts: [Int]

  static let maskBit: UInt32 = 1 << 31

  package var count: Int { starts.count - 1 }
  package var tokenCount: Int { starts.last ?? 0 }
  package let trainedTokenCount: Int

  package func length(_ index: Int) -> Int { starts[index + 1] - starts[index] }

  /// Token `offset` of conversation `index`, and whether it is trained on.
  func token(_ index: Int, _ offset: Int) -> (id: Int32, isTrained: Bool) {
    let value = storage[starts[index] + offset]
    return (Int32(value & ~Self.maskBit), value & Self.maskBit != 0)
  }

  private init(
    _ mapping: (address: UnsafeMutableRawPointer, count: Int)?, starts: [Int], trained: Int
  ) {
    self.mapping = mapping
    self.starts = starts
    trainedTokenCount = trained
    storage = UnsafeBufferPointer(
      start: mapping.map { UnsafePointer($0.address.assumingMemoryBound(to: UInt32.self)) },
      count: starts.last ?? 0)
  }

  deinit { if let mapping { munmap(mapping.address, mapping.count) } }

  /// Takes conversations one by one and then becomes the set.
  package struct Builder: ~Copyable {
    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt32] = []
    private var starts = [0]
    private var trained = 0

    private static let bufferCount = 1 << 18

    /// The file is made in `folder` and has no name from then on.
    package init(folder: String) throws(TrainingError) {
      path = folder + "/.rendered-\(getpid())"
      descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw Self.fault(path, "create") }
      unlink(path)
    }

    deinit { close(descriptor) }

    /// `mask` is as long as `ids`; an empty conversation is left out.
    package mutating func append(ids: [Int32], mask: [UInt8]) throws(TrainingError) {
      precondition(ids.count == mask.count, "\(ids.count) ids, \(mask.count) mask values")
      guard !ids.isEmpty else { return }
      for (id, isTrained) in zip(ids, mask) {
        buffer.append(UInt32(bitPattern: id) | (isTrained != 0 ? RenderedConversations.maskBit : 0))
        if isTrained != 0 { trained += 1 }
      }
      starts.append((starts.last ?? 0) + ids.count)
      if buffer.count >= Self.bufferCount { try flush() }
    }

    package consuming func finish() throws(TrainingError) -> RenderedConversations {
      try flush()
      let bytes = (starts.last ?? 0) * 4
      guard bytes > 0 else { return RenderedConversations(nil, starts: starts, trained: 0) }
      guard let address = mmap(nil, bytes, PROT_READ, MAP_SHARED, descriptor, 0),
        address != UnsafeMutableRawPointer(bitPattern: -1)
      else { throw Self.fault(path, "map") }
      return RenderedConversations((address, bytes), starts: starts, trained: trained)
    }

    private mutating func flush() throws(TrainingError) {
      let failure = buffer.withUnsafeBytes { bytes -> Bool in
        var rest = bytes
        while !rest.isEmpty {
          let count = write(descriptor, rest.baseAddress, rest.count)
          if count < 0, errno == EINTR { continue }
          if count <= 0 { return true }
          rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
        return false
      }
      if failure { throw Self.fault(path, "write") }
      buffer.removeAll(keepingCapacity: true)
    }

    private static func fault(_ path: String, _ operation: String) -> TrainingError {
      .checkpoint(.system(path: path, operation: operation, code: errno))
    }
  }
}
