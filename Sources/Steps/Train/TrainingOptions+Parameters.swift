import BuildEngine
import JSON
import LanguageModel
import Training

extension TrainingOptions {
  /// The options that a step's parameters describe.
  ///
  /// Throws `StepFailure` for combinations no schema can forbid, such as `width` without `layers`.
  init(parameters: ParameterReader, stage: TrainingStage.Kind) throws(StepFailure) {
    self = .defaults(for: stage)
    if stage == .base {
      shape = try Self.shape(parameters)
      for (name, path) in ModelAdditions.fields {
        additions[keyPath: path] = try parameters.bool(name)
      }
      if let values = InitialValues(rawValue: try parameters.string("initial_values")) {
        initialValues = values
      }
    }
    try readLength(parameters, stage: stage)
    sequenceLength = try parameters.optionalInt("sequence_length")
    deviceBatch = try parameters.int("batch_rows")
    tokensPerStep = try parameters.optionalInt("tokens_per_step")
    seed = try parameters.int("seed")
    if let name = try parameters.optionalString("precision"), let value = Precision(rawValue: name)
    {
      precision = value
    }
    rateFactor = try parameters.double("rate_factor")
    embeddingRate = try parameters.double("embedding_rate")
    headRate = try parameters.double("head_rate")
    matrixRate = try parameters.double("matrix_rate")
    weightDecay = try parameters.double("weight_decay")
    warmupRatio = try parameters.double("warmup_ratio")
    warmdownRatio = try parameters.double("warmdown_ratio")
    finalFraction = try parameters.double("final_rate_fraction")
    muonWarmupSteps = try parameters.int("muon_warmup_steps")
    if let kind = MuonKind(rawValue: try parameters.string("muon")) { muon = kind }
    clip = try parameters.double("clip")
    outlierMargin = try parameters.double("outlier_margin")
    explosionMargin = try parameters.double("explosion_margin")
    evaluateEvery = try parameters.int("evaluate_every")
    evaluationTokens = try parameters.int("evaluation_tokens")
    sampleEvery = try parameters.int("sample_every")
    sampleTokens = try parameters.int("sample_tokens")
    let prompts = try parameters.array("sample_prompts").compactMap(\.stringValue)
    if !prompts.isEmpty { samplePrompts = prompts }
    saveEverySteps = try parameters.int("save_every")
    saveEverySeconds = try parameters.double("save_interval")
    keepCheckpoints = try parameters.int("keep_checkpoints")
    if stage == .base, try parameters.optionalString("text_rows") == "best_fit" {
      textRows = .bestFit
    }
    if stage == .mid { textFraction = try parameters.double("text_fraction") }
    if stage == .sft, let name = try parameters.optionalString("rows"),
      let value = Rows(rawValue: name)
    {
      rows = value
    }
  }

  private static func shape(_ parameters: ParameterReader) throws(StepFailure) -> Shape {
    let depth = try parameters.optionalInt("depth")
    guard let layers = try parameters.optionalInt("layers") else {
      for name in ["width", "heads", "key_value_heads"]
      where try parameters.optionalInt(name) != nil {
        throw StepFailure(
          "`\(name)` is given without `layers`",
          help: "give `depth`, or `layers`, `width` and `heads` together")
      }
      return .depth(depth ?? 4)
    }
    guard let width = try parameters.optionalInt("width"),
      let heads = try parameters.optionalInt("heads")
    else {
      throw StepFailure("`layers` needs `width` and `heads` beside it")
    }
    return .explicit(
      layers: layers, width: width, heads: heads,
      keyValueHeads: try parameters.optionalInt("key_value_heads") ?? heads)
  }

  private mutating func readLength(
    _ parameters: ParameterReader, stage: TrainingStage.Kind
  ) throws(StepFailure) {
    // An exact number wins, so that `--set pretrain.steps=10` shortens a run planned otherwise; where
    // that is not what was meant, `TrainingDeclaration` finds a fault.
    if let steps = try parameters.optionalInt("steps") {
      length = .steps(steps)
    } else if let operations = try parameters.optionalDouble("operations") {
      length = .operations(operations)
    } else if let ratio = try parameters.optionalDouble("tokens_per_parameter") {
      length = .tokensPerParameter(ratio)
    } else if let epochs = try parameters.optionalDouble("epochs") {
      length = .epochs(epochs)
    } else if stage == .base {
      length = .tokensPerParameter(20)
    }
  }
}
