package import LanguageModel

/// What a training stage does; the three stages differ in these and in their data.
package struct TrainingOptions: Sendable, Hashable {
  /// Shape of a new model; later stages take their model's.
  package enum Shape: Sendable, Hashable {
    /// The depth dial: width 64 × depth, heads of about 128.
    case depth(Int)
    case explicit(layers: Int, width: Int, heads: Int, keyValueHeads: Int)
  }

  /// How long to train; for conversations a number of passes is usual, for text tokens or work.
  package enum Length: Sendable, Hashable {
    case steps(Int)
    /// Trained tokens for every parameter.
    case tokensPerParameter(Double)
    /// Floating-point operations in all.
    case operations(Double)
    /// Passes over the conversations.
    case epochs(Double)
  }

  /// How conversations become rows in fine-tuning.
  package enum Rows: String, Sendable, Hashable, CaseIterable {
    /// Whole conversations fill rows of the sequence length; far fewer padded tokens.
    case packed
    /// One conversation a row, padded to the longest of its pass.
    case padded
  }

  /// How text becomes rows in pretraining.
  package enum TextRows: String, Sendable, Hashable, CaseIterable {
    /// One document after the other, cut anywhere.
    case stream
    /// Every row begins with a document.
    case bestFit = "best_fit"
  }

  package var shape: Shape = .depth(4)
  /// Of a new model, and where its weights begin.
  package var additions = ModelAdditions()
  package var initialValues = InitialValues.nanochat2025
  /// Nil takes the model's own in later stages, 512 in the first.
  package var sequenceLength: Int?
  /// Rows of one pass.
  package var deviceBatch = 16
  /// Tokens of one optimiser step, padding included; nil for one pass.
  package var tokensPerStep: Int?
  package var length: Length?

  package var matrixRate = 0.02
  package var embeddingRate = 0.2
  package var headRate = 0.004
  /// On all three rates: fine-tuning takes a fraction of pretraining's.
  package var rateFactor = 1.0
  package var weightDecay = 0.0
  package var warmupRatio = 0.0
  package var warmdownRatio = 0.2
  package var finalFraction = 0.0
  /// Momentum rises to its final value in this many steps.
  package var muonWarmupSteps = 300
  package var muon = MuonKind.newtonSchulz
  /// Largest norm of all gradients together; 0 for no limit.
  package var clip = 1.0
  /// A step whose loss is this much above the average is left out; 0 keeps all.
  package var outlierMargin = 0.0
  /// Training stops when the loss is this much above the first one.
  package var explosionMargin = 4.0

  package var seed = 42
  package var precision = Precision.fp32
  package var rows = Rows.packed
  package var textRows = TextRows.stream
  /// Part of the rows that are plain text, in midtraining.
  package var textFraction = 0.0

  /// In steps; 0 evaluates at the end only.
  package var evaluateEvery = 250
  package var evaluationTokens = 20 * 524_288
  /// In steps; 0 samples at the end only.
  package var sampleEvery = 2000
  package var samplePrompts = Self.defaultSamplePrompts
  package var sampleTokens = 16

  /// Checkpoints to continue from, in steps and seconds; 0 for none. They do not change the result.
  package var saveEverySteps = 0
  package var saveEverySeconds = 120.0
  package var keepCheckpoints = 2

  package init() {}

  /// nanochat's prompts for samples during training.
  package static let defaultSamplePrompts = [
    "The capital of France is", "The chemical symbol of gold is",
    "If yesterday was Friday, then tomorrow will be", "The opposite of hot is",
    "The planets of the solar system are:", "My favorite color is", "If 5*x + 3 = 13, then x is",
  ]

  /// What each stage does unless told otherwise.
  package static func defaults(for stage: TrainingStage.Kind) -> TrainingOptions {
    var options = TrainingOptions()
    switch stage {
    case .base: break
    case .mid:
      options.length = .epochs(1)
      options.sampleEvery = 0
    case .sft:
      options.length = .epochs(1)
      options.rateFactor = 0.02
      options.warmdownRatio = 1
      options.sampleEvery = 0
    }
    return options
  }
}
