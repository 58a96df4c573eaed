internal import Kernels

// The residual stream: scalars before each layer, and the middle layer taken out at the end.

extension GPT.Additions {
  private var width: Int { configuration.width }

  /// x = r x + s x₀ in place; the input of layer 0 becomes x₀.
  func mixWithStart(_ layer: Int, _ residual: Floats, _ range: Range<Int>) {
    guard let residualScalars, let startScalars else { return }
    let first = range.lowerBound * width, count = range.count * width
    let x = residual + first, origin = start + first
    if layer == 0 {
      origin.update(from: x, count: count)
    } else if keepsInputs {
      (mixInputs[layer - 1] + first).update(from: x, count: count)
    }
    let r = residualScalars.value[layer], s = startScalars.value[layer]
    for i in 0..<count { x[i] = r * x[i] + s * origin[i] }
  }

  /// From the gradient of the mixed input to that of the layer below, which is that of x₀ as well
  /// below layer 0; leaves the chunk's part of the scalars' gradients.
  func unmixStart(_ layer: Int, _ gradient: Floats, _ range: Range<Int>, _ chunk: Int) {
    guard let residualScalars, let startScalars else { return }
    let first = range.lowerBound * width, count = range.count * width
    let g = gradient + first, origin = startGradient + first
    let input = layer == 0 ? start : mixInputs[layer - 1]
    partials[chunk * partialWidth] = dotProduct(g, input + first, count)
    partials[chunk * partialWidth + 1] = dotProduct(g, start + first, count)
    let r = residualScalars.value[layer], s = startScalars.value[layer]
    if layer == configuration.layers - 1 { origin.update(repeating: 0, count: count) }
    if layer == 0 {
      for i in 0..<count { g[i] = r * g[i] + (origin[i] + s * g[i]) }
    } else {
      for i in 0..<count {
        origin[i] += s * g[i]
        g[i] *= r
      }
    }
  }

  func addScalarGradients(_ layer: Int, chunks: Int) {
    guard let residualScalars, let startScalars else { return }
    residualScalars.gradient[layer] += sum(chunks: chunks, at: 0)
    startScalars.gradient[layer] += sum(chunks: chunks, at: 1)
  }

  // MARK: Backout

  func keepMiddle(_ layer: Int, _ residual: Floats, _ range: Range<Int>) {
    guard backoutScale != nil, layer == configuration.middleLayer else { return }
    let first = range.lowerBound * width
    (middle + first).update(from: residual + first, count: range.count * width)
  }

  func backOut(_ residual: Floats, _ range: Range<Int>) {
    guard let backoutScale else { return }
    let first = range.lowerBound * width
    let x = residual + first, kept = middle + first, scale = backoutScale.value[0]
    for i in 0..<range.count * width { x[i] -= scale * kept[i] }
  }

  /// Adds what reaches the middle layer's output through the end of the stream.
  func returnToMiddle(_ layer: Int, _ gradient: Floats, _ rows: GPT.Rows, _ pool: ThreadPool) {
    guard let backoutScale, layer == configuration.middleLayer else { return }
    let scale = backoutScale.value[0]
    pool.parallel(chunks: rows.chunks) { chunk in
      let range = rows.range(chunk)
      let first = range.lowerBound * width
      let g = gradient + first, end = finalGradient + first
      for i in 0..<range.count * width { g[i] -= scale * end[i] }
    }
  }
}

extension GPT {
  /// Keeps the gradient of the sum before the final norm, and adds that of backout's scale.
  func backwardBackout(_ rows: Rows) {
    guard let additions, let scale = additions.backoutScale else { return }
    let width = configuration.width
    pool.parallel(chunks: rows.chunks) { chunk in
      let range = rows.range(chunk)
      let first = range.lowerBound * width, count = range.count * width
      let gradient = workspace.gradientIn + first
      (additions.finalGradient + first).update(from: gradient, count: count)
      additions.partials[chunk * additions.partialWidth] = dotProduct(
        gradient, additions.middle + first, count)
    }
    scale.gradient[0] -= additions.sum(chunks: rows.chunks, at: 0)
  }
}
