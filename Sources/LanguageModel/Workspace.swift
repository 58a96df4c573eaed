internal import CKernels
internal import Kernels

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

typealias Floats = UnsafeMutablePointer<Float>

/// Everything forward and backward write besides the gradients, allocated once.
///
/// A layer keeps per token: the normed inputs of attention and MLP, the rotated and normed queries
/// and keys, the values, the attention's output and the MLP before its activation. The residual
/// stream is not kept: a norm's backward needs only its output and scale.
final class Workspace: @unchecked Sendable {
  /// What one layer keeps from forward to backward.
  struct Activations {
    let attentionInput: Floats
    let attentionScale: Floats
    let projected: Floats
    let headScale: Floats
    let attended: Floats
    let logSum: Floats
    let mlpInput: Floats
    let mlpScale: Floats
    let expanded: Floats
  }

  /// Packed weights of one layer.
  struct PackedLayer {
    let attention: Floats
    let output: Floats
    let expand: Floats
    let contract: Floats
  }

  /// The most tokens at once.
  let capacity: Int
  let residual: Floats
  let layers: [Activations]
  let final: Floats
  let finalScale: Floats
  let positions: UnsafeMutablePointer<Int32>
  let cosine: Floats
  let sine: Floats
  /// Scratch of one worker: `scratch + worker * scratchStride`, and what products need of it:
  /// `work + worker * scratchStride`.
  let scratch: Floats
  let work: Floats
  let scratchStride: Int
  /// Packed weights of the layer at hand, for forward or backward products.
  let packed: PackedLayer
  /// The packed head, for logits and (backward) for their gradient.
  let packedHead: Floats
  let packedHeadBackward: Floats

  // Head and loss.
  let headRows: Int
  /// Rows of the batch whose logits are wanted, and their targets.
  let chosenRows: UnsafeMutablePointer<Int32>
  let chosenTargets: UnsafeMutablePointer<Int32>
  let headInput: Floats
  let headScaled: Floats
  let logits: Floats
  let tileSums: Floats
  let targetTanh: Floats
  let rowFactor: Floats

  // Backward only.
  let gradientIn: Floats
  let gradientMiddle: Floats
  let gradientAttended: Floats
  let gradientProjected: Floats
  let gradientExpanded: Floats
  let activated: Floats

  private let memory: Memory
  private let table: Memory

  init(
    configuration: GPTConfiguration, batch: Int, sequence: Int, threads: Int, inferenceOnly: Bool
  ) throws(KernelError) {
    let plan = Plan(
      configuration: configuration, batch: batch, sequence: sequence, threads: threads,
      inferenceOnly: inferenceOnly)
    memory = try Memory(count: plan.count)
    table = try Memory(count: sequence * configuration.headSize)
    capacity = plan.tokens
    var next = memory.base
    func take(_ count: Int) -> Floats {
      defer { next += Plan.rounded(count) }
      return next
    }
    func takeIntegers(_ count: Int) -> UnsafeMutablePointer<Int32> {
      UnsafeMutableRawPointer(take(count)).bindMemory(to: Int32.self, capacity: count)
    }
    let n = plan.tokens
    let c = configuration
    residual = take(n * c.width)
    var layers: [Activations] = []
    for _ in 0..<plan.keptLayers {
      layers.append(
        Activations(
          attentionInput: take(n * c.width), attentionScale: take(n),
          projected: take(n * c.projectedWidth),
          headScale: take(n * (c.heads + c.keyValueHeads)), attended: take(n * c.width),
          logSum: take(n * c.heads), mlpInput: take(n * c.width), mlpScale: take(n),
          expanded: take(n * c.mlpWidth)))
    }
    while layers.count < c.layers { layers.append(layers[0]) }
    self.layers = layers
    final = take(n * c.width)
    finalScale = take(n)
    positions = takeIntegers(n)
    chosenRows = takeIntegers(n)
    chosenTargets = takeIntegers(n)
    scratchStride = plan.scratchStride
    scratch = take(threads * plan.scratchStride)
    work = scratch + plan.workOffset
    packed = PackedLayer(
      attention: take(plan.packed[0]), output: take(plan.packed[1]),
      expand: take(plan.packed[2]), contract: take(plan.packed[3]))
    packedHead = take(plan.packed[4])
    packedHeadBackward = take(inferenceOnly ? 0 : plan.packed[4])
    headRows = plan.headRows
    headInput = take(headRows * c.width)
    headScaled = take(headRows * c.width)
    logits = take(headRows * c.vocabularySize)
    tileSums = take(headRows * plan.headTiles)
    targetTanh = take(headRows)
    rowFactor = take(headRows)
    let backward = inferenceOnly ? 0 : n
    gradientIn = take(backward * c.width)
    gradientMiddle = take(backward * c.width)
    gradientAttended = take(backward * c.width)
    gradientProjected = take(backward * c.projectedWidth)
    gradientExpanded = take(backward * c.mlpWidth)
    activated = take(backward * c.mlpWidth)
    cosine = table.base
    sine = table.base + sequence * (c.headSize / 2)
    fillRotaryTables(cosine: cosine, sine: sine, positions: sequence, configuration: c)
  }

  /// The sizes of a workspace, known before it is made.
  struct Plan {
    let tokens: Int
    let keptLayers: Int
    let headRows: Int
    let headTiles: Int
    let scratchStride: Int
    let workOffset: Int
    /// Words of packed attention, output, expand, contract and head.
    let packed: [Int]
    let count: Int

    init(
      configuration c: GPTConfiguration, batch: Int, sequence: Int, threads: Int,
      inferenceOnly: Bool
    ) {
      tokens = batch * sequence
      keptLayers = inferenceOnly ? 1 : c.layers
      headRows = min(tokens, Self.headRows(vocabulary: c.vocabularySize))
      headTiles = (c.vocabularySize + Self.headTileWidth - 1) / Self.headTileWidth
      workOffset = Self.rounded(
        max(
          Self.rowsPerChunk(tokens: tokens) * max(c.mlpWidth, c.width),
          Self.headRowTask * c.width))
      scratchStride = Self.rounded(
        max(workOffset + Int(NB_PRODUCT_WORDS), nb_attention_words(sequence, c.headSize)))
      packed = [
        Projection.packedWords(outputs: c.projectedWidth, inputs: c.width),
        Projection.packedWords(outputs: c.width, inputs: c.width),
        Projection.packedWords(outputs: c.mlpWidth, inputs: c.width),
        Projection.packedWords(outputs: c.width, inputs: c.mlpWidth),
        Projection.packedWords(outputs: c.vocabularySize, inputs: c.width),
      ]
      let n = tokens
      var sizes = [n * c.width, n * c.width, n, n, n, n]
      for _ in 0..<keptLayers {
        sizes += [
          n * c.width, n, n * c.projectedWidth, n * (c.heads + c.keyValueHeads), n * c.width,
          n * c.heads, n * c.width, n, n * c.mlpWidth,
        ]
      }
      sizes += [
        threads * scratchStride, packed[0], packed[1], packed[2], packed[3], packed[4],
        inferenceOnly ? 0 : packed[4], headRows * c.width, headRows * c.width,
        headRows * c.vocabularySize, headRows * headTiles, headRows, headRows,
      ]
      if !inferenceOnly {
        sizes += [
          n * c.width, n * c.width, n * c.width, n * c.projectedWidth, n * c.mlpWidth,
          n * c.mlpWidth,
        ]
      }
      count = sizes.reduce(0) { $0 + Self.rounded($1) }
    }

    static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Rows of the head's input gradient that one task handles.
    static let headRowTask = 128

    /// Columns of the vocabulary that one task of the head handles.
    static let headTileWidth = 512

    /// Rows of logits held at once: about 16 MB of them.
    static func headRows(vocabulary: Int) -> Int {
      max(32, min(1024, (4 << 20) / vocabulary / 32 * 32))
    }

    /// Rows of one chunk of work, so that there are about 16 chunks at least and a chunk's rows fit
    /// the second-level cache. Depends on the number of tokens only.
    static func rowsPerChunk(tokens: Int) -> Int {
      max(16, min(256, (tokens / 16 + 15) / 16 * 16))
    }
  }
}

/// cos and sin of position · base^(−2i/d), computed in single precision as the reference does.
func fillRotaryTables(
  cosine: Floats, sine: Floats, positions: Int, configuration: GPTConfiguration
) {
  let half = configuration.headSize / 2
  for i in 0..<half {
    let exponent = Float(2 * i) / Float(configuration.headSize)
    let frequency = 1 / Float(pow(Double(configuration.rotaryBase), Double(exponent)))
    for position in 0..<positions {
      let angle = Double(Float(position) * frequency)
      cosine[position * half + i] = Float(cos(angle))
      sine[position * half + i] = Float(sin(angle))
    }
  }
}
