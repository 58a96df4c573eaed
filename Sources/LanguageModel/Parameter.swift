package import Kernels

/// One weight matrix of the model, with its gradient.
///
/// The optimiser, the checkpoint, counting and initialisation all go by the one list
/// `GPT.parameters`.
package struct Parameter: Sendable {
  package enum Role: Sendable, Hashable {
    case embedding, head, matrix
    /// Of `ModelAdditions`: tables by token, scalars of the residual stream, and the smear and
    /// backout numbers.
    case valueEmbedding, residualScalars, startScalars, gate
  }

  /// The name in Hugging Face's NanoChat model, such as `model.layers.0.self_attn.q_proj.weight`.
  package let name: String
  package let role: Role
  /// Outputs (vocabulary entries for embedding and head).
  package let rows: Int
  /// Inputs.
  package let columns: Int
  package let value: Tensor
  /// Empty in a model made for inference only.
  package let gradient: Tensor

  package var count: Int { rows * columns }
}

/// Name, role and shape of a parameter before there is memory for it.
package typealias ParameterShape = (name: String, role: Parameter.Role, rows: Int, columns: Int)

extension GPTConfiguration {
  /// Names, roles and shapes of all parameters in the order in which they lie in memory. Query, key
  /// and value of a layer are neighbours, so that one product serves the three.
  package var parameterShapes: [ParameterShape] {
    var shapes: [ParameterShape] = [
      ("model.embed_tokens.weight", .embedding, vocabularySize, width)
    ]
    let keys = keyValueHeads * headSize
    for layer in 0..<layers {
      let prefix = "model.layers.\(layer)."
      shapes += [
        (prefix + "self_attn.q_proj.weight", .matrix, width, width),
        (prefix + "self_attn.k_proj.weight", .matrix, keys, width),
        (prefix + "self_attn.v_proj.weight", .matrix, keys, width),
        (prefix + "self_attn.o_proj.weight", .matrix, width, width),
        (prefix + "mlp.fc1.weight", .matrix, mlpWidth, width),
        (prefix + "mlp.fc2.weight", .matrix, width, mlpWidth),
      ]
    }
    return shapes + [("lm_head.weight", .head, vocabularySize, width)] + additionShapes
  }
}
