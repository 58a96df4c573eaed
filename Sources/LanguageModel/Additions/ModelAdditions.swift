/// What nanochat added to its transformer between October 2025 and July 2026, each by itself.
///
/// A model with any of them computes something that transformers' `NanoChatForCausalLM` does not
/// know, so its folder says that it is another kind.
package struct ModelAdditions: Sendable, Hashable {
  /// On every second layer, the last one among them: v += 3 σ(W x₀…₁₁) · table[id], a gate a
  /// key-value head.
  package var valueEmbeddings = false
  /// x_t += λ σ(w · x_t,₀…₂₃) x_{t−1} on the normed embeddings.
  package var smear = false
  /// Before layer i: x = r_i x + s_i x₀, where x₀ is the input of layer 0.
  package var residualScalars = false
  /// Before the final norm: x −= b · (output of the middle layer).
  package var backout = false
  /// Queries and keys are 1.2 times as long after their norm.
  package var sharpAttention = false

  package init() {}

  package var isEmpty: Bool { names.isEmpty }

  /// Names of those in use, as in parameters and `config.json`.
  package var names: [String] { Self.fields.filter { self[keyPath: $0.path] }.map(\.name) }

  package static var fields: [(name: String, path: WritableKeyPath<ModelAdditions, Bool>)] {
    [
      ("value_embeddings", \.valueEmbeddings), ("smear", \.smear),
      ("residual_scalars", \.residualScalars), ("backout", \.backout),
      ("sharp_attention", \.sharpAttention),
    ]
  }

  /// Entries of a row that gates look at.
  static let valueGateInputs = 12
  static let smearGateInputs = 24
  /// What attention's scale is multiplied by when it is sharp: 1.2 for queries and 1.2 for keys.
  static let sharpness: Float = 1.44
}

extension GPTConfiguration {
  var valueGateInputs: Int { min(ModelAdditions.valueGateInputs, width) }
  var smearGateInputs: Int { min(ModelAdditions.smearGateInputs, width) }
  /// Outputs of the value projection.
  var valueWidth: Int { keyValueHeads * headSize }
  /// The layer whose output `backout` takes out again.
  var middleLayer: Int { layers / 2 }

  func hasValueEmbedding(layer: Int) -> Bool {
    additions.valueEmbeddings && (layers - 1 - layer).isMultiple(of: 2)
  }

  /// Parameters of the additions; they follow all others in memory.
  var additionShapes: [ParameterShape] {
    var shapes: [ParameterShape] = []
    for layer in 0..<layers where hasValueEmbedding(layer: layer) {
      let prefix = "model.layers.\(layer).self_attn."
      shapes.append((prefix + "value_embed.weight", .valueEmbedding, vocabularySize, valueWidth))
      shapes.append((prefix + "value_gate.weight", .matrix, keyValueHeads, valueGateInputs))
    }
    if additions.residualScalars {
      shapes.append(("model.residual_scalars", .residualScalars, 1, layers))
      shapes.append(("model.start_scalars", .startScalars, 1, layers))
    }
    if additions.smear {
      shapes.append(("model.smear_gate.weight", .gate, 1, smearGateInputs))
      shapes.append(("model.smear_scale", .gate, 1, 1))
    }
    if additions.backout { shapes.append(("model.backout_scale", .gate, 1, 1)) }
    return shapes
  }
}
