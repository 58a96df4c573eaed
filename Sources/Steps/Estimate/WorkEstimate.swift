/// What making the stale part of one asset is expected to take.
package struct WorkEstimate: Sendable, Hashable {
  /// What the time rests on.
  package enum Basis: Sendable, Hashable {
    /// Past runs of the same asset, this many of them.
    case history(Int)
    /// The amount of work and the measured speed of this machine.
    case computed
    /// An assumed rate.
    case assumed
    case unknown
  }

  package var asset: String
  package var basis = Basis.unknown
  package var seconds: Double?
  /// The same on eight cores as fast as this machine's.
  package var secondsOnEightCores: Double?
  /// Bytes, at the peak.
  package var memory: Int?
  /// Bytes of the results.
  package var disk: Int?
  /// Bytes from the network.
  package var download: Int?
  package var training: Training?
  /// What its user should know before starting.
  package var warnings: [String] = []

  package init(asset: String) { self.asset = asset }

  /// The numbers of a training run.
  package struct Training: Sendable, Hashable {
    package var layers: Int
    package var width: Int
    package var vocabularySize: Int
    package var parameters: Int
    package var matrixParameters: Int
    package var steps: Int
    /// Trained, counting repeats.
    package var tokens: Double
    /// Floating-point operations, the optimiser's included.
    package var operations: Double
    /// Tokens of the data that is trained on, where that is known.
    package var dataTokens: Double?

    /// How often each token of the data is seen.
    package var passes: Double? { dataTokens.flatMap { $0 > 0 ? tokens / $0 : nil } }
  }
}
