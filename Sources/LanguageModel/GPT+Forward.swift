internal import CKernels
internal import Kernels

extension GPT {
  /// The tokens of a call and how they are cut into chunks of rows.
  struct Rows {
    let tokens: UnsafePointer<Int32>
    let batch: Int
    let sequence: Int
    var count: Int { batch * sequence }
    var chunkSize: Int { Workspace.Plan.rowsPerChunk(tokens: count) }
    var chunks: Int { (count + chunkSize - 1) / chunkSize }

    func range(_ chunk: Int) -> Range<Int> {
      chunk * chunkSize..<min(count, (chunk + 1) * chunkSize)
    }
  }

  /// Checks the shape of a call and that every id is in the vocabulary.
  func checkedRows(_ tokens: UnsafePointer<Int32>, batch: Int, sequence: Int) -> Rows {
    precondition(
      batch > 0 && sequence > 0 && sequence <= trainingSequence
        && batch * sequence <= workspace.capacity,
      "\(batch) × \(sequence) tokens exceed the \(maximumBatch) × \(trainingSequence) planned")
    let rows = Rows(tokens: tokens, batch: batch, sequence: sequence)
    for i in 0..<rows.count {
      precondition(
        tokens[i] >= 0 && Int(tokens[i]) < configuration.vocabularySize,
        "token id \(tokens[i]) is outside the vocabulary")
      workspace.positions[i] = Int32(i % sequence)
    }
    return rows
  }

  /// Runs everything before the head; leaves the normed final states in `workspace.final`.
  func forwardTrunk(_ rows: Rows) {
    let w = workspace
    let width = configuration.width
    pack(tasks.packFirst)
    timed(.embedding) {
      pool.parallelWithWorker(chunks: rows.chunks) { chunk, worker in
        let range = rows.range(chunk)
        nb_embedding_forward(
          w.residual + range.lowerBound * width, embedding.value, rows.tokens + range.lowerBound,
          range.count, width, configuration.normEpsilon)
        if additions == nil { enterAttention(0, range, worker, rows) }
      }
    }
    if additions != nil { enterFirstLayer(rows) }
    for layer in 0..<configuration.layers {
      timed(.attentionForward) { attend(layer, rows) }
      pack(tasks.packForward[layer])
      timed(.forward) {
        pool.parallelWithWorker(chunks: rows.chunks) { chunk, worker in
          let range = rows.range(chunk)
          leaveAttention(layer, range, worker)
          runMLP(layer, range, worker)
          additions?.keepMiddle(layer, w.residual, range)
          if layer + 1 < configuration.layers {
            enterAttention(layer + 1, range, worker, rows)
          } else {
            additions?.backOut(w.residual, range)
            nb_norm_forward(
              w.final + range.lowerBound * width, w.finalScale + range.lowerBound,
              w.residual + range.lowerBound * width, range.count, width,
              configuration.normEpsilon)
          }
        }
      }
    }
  }

  /// Norm, then queries, keys and values, rotated and normed.
  func enterAttention(_ layer: Int, _ range: Range<Int>, _ worker: Int, _ rows: Rows) {
    let kept = workspace.layers[layer]
    let c = configuration
    let first = range.lowerBound
    additions?.mixWithStart(layer, workspace.residual, range)
    let input = kept.attentionInput + first * c.width
    let projected = kept.projected + first * c.projectedWidth
    nb_norm_forward(
      input, kept.attentionScale + first, workspace.residual + first * c.width, range.count,
      c.width, c.normEpsilon)
    layers[layer].attention.forward(
      engine, projected, input, packed: workspace.packed.attention, rows: range.count,
      work: workspace.work + worker * workspace.scratchStride)
    let heads = c.heads + c.keyValueHeads
    nb_rotary_norm_forward(
      projected, kept.headScale + first * heads, c.projectedWidth, workspace.cosine,
      workspace.sine, workspace.positions + first, range.count, heads, c.headSize, c.normEpsilon)
    additions?.addValues(layer, projected, input, rows.tokens + first, rows: range.count)
  }

  /// Causal attention of every sequence and head.
  private func attend(_ layer: Int, _ rows: Rows) {
    let kept = workspace.layers[layer]
    let c = configuration
    let d = c.headSize
    let group = c.heads / c.keyValueHeads
    pool.parallelWithWorker(chunks: rows.batch * c.heads) { task, worker in
      let (b, h) = task.quotientAndRemainder(dividingBy: c.heads)
      let first = b * rows.sequence
      let base = kept.projected + first * c.projectedWidth
      nb_attention_forward(
        engine, kept.attended + first * c.width + h * d, kept.logSum + task * rows.sequence,
        base + h * d,
        base + (c.heads + h / group) * d, base + (c.heads + c.keyValueHeads + h / group) * d,
        rows.sequence, d, c.width, c.projectedWidth, c.projectedWidth, attentionScale,
        workspace.scratch + worker * workspace.scratchStride)
    }
  }

  var attentionScale: Float {
    (configuration.additions.sharpAttention ? ModelAdditions.sharpness : 1)
      / Float(configuration.headSize).squareRoot()
  }

  private func leaveAttention(_ layer: Int, _ range: Range<Int>, _ worker: Int) {
    let first = range.lowerBound * configuration.width
    layers[layer].output.forward(
      engine, workspace.residual + first, workspace.layers[layer].attended + first,
      packed: workspace.packed.output, rows: range.count, adding: true,
      work: workspace.work + worker * workspace.scratchStride)
  }

  private func runMLP(_ layer: Int, _ range: Range<Int>, _ worker: Int) {
    let kept = workspace.layers[layer]
    let c = configuration
    let first = range.lowerBound
    let scratch = workspace.scratch + worker * workspace.scratchStride
    let work = workspace.work + worker * workspace.scratchStride
    let residual = workspace.residual + first * c.width
    let input = kept.mlpInput + first * c.width
    let expanded = kept.expanded + first * c.mlpWidth
    nb_norm_forward(
      input, kept.mlpScale + first, residual, range.count, c.width, c.normEpsilon)
    layers[layer].expand.forward(
      engine, expanded, input, packed: workspace.packed.expand, rows: range.count, work: work)
    nb_relu2_forward(scratch, expanded, range.count * c.mlpWidth)
    layers[layer].contract.forward(
      engine, residual, scratch, packed: workspace.packed.contract, rows: range.count,
      adding: true, work: work)
  }
}
