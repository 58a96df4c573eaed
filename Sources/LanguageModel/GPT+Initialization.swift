internal import Kernels

extension GPT {
  /// nanochat's initial values: embedding N(0, 1); query, key, value and MLP-in
  /// N(0, min(1, √(out/in)) / √in); attention-out, MLP-out and head zero, so that the first loss is
  /// the logarithm of the vocabulary size.
  package func initialize(seed: UInt64) {
    pool.parallel(chunks: parameters.count) { index in
      let parameter = parameters[index]
      let deviation = initialDeviation(parameter)
      guard deviation > 0 else {
        parameter.value.pointer.update(repeating: 0, count: parameter.count)
        return
      }
      // One stream a parameter: a model with more layers starts with the same first ones.
      var random = RandomSource(seed: seed, stream: UInt64(index))
      for i in 0..<parameter.count {
        parameter.value.pointer[i] = Float(random.normal() * deviation)
      }
    }
  }

  private func initialDeviation(_ parameter: Parameter) -> Double {
    switch parameter.role {
    case .embedding: return 1
    case .head: return 0
    case .matrix:
      if parameter.name.hasSuffix("o_proj.weight") || parameter.name.hasSuffix("fc2.weight") {
        return 0
      }
      let out = Double(parameter.rows), fanIn = Double(parameter.columns)
      return min(1, (out / fanIn).squareRoot()) / fanIn.squareRoot()
    }
  }
}
