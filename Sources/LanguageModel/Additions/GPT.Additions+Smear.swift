internal import Kernels

// Smear: each token takes some of the one before it along.

extension GPT.Additions {
  /// σ(w · e) of a normed embedding.
  func smearGate(_ embedding: UnsafePointer<Float>) -> Float {
    guard let smearGate else { return 0 }
    var sum: Float = 0
    for i in 0..<smearGate.count { sum += smearGate.value[i] * embedding[i] }
    return sigmoid(sum)
  }

  /// x += λ σ(w · e) · previous; e is the row's own normed embedding.
  func smear(
    _ x: Floats, own: UnsafePointer<Float>, previous: UnsafePointer<Float>
  ) {
    guard let smearScale else { return }
    let factor = smearScale.value[0] * smearGate(own)
    for i in 0..<configuration.width { x[i] += factor * previous[i] }
  }

  /// The gradient of the normed embeddings of some rows into `out`, from that of the smeared ones,
  /// and the chunk's part of λ's and w's.
  fileprivate func backward(
    _ out: Floats, _ gradient: Floats, _ positions: UnsafePointer<Int32>, _ range: Range<Int>,
    rowCount: Int, _ chunk: Int
  ) {
    guard let smearGate, let smearScale else { return }
    let width = configuration.width
    let scale = smearScale.value[0]
    let sums = partials + chunk * partialWidth
    sums.update(repeating: 0, count: partialWidth)
    for row in range {
      let own = embedded + row * width, g = gradient + row * width, target = out + row * width
      target.update(from: g, count: width)
      if positions[row] > 0 {
        let open = self.smearGate(own)
        let reached = Float(dotProduct(g, own - width, width))
        sums[0] += Double(open * reached)
        let before = scale * open * (1 - open) * reached
        for i in 0..<smearGate.count {
          sums[1 + i] += Double(before * own[i])
          target[i] += before * smearGate.value[i]
        }
      }
      if row + 1 < rowCount, positions[row + 1] > 0 {
        let factor = scale * self.smearGate(own + width)
        for i in 0..<width { target[i] += factor * g[width + i] }
      }
    }
  }
}

extension GPT {
  /// What lies between the embeddings and layer 0, when there are additions.
  func enterFirstLayer(_ rows: Rows) {
    guard let additions else { return }
    let w = workspace
    let width = configuration.width
    if additions.smearScale != nil {
      pool.parallel(chunks: rows.chunks) { chunk in
        let range = rows.range(chunk)
        let first = range.lowerBound * width
        (additions.embedded + first).update(from: w.residual + first, count: range.count * width)
      }
    }
    pool.parallelWithWorker(chunks: rows.chunks) { chunk, worker in
      let range = rows.range(chunk)
      if additions.smearScale != nil {
        for row in range where w.positions[row] > 0 {
          let own = additions.embedded + row * width
          additions.smear(w.residual + row * width, own: own, previous: own - width)
        }
      }
      enterAttention(0, range, worker, rows)
    }
  }

  /// Leaves the gradient of the normed embeddings in `gradientIn`.
  func backwardSmear(_ rows: Rows) {
    guard let additions, let gate = additions.smearGate, let scale = additions.smearScale else {
      return
    }
    let w = workspace
    let width = configuration.width
    pool.parallel(chunks: rows.chunks) { chunk in
      additions.backward(
        w.gradientMiddle, w.gradientIn, w.positions, rows.range(chunk), rowCount: rows.count, chunk)
    }
    pool.parallel(chunks: rows.chunks) { chunk in
      let range = rows.range(chunk)
      let first = range.lowerBound * width
      (w.gradientIn + first).update(from: w.gradientMiddle + first, count: range.count * width)
    }
    scale.gradient[0] += additions.sum(chunks: rows.chunks, at: 0)
    for i in 0..<gate.count { gate.gradient[i] += additions.sum(chunks: rows.chunks, at: 1 + i) }
  }
}
