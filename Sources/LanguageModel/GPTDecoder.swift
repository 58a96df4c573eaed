internal import CKernels
internal import Kernels

/// Token-by-token inference with cached keys and values.
///
/// A few rows are decoded side by side; each has its own length. Prefill once, copy the cache to
/// other rows, decode all together: the logits are those of an uncached forward pass. A model of
/// precision bf16 is decoded from bfloat16 copies of its weights, half the memory to read a token.
package final class GPTDecoder {
  package let model: GPT
  package let maximumRows: Int
  package let maximumLength: Int
  /// Cached tokens of each row.
  package private(set) var lengths: [Int]

  private let block: Int
  private let keys: Memory
  private let values: Memory
  private let memory: Memory
  private let cosine: Floats
  private let sine: Floats
  private let residual: Floats
  private let normed: Floats
  private let scales: Floats
  private let projected: Floats
  private let attended: Floats
  private let expanded: Floats
  private let scores: Floats
  private let results: Floats
  private let packed: Floats
  private let packedStride: Int
  /// The weights in bfloat16 by where they start in the model, for a model of that precision.
  private let halves: HalfWeights?
  private let additions: Additions?
  private var positions: [Int32]
  private var rowsOfTokens: [Int]

  /// Reserves the cache of `maximumRows` rows of at most `maximumLength` tokens.
  package init(model: GPT, maximumRows: Int, maximumLength: Int) throws(LanguageModelError) {
    guard (1...4096).contains(maximumRows) else {
      throw .invalidShape(
        field: "rows", value: maximumRows, requirement: "it must be in 1...4096")
    }
    guard (1...(1 << 20)).contains(maximumLength) else {
      throw .invalidShape(
        field: "length", value: maximumLength, requirement: "it must be in 1...1048576")
    }
    let c = model.configuration
    let block = max(maximumRows, min(128, maximumLength))
    self.model = model
    self.maximumRows = maximumRows
    self.maximumLength = maximumLength
    self.block = block
    lengths = Array(repeating: 0, count: maximumRows)
    positions = Array(repeating: 0, count: block)
    rowsOfTokens = Array(repeating: 0, count: block)
    packedStride = Self.packedColumns * max(c.width, c.mlpWidth) + Int(NB_PRODUCT_WORDS)
    let tables = maximumLength * (c.headSize / 2)
    let sizes = [
      tables, tables, block * c.width, block * c.width, block * (c.heads + c.keyValueHeads),
      block * c.projectedWidth, block * c.width, block * c.mlpWidth,
      model.pool.threads * maximumLength, maximumRows * c.vocabularySize,
      model.pool.threads * packedStride,
    ].map { ($0 + 15) / 16 * 16 }
    do throws(KernelError) {
      halves = model.precision == .bf16 ? try HalfWeights(model) : nil
      let cache = c.layers * maximumRows * maximumLength * c.keyValueHeads * c.headSize
      keys = try Memory(count: cache)
      values = try Memory(count: cache)
      memory = try Memory(count: sizes.reduce(0, +))
    } catch {
      throw .kernel(error)
    }
    var parts: [Floats] = []
    var next = memory.base
    for size in sizes {
      parts.append(next)
      next += size
    }
    (cosine, sine, residual, normed, scales) = (parts[0], parts[1], parts[2], parts[3], parts[4])
    (projected, attended, expanded, scores) = (parts[5], parts[6], parts[7], parts[8])
    results = parts[9]
    packed = parts[10]
    additions = try Additions(
      model: model, block: block, maximumRows: maximumRows, maximumLength: maximumLength)
    fillRotaryTables(cosine: cosine, sine: sine, positions: maximumLength, configuration: c)
  }

  /// Forgets what a row has cached beyond `length` tokens.
  package func truncate(row: Int, to length: Int = 0) {
    precondition((0...lengths[row]).contains(length), "a row can only become shorter")
    lengths[row] = length
  }

  /// Makes `target` an equal of `source`.
  package func copyCache(fromRow source: Int, to target: Int) {
    guard source != target else { return }
    additions?.copyRow(source, to: target, length: lengths[source])
    let stride = cacheStride
    for layer in 0..<model.configuration.layers {
      let from = cacheOffset(layer: layer, row: source)
      let to = cacheOffset(layer: layer, row: target)
      (keys.base + to).update(from: keys.base + from, count: lengths[source] * stride)
      (values.base + to).update(from: values.base + from, count: lengths[source] * stride)
    }
    lengths[target] = lengths[source]
  }

  /// Appends `ids` to a row and returns the vocabulary-sized logits after the last; valid until the
  /// next call.
  package func prefill(_ ids: [Int32], row: Int = 0) -> UnsafeMutableBufferPointer<Float> {
    precondition(!ids.isEmpty && row < maximumRows, "prefill needs tokens and a row")
    precondition(lengths[row] + ids.count <= maximumLength, "the cache is too short")
    var start = 0
    while start < ids.count {
      let part = ids[start..<min(ids.count, start + block)]
      for place in 0..<part.count { rowsOfTokens[place] = row }
      run(part, wantingLogits: start + part.count == ids.count ? 1 : 0)
      start += part.count
    }
    return UnsafeMutableBufferPointer(start: results, count: model.configuration.vocabularySize)
  }

  /// Appends one token to each of the first `tokens.count` rows and returns their logits, row after
  /// row; valid until the next call.
  package func decode(tokens: [Int32]) -> UnsafeMutableBufferPointer<Float> {
    decode(tokens: tokens, rows: Array(0..<tokens.count))
  }

  /// Appends one token to each of the given rows, no row twice.
  package func decode(tokens: [Int32], rows: [Int]) -> UnsafeMutableBufferPointer<Float> {
    precondition(
      tokens.count == rows.count && !tokens.isEmpty && tokens.count <= maximumRows,
      "decode needs one token for each row")
    for (place, row) in rows.enumerated() {
      precondition(lengths[row] < maximumLength, "the cache is too short")
      rowsOfTokens[place] = row
    }
    run(tokens[...], wantingLogits: tokens.count)
    return UnsafeMutableBufferPointer(
      start: results, count: tokens.count * model.configuration.vocabularySize)
  }

  // MARK: The forward pass

  private var cacheStride: Int {
    model.configuration.keyValueHeads * model.configuration.headSize
  }

  private func cacheOffset(layer: Int, row: Int) -> Int {
    (layer * maximumRows + row) * maximumLength * cacheStride
  }

  /// Runs tokens through the model; logits of the last `wantingLogits` of them.
  private func run(_ tokens: ArraySlice<Int32>, wantingLogits: Int) {
    let c = model.configuration
    let count = tokens.count
    for (place, token) in tokens.enumerated() {
      precondition(
        token >= 0 && Int(token) < c.vocabularySize, "token id \(token) is outside the vocabulary")
      positions[place] = Int32(lengths[rowsOfTokens[place]])
      lengths[rowsOfTokens[place]] += 1
    }
    tokens.withUnsafeBufferPointer { ids in
      if let base = ids.baseAddress {
        nb_embedding_forward(
          residual, model.embedding.value, base, count, c.width, c.normEpsilon)
        additions?.enter(residual, base, rows: rowsOfTokens, positions: positions, count: count)
      }
    }
    for layer in 0..<c.layers {
      let weights = model.layers[layer]
      additions?.mixWithStart(layer, residual, count: count)
      nb_norm_forward(normed, scales, residual, count, c.width, c.normEpsilon)
      multiply(projected, normed, weights.attention, rows: count)
      nb_rotary_norm_forward(
        projected, scales, c.projectedWidth, cosine, sine, positions, count,
        c.heads + c.keyValueHeads, c.headSize, c.normEpsilon)
      additions?.addValues(layer, projected, normed, count: count)
      cache(layer: layer, count: count)
      attend(layer: layer, count: count)
      multiply(normed, attended, weights.output, rows: count)
      nb_axpy(residual, normed, 1, count * c.width)
      nb_norm_forward(normed, scales, residual, count, c.width, c.normEpsilon)
      multiply(expanded, normed, weights.expand, rows: count)
      nb_relu2_forward(expanded, expanded, count * c.mlpWidth)
      multiply(normed, expanded, weights.contract, rows: count)
      nb_axpy(residual, normed, 1, count * c.width)
      additions?.leave(layer, residual, count: count)
    }
    guard wantingLogits > 0 else { return }
    let first = (count - wantingLogits) * c.width
    nb_norm_forward(normed, scales, residual + first, wantingLogits, c.width, c.normEpsilon)
    multiply(results, normed, model.head, rows: wantingLogits)
    nb_softcap(results, wantingLogits * c.vocabularySize, c.logitSoftcap)
  }

  private func cache(layer: Int, count: Int) {
    let c = model.configuration
    let stride = cacheStride
    for place in 0..<count {
      let row = rowsOfTokens[place]
      let to = cacheOffset(layer: layer, row: row) + Int(positions[place]) * stride
      let key = projected + place * c.projectedWidth + c.width
      (keys.base + to).update(from: key, count: stride)
      (values.base + to).update(from: key + stride, count: stride)
    }
  }

  private func attend(layer: Int, count: Int) {
    let c = model.configuration
    let d = c.headSize
    let group = c.heads / c.keyValueHeads
    let scale = model.attentionScale
    model.pool.parallelWithWorker(chunks: count * c.heads) { task, worker in
      let (place, h) = task.quotientAndRemainder(dividingBy: c.heads)
      let start = cacheOffset(layer: layer, row: rowsOfTokens[place]) + h / group * d
      nb_attention_decode(
        attended + place * c.width + h * d, projected + place * c.projectedWidth + h * d,
        keys.base + start, values.base + start, Int(positions[place]) + 1, d, cacheStride, scale,
        scores + worker * maximumLength)
    }
  }

  /// Outputs whose weights are packed at once: enough that converting the rows for them is cheap.
  private static let packedColumns = 128

  /// y = x Wᵀ with the outputs split over the pool. Few rows read the weight once each four; many
  /// rows pay for packing it, some panels at a time.
  private func multiply(_ y: Floats, _ x: Floats, _ weight: Projection, rows: Int) {
    let panels = nb_panel_count(weight.outputs)
    let parts =
      rows > 16
      ? (weight.outputs + Self.packedColumns - 1) / Self.packedColumns
      : max(1, min(16, min(panels, weight.outputs * weight.inputs / 32_768)))
    let half = halves?[weight]
    model.pool.parallelWithWorker(chunks: parts) { part, worker in
      let first = panels * part / parts * 32
      let last = min(weight.outputs, panels * (part + 1) / parts * 32)
      guard rows > 16 else {
        if let half {
          nb_matvec_bf16(
            y, half, x, first, last, weight.inputs, rows, weight.outputs, weight.inputs)
        } else {
          nb_matvec(
            y, weight.value, x, first, last, weight.inputs, rows, weight.outputs, weight.inputs)
        }
        return
      }
      let panel = packed + worker * packedStride
      let work = panel + packedStride - Int(NB_PRODUCT_WORDS)
      for column in stride(from: first, to: last, by: Self.packedColumns) {
        let columns = min(Self.packedColumns, last - column)
        nb_pack(
          model.engine, panel, weight.value + column * weight.inputs, weight.inputs, columns,
          weight.inputs, 1, 0, nb_panel_count(columns))
        nb_product_rows(
          model.engine, y + column, weight.outputs, x, weight.inputs, panel, rows, columns,
          weight.inputs, 0, work)
      }
    }
  }
}
