internal import CKernels
internal import Kernels

/// Copies of a model's matrices and head in bfloat16, made once.
final class HalfWeights: @unchecked Sendable {
  private let memory: Memory
  private let origin: UnsafeMutablePointer<Float>

  init(_ model: GPT) throws(KernelError) {
    // The weights lie in one block, so a copy has its place at half the distance from the start.
    origin = model.embedding.value
    let count = model.configuration.arenaCount
    memory = try Memory(count: (count + 1) / 2)
    let source = origin, target = memory.base
    model.parallelSpans(count) { range in
      nb_round_bf16(
        Self.halves(target) + range.lowerBound, source + range.lowerBound, range.count)
    }
  }

  subscript(weight: Projection) -> UnsafePointer<UInt16> {
    UnsafePointer(Self.halves(memory.base) + (weight.value - origin))
  }

  private static func halves(_ base: Floats) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt16.self)
  }
}
