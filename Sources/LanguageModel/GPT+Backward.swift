internal import CKernels
internal import Kernels

extension GPT {
  /// Forward and backward on batch × sequence tokens; targets below zero are not counted.
  ///
  /// Gradients are added to, scaled so that the total is the sum of losses times `gradientScale`:
  /// give 1 / (counted targets in the whole optimiser step). With no counted target nothing is
  /// added.
  package func forwardBackward(
    tokens: UnsafePointer<Int32>, targets: UnsafePointer<Int32>, batch: Int, sequence: Int,
    gradientScale: Float
  ) -> LossSum {
    precondition(!inferenceOnly, "a model made for inference has no gradients")
    let rows = checkedRows(tokens, batch: batch, sequence: sequence)
    forwardTrunk(rows)
    let sum = timed(.head) {
      headForwardBackward(rows, targets: targets, gradientScale: gradientScale)
    }
    if sum.count > 0 { backwardTrunk(rows) }
    return sum
  }

  /// From the gradient of the normed final states, left in `gradientAttended` by the head, to the
  /// gradients of all weights below it.
  private func backwardTrunk(_ rows: Rows) {
    let w = workspace
    let width = configuration.width
    pool.parallel(chunks: rows.chunks) { chunk in
      let range = rows.range(chunk)
      let first = range.lowerBound * width
      nb_norm_backward(
        w.gradientIn + first, nil, w.gradientAttended + first, w.final + first,
        w.finalScale + range.lowerBound, range.count, width)
    }
    if additions != nil { backwardBackout(rows) }
    for layer in (0..<configuration.layers).reversed() {
      pack(tasks.packBackward[layer])
      timed(.backward) {
        additions?.returnToMiddle(layer, w.gradientIn, rows, pool)
        pool.parallelWithWorker(chunks: rows.chunks) { chunk, worker in
          backwardMLP(layer, rows.range(chunk), worker)
        }
      }
      timed(.attentionBackward) { backwardAttention(layer, rows) }
      if additions != nil { backwardValues(layer, rows) }
      timed(.weightGradients) { addGradients(layer, rows) }
      timed(.backward) {
        pool.parallelWithWorker(chunks: rows.chunks) { chunk, worker in
          let range = rows.range(chunk)
          let first = range.lowerBound
          let kept = w.layers[layer]
          let scratch = w.scratch + worker * w.scratchStride
          layers[layer].attention.backward(
            engine, scratch, w.gradientProjected + first * configuration.projectedWidth,
            packed: w.packed.attention, rows: range.count,
            work: w.work + worker * w.scratchStride)
          additions?.addGateInputGradient(layer, scratch, range)
          nb_norm_backward(
            w.gradientIn + first * width, w.gradientMiddle + first * width, scratch,
            kept.attentionInput + first * width, kept.attentionScale + first, range.count, width)
          additions?.unmixStart(layer, w.gradientIn, range, chunk)
        }
      }
      additions?.addScalarGradients(layer, chunks: rows.chunks)
    }
    if additions != nil { backwardSmear(rows) }
    timed(.embedding) { backwardEmbedding(rows) }
  }

  /// Reads the gradient of the layer's output (`gradientIn`); writes that of the residual between
  /// attention and MLP (`gradientMiddle`) and what the weight gradients need.
  private func backwardMLP(_ layer: Int, _ range: Range<Int>, _ worker: Int) {
    let w = workspace
    let c = configuration
    let kept = w.layers[layer]
    let first = range.lowerBound
    let scratch = w.scratch + worker * w.scratchStride
    let work = w.work + worker * w.scratchStride
    let output = w.gradientIn + first * c.width
    let middle = w.gradientMiddle + first * c.width
    let expanded = w.gradientExpanded + first * c.mlpWidth
    layers[layer].contract.backward(
      engine, expanded, output, packed: w.packed.contract, rows: range.count, work: work)
    nb_relu2_backward(
      expanded, w.activated + first * c.mlpWidth, kept.expanded + first * c.mlpWidth,
      range.count * c.mlpWidth)
    layers[layer].expand.backward(
      engine, scratch, expanded, packed: w.packed.expand, rows: range.count, work: work)
    nb_norm_backward(
      middle, output, scratch, kept.mlpInput + first * c.width, kept.mlpScale + first,
      range.count, c.width)
    layers[layer].output.backward(
      engine, w.gradientAttended + first * c.width, middle, packed: w.packed.output,
      rows: range.count, work: work)
  }

  /// One task a sequence and key-value head, since the heads of a group add to the same keys.
  private func backwardAttention(_ layer: Int, _ rows: Rows) {
    let w = workspace
    let c = configuration
    let kept = w.layers[layer]
    let d = c.headSize
    let group = c.heads / c.keyValueHeads
    let width = c.projectedWidth
    pool.parallelWithWorker(chunks: rows.batch * c.keyValueHeads) { task, worker in
      let (b, kv) = task.quotientAndRemainder(dividingBy: c.keyValueHeads)
      let first = b * rows.sequence
      let base = kept.projected + first * width
      let gradient = w.gradientProjected + first * width
      let key = (c.heads + kv) * d
      let value = (c.heads + c.keyValueHeads + kv) * d
      for row in 0..<rows.sequence {
        (gradient + row * width + key).update(repeating: 0, count: d)
        (gradient + row * width + value).update(repeating: 0, count: d)
      }
      for h in kv * group..<(kv + 1) * group {
        let place = first * c.width + h * d
        nb_attention_backward(
          engine, gradient + h * d, gradient + key, gradient + value, w.gradientAttended + place,
          kept.attended + place, kept.logSum + (b * c.heads + h) * rows.sequence, base + h * d,
          base + key, base + value, rows.sequence, d, c.width, width, width, attentionScale,
          w.scratch + worker * w.scratchStride)
      }
    }
    let heads = c.heads + c.keyValueHeads
    pool.parallel(chunks: rows.chunks) { chunk in
      let range = rows.range(chunk)
      let first = range.lowerBound
      nb_rotary_norm_backward(
        w.gradientProjected + first * width, kept.projected + first * width,
        kept.headScale + first * heads, width, w.cosine, w.sine, w.positions + first, range.count,
        heads, d)
    }
  }

  /// The gradients of the layer's weights, in tiles of outputs × inputs: each tile sums over all
  /// rows in one product, so the result doesn't depend on who computes it.
  private func addGradients(_ layer: Int, _ rows: Rows) {
    let w = workspace
    let tiles = tasks.gradients[layer]
    pool.parallelWithWorker(chunks: tiles.count) { index, worker in
      let tile = tiles[index]
      tile.projection.addGradient(
        engine, outputs: tile.outputs, inputs: tile.inputs, dy: tile.dy, x: tile.x,
        rows: rows.count, work: w.work + worker * w.scratchStride)
    }
  }

  /// Each task owns a range of the vocabulary, so equal ids never meet.
  private func backwardEmbedding(_ rows: Rows) {
    let vocabulary = configuration.vocabularySize
    let parts = min(32, vocabulary)
    pool.parallel(chunks: parts) { part in
      nb_embedding_backward(
        embedding.gradient, embedding.value, workspace.gradientIn, rows.tokens, rows.count,
        configuration.width, configuration.normEpsilon, vocabulary * part / parts,
        vocabulary * (part + 1) / parts)
    }
  }
}
