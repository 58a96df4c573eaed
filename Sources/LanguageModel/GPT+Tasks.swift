internal import CKernels
internal import Kernels

extension GPT {
  /// What passes hand to the pool besides rows of tokens, made once: a step allocates nothing.
  struct Tasks {
    /// Packs what the first layer's attention needs.
    let packFirst: [Projection.Packing]
    /// By layer: packs what follows its attention, up to the attention of the next layer.
    let packForward: [[Projection.Packing]]
    let packHead: [Projection.Packing]

    // Empty in a model made for inference.

    /// By layer: packs all of it for the products of the backward pass.
    let packBackward: [[Projection.Packing]]
    let packHeadBackward: [Projection.Packing]
    /// By layer: the gradients of its weights.
    let gradients: [[GradientTile]]

    init(
      layers: [Layer], head: Projection, workspace w: Workspace, width: Int, inferenceOnly: Bool
    ) {
      packFirst = layers[0].attention.packing(into: w.packed.attention, forward: true)
      packForward = layers.indices.map { layer in
        layers[layer].output.packing(into: w.packed.output, forward: true)
          + layers[layer].expand.packing(into: w.packed.expand, forward: true)
          + layers[layer].contract.packing(into: w.packed.contract, forward: true)
          + (layer + 1 < layers.count
            ? layers[layer + 1].attention.packing(into: w.packed.attention, forward: true) : [])
      }
      packHead = head.packing(into: w.packedHead, forward: true)
      guard !inferenceOnly else {
        (packBackward, packHeadBackward, gradients) = ([], [], [])
        return
      }
      packBackward = layers.map { layer in
        layer.contract.packing(into: w.packed.contract, forward: false)
          + layer.expand.packing(into: w.packed.expand, forward: false)
          + layer.output.packing(into: w.packed.output, forward: false)
          + layer.attention.packing(into: w.packed.attention, forward: false)
      }
      packHeadBackward = head.packing(into: w.packedHeadBackward, forward: false)
      gradients = zip(layers, w.layers).map { layer, kept in
        GradientTile.tiles(
          layer.attention, dy: w.gradientProjected, x: kept.attentionInput, width: width)
          + GradientTile.tiles(layer.output, dy: w.gradientMiddle, x: kept.attended, width: width)
          + GradientTile.tiles(layer.expand, dy: w.gradientExpanded, x: kept.mlpInput, width: width)
          + GradientTile.tiles(layer.contract, dy: w.gradientIn, x: w.activated, width: width)
      }
    }
  }

  /// A part of one weight's gradient: outputs × inputs, summed over all rows of dy and x.
  struct GradientTile {
    let projection: Projection
    let outputs: Range<Int>
    let inputs: Range<Int>
    let dy: Floats
    let x: Floats

    /// Tiles of equal size, at most 512 on a side: both factors are copied for each tile, so large
    /// ones copy less, and unequal ones would leave a thread waiting.
    static func tiles(_ projection: Projection, dy: Floats, x: Floats, width: Int)
      -> [GradientTile]
    {
      func size(_ length: Int) -> Int {
        let pieces = (length + 511) / 512
        return ((length + pieces - 1) / pieces + 31) / 32 * 32
      }
      let height = min(size(projection.outputs), size(width))
      let width = min(size(projection.inputs), size(width))
      return stride(from: 0, to: projection.outputs, by: height).flatMap { output in
        stride(from: 0, to: projection.inputs, by: width).map { input in
          GradientTile(
            projection: projection, outputs: output..<min(projection.outputs, output + height),
            inputs: input..<min(projection.inputs, input + width), dy: dy, x: x)
        }
      }
    }
  }

  /// Packs weights for the products of a pass.
  func pack(_ tasks: [Projection.Packing]) {
    timed(.pack) {
      pool.parallel(chunks: tasks.count) { tasks[$0].run(engine) }
    }
  }
}
