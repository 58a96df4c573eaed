import Corpus
package import LanguageModel
import Tokenization

/// All numbers of a run, known before its first step.
package struct TrainingPlan: Sendable {
  package let kind: TrainingStage.Kind
  package let options: TrainingOptions
  package let configuration: GPTConfiguration
  package let sequenceLength: Int
  package let accumulation: Int
  package let steps: Int
  package let schedule: LearningRateSchedule

  package var tokensPerStep: Int { options.deviceBatch * sequenceLength * accumulation }
  /// Floating-point operations of the whole run.
  package var operations: Double { Double(tokensPerStep) * Double(steps) * flopsPerToken }
  package var flopsPerToken: Double { configuration.flopsPerToken(sequence: sequenceLength) }

  /// The shape of a new model under `options`.
  package static func configuration(
    _ options: TrainingOptions, vocabularySize: Int
  ) throws(TrainingError) -> GPTConfiguration {
    let sequence = options.sequenceLength ?? 512
    do throws(LanguageModelError) {
      var configuration: GPTConfiguration
      switch options.shape {
      case .depth(let depth):
        configuration = try .depth(
          depth, vocabularySize: vocabularySize, sequenceLength: sequence)
      case .explicit(let layers, let width, let heads, let keyValueHeads):
        guard width > 0, width <= 1 << 20 else {
          throw LanguageModelError.invalidShape(
            field: "width", value: width, requirement: "it must be in 2...65536")
        }
        configuration = GPTConfiguration(
          vocabularySize: vocabularySize, layers: layers, width: width, heads: heads,
          keyValueHeads: keyValueHeads, sequenceLength: sequence)
      }
      configuration.additions = options.additions
      try configuration.validate()
      return configuration
    } catch {
      throw .model(error)
    }
  }

  /// Steps for a given amount of work; nil when only the data can tell (`epochs`).
  package static func steps(
    _ length: TrainingOptions.Length, configuration: GPTConfiguration, sequenceLength: Int,
    tokensPerStep: Int
  ) throws(TrainingError) -> Int? {
    let wanted: Double
    let what: String
    switch length {
    case .steps(let steps): return steps
    case .epochs: return nil
    case .tokensPerParameter(let ratio):
      wanted = ratio * Double(configuration.parameterCount) / Double(tokensPerStep)
      what = "\(ratio) tokens for each of \(configuration.parameterCount) parameters"
    case .operations(let operations):
      wanted =
        operations / configuration.flopsPerToken(sequence: sequenceLength) / Double(tokensPerStep)
      what = "\(operations) operations"
    }
    guard wanted >= 1 else {
      throw .noSteps(explanation: "\(what) are less than one step of \(tokensPerStep) tokens")
    }
    guard wanted < 1e12 else { throw .badOption(name: "steps", problem: "would be \(wanted)") }
    return Int(wanted)
  }

  static func make(
    _ kind: TrainingStage.Kind, _ options: TrainingOptions, _ data: TrainingData
  ) throws(TrainingError) -> TrainingPlan {
    var configuration: GPTConfiguration
    if let model = data.startingModel {
      configuration = model.configuration
      if let sequence = options.sequenceLength { configuration.sequenceLength = sequence }
      do throws(LanguageModelError) { try configuration.validate() } catch { throw .model(error) }
    } else {
      configuration = try Self.configuration(
        options, vocabularySize: data.tokenizer.vocabularySize)
    }
    guard options.precision.isSupported else {
      throw .badOption(
        name: "precision", problem: "is bf16, but this processor has no AVX512_BF16 instructions")
    }
    let sequence = configuration.sequenceLength
    try MemoryNeed.checkSize(configuration, rows: options.deviceBatch, sequence: sequence)
    let accumulation = try options.accumulation(sequenceLength: sequence)
    let tokensPerStep = options.deviceBatch * sequence * accumulation
    let length = options.length ?? (kind == .base ? .tokensPerParameter(20) : .epochs(1))
    var steps = try Self.steps(
      length, configuration: configuration, sequenceLength: sequence,
      tokensPerStep: tokensPerStep)
    if case .epochs(let epochs) = length {
      steps = try stepsOfEpochs(
        epochs, kind, options, data, sequence: sequence, accumulation: accumulation)
    }
    guard let steps else { throw .noSteps(explanation: "no length was given") }
    return TrainingPlan(
      kind: kind, options: options, configuration: configuration, sequenceLength: sequence,
      accumulation: accumulation, steps: steps,
      schedule: LearningRateSchedule(
        steps: steps, warmupRatio: options.warmupRatio, warmdownRatio: options.warmdownRatio,
        finalFraction: options.finalFraction))
  }

  private static func stepsOfEpochs(
    _ epochs: Double, _ kind: TrainingStage.Kind, _ options: TrainingOptions,
    _ data: TrainingData, sequence: Int, accumulation: Int
  ) throws(TrainingError) -> Int {
    let rowsPerStep = options.deviceBatch * accumulation
    let rows: Double
    switch kind {
    case .base:
      rows = epochs * Double(data.text?.count ?? 0) / Double(sequence)
    case .mid:
      let text = options.textFraction < 1 ? options.textFraction : 0
      rows =
        epochs * Double(data.conversations?.tokenCount ?? 0) / Double(sequence) / (1 - text)
    case .sft:
      guard let conversations = data.conversations else { return 1 }
      guard epochs * Double(conversations.count) < 1e9 else {
        throw .badOption(name: "epochs", problem: "is too large")
      }
      switch options.rows {
      case .padded: rows = epochs * Double(conversations.count)
      case .packed:
        rows = Double(
          PackedConversations(conversations, padding: 0, seed: options.seed)
            .rowCount(epochs: epochs, length: sequence))
      }
    }
    let steps = rows / Double(rowsPerStep)
    guard steps < 1e12 else { throw .badOption(name: "epochs", problem: "is too large") }
    return max(1, Int(kind == .sft ? steps.rounded(.up) : steps))
  }
}

// MARK: Validation

extension TrainingPlan {
  /// Throws when a validation would count no token. With `evaluate_every` 0 the only one comes after the
  /// last step, which is late to learn that.
  func checkValidation(_ data: TrainingData) throws(TrainingError) {
    for (_, set) in data.validation {
      let measuresAnything = try LossEvaluation.measuresAnything(
        of: set, sequence: sequenceLength, tokenLimit: options.evaluationTokens)
      guard measuresAnything else {
        throw .badData(
          input: "validation",
          problem: "the first \(options.evaluationTokens) tokens (`evaluation_tokens`) hold "
            + "nothing to measure the loss on")
      }
    }
  }
}

// MARK: Printing and memory

extension TrainingPlan {
  /// Lines for the log.
  package var description: [String] {
    let c = configuration
    let tokens = Double(tokensPerStep) * Double(steps)
    let additions =
      c.additions.isEmpty
      ? []
      : [
        "additions: \(c.additions.names.joined(separator: ", ")); transformers can't load this model"
      ]
    return [
      "model: \(c.layers) layers, width \(c.width), \(c.heads) heads (\(c.keyValueHeads) for keys "
        + "and values), vocabulary \(c.vocabularySize), sequence \(sequenceLength): "
        + "\(Self.short(Double(c.parameterCount))) parameters, "
        + "\(Self.short(Double(c.matrixParameterCount))) of them in layer matrices",
      "plan: \(steps) steps of \(tokensPerStep) tokens (\(options.deviceBatch) × "
        + "\(sequenceLength) × \(accumulation)), \(Self.short(tokens)) tokens, "
        + "\(Self.short(operations)) floating-point operations",
    ] + additions
  }

  /// Bytes by use.
  package func memory(threads: Int) -> [(use: String, bytes: Int)] {
    let model = GPT.plannedBytes(
      configuration: configuration, maximumBatch: options.deviceBatch,
      trainingSequence: sequenceLength, threads: threads)
    let weights = configuration.parameterCount * 4
    return [
      ("weights", weights), ("gradients", weights),
      (
        "optimiser",
        OptimizerSet.plannedBytes(
          configuration: configuration, threads: threads, muon: options.muon)
      ),
      ("activations and scratch", max(0, model - 2 * weights)),
    ]
  }

  /// Logs what the process will take at most, and throws when that is not allowed. To be called when
  /// everything but the model is in memory.
  func checkMemory(
    threads: Int, limit: Int?, _ reporter: any TrainingReporter
  ) throws(TrainingError) {
    try MemoryNeed(
      parts: memory(threads: threads) + [("program and data", ProcessMemory.resident)]
    ).check(limit: limit, reporter)
  }

  /// 8.27 M, 3.1 G …
  static func short(_ value: Double) -> String {
    for (factor, unit) in [(1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M")] {
      if value >= factor { return TrainingError.rounded(value / factor) + unit }
    }
    return value >= 1e4 ? TrainingError.rounded(value / 1e3) + " k" : String(Int(value))
  }
}
