/// Learning rates and constants of both optimisers, nanochat's by default.
package struct OptimizerSettings: Sendable, Hashable {
  /// AdamW on the embedding, scaled by (width / 768)^−½.
  package var embeddingRate: Float = 0.2
  /// AdamW on the head, scaled alike.
  package var headRate: Float = 0.004
  /// Muon on all layer matrices.
  package var matrixRate: Float = 0.02
  /// AdamW's decoupled decay, times the rate.
  package var weightDecay: Float = 0
  package var beta1: Float = 0.8
  package var beta2: Float = 0.95
  package var epsilon: Float = 1e-10
  /// Muon's momentum rises linearly from the first to the second over the warm-up.
  package var momentumStart: Float = 0.85
  package var momentumEnd: Float = 0.95
  package var momentumWarmupSteps: Int = 300
  package var muon = MuonKind.newtonSchulz
  /// AdamW on value embeddings, as a share of the embedding's rate.
  package var valueEmbeddingShare: Float = 0.5
  /// AdamW on the scalars before each layer: of x₀ at this rate, of x at a hundredth of it. x₀'s
  /// gradient is averaged over more steps.
  package var scalarRate: Float = 0.5
  package var startScalarBeta1: Float = 0.96
  /// AdamW on smear and backout.
  package var gateRate: Float = 0.2

  package init() {}

  /// AdamW's base rate for a parameter of a model this wide, and its first beta.
  func adamW(_ role: Parameter.Role, width: Int) -> (rate: Float, beta1: Float) {
    let byWidth = 1 / (Float(width) / 768).squareRoot()
    switch role {
    case .embedding: return (embeddingRate * byWidth, beta1)
    case .head, .matrix: return (headRate * byWidth, beta1)
    case .valueEmbedding: return (embeddingRate * valueEmbeddingShare * byWidth, beta1)
    case .residualScalars: return (scalarRate / 100, beta1)
    case .startScalars: return (scalarRate, startScalarBeta1)
    case .gate: return (gateRate, beta1)
    }
  }

  /// Muon's momentum at a step counted from 0.
  package func momentum(step: Int) -> Float {
    guard momentumWarmupSteps > 0 else { return momentumEnd }
    let part = min(1, Float(step) / Float(momentumWarmupSteps))
    return momentumStart + (momentumEnd - momentumStart) * part
  }
}
