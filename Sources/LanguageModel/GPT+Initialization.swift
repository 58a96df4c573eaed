internal import Kernels

/// nanochat's initial values, by the year.
package enum InitialValues: String, Sendable, Hashable, CaseIterable {
  /// Embedding N(0, 1); query, key, value and MLP-in N(0, min(1, √(out/in)) / √in); attention-out,
  /// MLP-out and head zero, so that the first loss is the logarithm of the vocabulary size.
  case nanochat2025 = "nanochat_2025"
  /// Embedding N(0, 0.8); query, key and value uniform in ±√(3/in), MLP-in in 0.4 of that; head
  /// N(0, 0.001).
  case nanochat2026 = "nanochat_2026"
}

extension GPT {
  /// Overwrites every weight.
  package func initialize(seed: UInt64, values: InitialValues = .nanochat2025) {
    pool.parallel(chunks: parameters.count) { index in
      let parameter = parameters[index]
      let numbers = parameter.value.buffer
      // One stream a parameter: a model with more layers starts with the same first ones.
      var random = RandomSource(seed: seed, stream: UInt64(index))
      switch start(of: parameter, values) {
      case .normal(let deviation):
        for i in numbers.indices { numbers[i] = Float(random.normal() * deviation) }
      case .uniform(let range):
        let width = range.upperBound - range.lowerBound
        for i in numbers.indices { numbers[i] = Float(range.lowerBound + random.uniform() * width) }
      case .line(let first, let last):
        // Over the layers.
        let steps = Double(max(1, numbers.count - 1))
        for i in numbers.indices { numbers[i] = Float(first + (last - first) * Double(i) / steps) }
      }
    }
  }

  private enum Start {
    case normal(deviation: Double)
    case uniform(ClosedRange<Double>)
    case line(from: Double, to: Double)
    static let zero = line(from: 0, to: 0)
  }

  private func start(of parameter: Parameter, _ values: InitialValues) -> Start {
    switch parameter.role {
    case .embedding: .normal(deviation: values == .nanochat2025 ? 1 : 0.8)
    case .head: values == .nanochat2025 ? .zero : .normal(deviation: 0.001)
    case .matrix: start(ofMatrix: parameter, values)
    case .valueEmbedding:
      // Like the value projection, which makes as many outputs of the model's width.
      projectionStart(values, outputs: parameter.columns, inputs: configuration.width)
    case .residualScalars: .line(from: 1.15, to: 1.05)
    case .startScalars: .line(from: 0.20, to: 0.05)
    case .gate:
      switch parameter.name {
      case "model.smear_gate.weight": .uniform(0...0.02)
      case "model.backout_scale": .line(from: 0.2, to: 0.2)
      default: .zero
      }
    }
  }

  private func start(ofMatrix parameter: Parameter, _ values: InitialValues) -> Start {
    let name = parameter.name
    if name.hasSuffix("o_proj.weight") || name.hasSuffix("fc2.weight") { return .zero }
    if name.hasSuffix("value_gate.weight") { return .uniform(0...0.02) }
    let factor = values == .nanochat2026 && name.hasSuffix("fc1.weight") ? 0.4 : 1
    return projectionStart(
      values, outputs: parameter.rows, inputs: parameter.columns, factor: factor)
  }

  private func projectionStart(
    _ values: InitialValues, outputs: Int, inputs: Int, factor: Double = 1
  ) -> Start {
    let out = Double(outputs), fanIn = Double(inputs)
    switch values {
    case .nanochat2025:
      return .normal(deviation: min(1, (out / fanIn).squareRoot()) / fanIn.squareRoot())
    case .nanochat2026:
      let bound = factor * (3 / fanIn).squareRoot()
      return .uniform(-bound...bound)
    }
  }
}
