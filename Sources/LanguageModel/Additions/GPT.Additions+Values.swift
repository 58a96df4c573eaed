internal import Kernels

// Value embeddings: a second table of tokens that goes straight into the values of attention.

extension GPT.Additions {
  /// 3 σ(W x) of one head.
  private func gate(_ weight: Floats, _ head: Int, _ input: UnsafePointer<Float>) -> Float {
    let inputs = configuration.valueGateInputs
    var sum: Float = 0
    for i in 0..<inputs { sum += weight[head * inputs + i] * input[i] }
    return 3 * sigmoid(sum)
  }

  /// Adds the gated embeddings to the value part of `projected`; `input` is attention's normed
  /// input, rows × width.
  func addValues(
    _ layer: Int, _ projected: Floats, _ input: UnsafePointer<Float>, _ ids: UnsafePointer<Int32>,
    rows: Int
  ) {
    guard let table = valueTables[layer], let weight = valueGates[layer] else { return }
    let c = configuration
    let d = c.headSize
    for row in 0..<rows {
      let entry = table.value + Int(ids[row]) * c.valueWidth
      let values = projected + (row + 1) * c.projectedWidth - c.valueWidth
      for head in 0..<c.keyValueHeads {
        let factor = gate(weight.value, head, input + row * c.width)
        let v = values + head * d, e = entry + head * d
        for i in 0..<d { v[i] += factor * e[i] }
      }
    }
  }

  /// The gates of some rows and the gradients before their sigmoid, from those of the values.
  fileprivate func backwardGates(
    _ layer: Int, _ gradient: Floats, _ input: UnsafePointer<Float>, _ ids: UnsafePointer<Int32>,
    _ range: Range<Int>
  ) {
    guard let table = valueTables[layer], let weight = valueGates[layer] else { return }
    let c = configuration
    for row in range {
      let entry = table.value + Int(ids[row]) * c.valueWidth
      let values = gradient + (row + 1) * c.projectedWidth - c.valueWidth
      for head in 0..<c.keyValueHeads {
        let place = row * c.keyValueHeads + head
        let factor = gate(weight.value, head, input + row * c.width)
        let reached = dotProduct(
          values + head * c.headSize, entry + head * c.headSize, c.headSize)
        gates[place] = factor
        // 3 σ (1 − σ) with factor = 3 σ.
        gateGradient[place] = Float(reached) * factor * (1 - factor / 3)
      }
    }
  }

  /// Adds to the table's rows of some ids.
  fileprivate func addTableGradient(
    _ table: Weight, _ gradient: Floats, _ rows: GPT.Rows, ids: Range<Int>
  ) {
    let c = configuration
    for row in 0..<rows.count where ids.contains(Int(rows.tokens[row])) {
      let entry = table.gradient + Int(rows.tokens[row]) * c.valueWidth
      let values = gradient + (row + 1) * c.projectedWidth - c.valueWidth
      for head in 0..<c.keyValueHeads {
        let factor = gates[row * c.keyValueHeads + head]
        let e = entry + head * c.headSize, v = values + head * c.headSize
        for i in 0..<c.headSize { e[i] += factor * v[i] }
      }
    }
  }

  /// Adds to one head's row of the gate's weight.
  fileprivate func addGateGradient(
    _ weight: Weight, _ head: Int, _ input: UnsafePointer<Float>, rows: Int
  ) {
    let c = configuration
    let out = weight.gradient + head * c.valueGateInputs
    for row in 0..<rows {
      let factor = gateGradient[row * c.keyValueHeads + head]
      for i in 0..<c.valueGateInputs { out[i] += factor * input[row * c.width + i] }
    }
  }

  /// Adds what reaches attention's input through the gates; `gradient` begins at the range.
  func addGateInputGradient(_ layer: Int, _ gradient: Floats, _ range: Range<Int>) {
    guard let weight = valueGates[layer] else { return }
    let c = configuration
    for (place, row) in range.enumerated() {
      for head in 0..<c.keyValueHeads {
        let factor = gateGradient[row * c.keyValueHeads + head]
        let w = weight.value + head * c.valueGateInputs
        for i in 0..<c.valueGateInputs { gradient[place * c.width + i] += factor * w[i] }
      }
    }
  }
}

extension GPT {
  /// From the gradients of a layer's values to those of its table and gates.
  func backwardValues(_ layer: Int, _ rows: Rows) {
    guard let additions, let table = additions.valueTables[layer],
      let weight = additions.valueGates[layer]
    else { return }
    let gradient = workspace.gradientProjected
    let input = workspace.layers[layer].attentionInput
    pool.parallel(chunks: rows.chunks) { chunk in
      additions.backwardGates(layer, gradient, input, rows.tokens, rows.range(chunk))
    }
    // Each task owns a range of the vocabulary or a head, so nothing is added to twice at once.
    let vocabulary = configuration.vocabularySize
    let parts = min(32, vocabulary)
    pool.parallel(chunks: parts + configuration.keyValueHeads) { task in
      if task < parts {
        additions.addTableGradient(
          table, gradient, rows,
          ids: vocabulary * task / parts..<vocabulary * (task + 1) / parts)
      } else {
        additions.addGateGradient(weight, task - parts, input, rows: rows.count)
      }
    }
  }
}
