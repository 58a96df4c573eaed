import JSON
import LanguageModel
import PipelineFile
import Training

/// What training and measuring models take: operations over the measured speed.
extension PipelineEstimator {
  mutating func train(_ asset: Pipeline.Asset, _ known: Known, _ estimate: inout WorkEstimate) {
    let kind: TrainingStage.Kind =
      asset.step.name == "train.base" ? .base : asset.step.name == "train.mid" ? .mid : .sft
    let reader = ParameterReader(asset.parameters, owner: asset.name)
    guard let shape = shapes[asset.name] else {
      estimate.warnings.append("the shape of the model is unknown before it is made")
      return
    }
    do {
      let options = try TrainingOptions(parameters: reader, stage: kind)
      let sequence = shape.sequenceLength
      let accumulation = try options.accumulation(sequenceLength: sequence)
      let (rows, overflow) = options.deviceBatch.multipliedReportingOverflow(by: sequence)
      guard !overflow, accumulation < Int.max / max(1, rows) else { return }
      let tokensPerStep = rows * accumulation
      let data = dataTokens(asset, kind)
      let steps = try stepCount(options, kind, shape, sequence, tokensPerStep, data)
      guard let steps else {
        estimate.warnings.append("how long it trains depends on data that is not made yet")
        return
      }
      let trained = Double(steps) * Double(tokensPerStep)
      let operations =
        trained * shape.flopsPerToken(sequence: sequence)
        + Double(steps) * Self.muonOperations(shape)
      estimate.training = WorkEstimate.Training(
        layers: shape.layers, width: shape.width, vocabularySize: shape.vocabularySize,
        parameters: shape.parameterCount, matrixParameters: shape.matrixParameterCount,
        steps: steps, tokens: trained, operations: operations, dataTokens: data)
      estimate.memory =
        GPT.plannedBytes(
          configuration: shape, maximumBatch: options.deviceBatch, trainingSequence: sequence,
          threads: cores)
        + OptimizerSet.plannedBytes(configuration: shape, threads: cores, muon: options.muon)
      if let speed = machineSpeed() {
        let rate = speed.gigaflops * 1e9 * MachineSpeed.trainingShare
        estimate.basis = .computed
        let all = operations + measuring(asset, options, shape, steps: steps)
        estimate.seconds = all / rate
        estimate.secondsOnEightCores = all / (rate / Double(speed.cores) * 8)
      }
      if let passes = estimate.training?.passes, passes > 4, kind == .base {
        estimate.warnings.append(
          "it sees each token of its text about \(Self.int(passes.rounded())) times; more shards would help"
        )
      }
    } catch {
      estimate.warnings.append("it can't be planned: \(error)")
    }
  }

  /// Operations of the validations along the way: a forward pass is a third of a step's products.
  private func measuring(
    _ asset: Pipeline.Asset, _ options: TrainingOptions, _ shape: GPTConfiguration, steps: Int
  ) -> Double {
    var available = 0.0
    for reference in asset.references(of: "validation") {
      if case .asset(let name) = reference.target { available += tokens[name] ?? 0 }
    }
    let times = options.evaluateEvery > 0 ? steps / options.evaluateEvery + 1 : 1
    return Double(times) * min(available, Double(options.evaluationTokens))
      * shape.flopsPerToken(sequence: shape.sequenceLength) / 3
  }

  private func stepCount(
    _ options: TrainingOptions, _ kind: TrainingStage.Kind, _ shape: GPTConfiguration,
    _ sequence: Int, _ tokensPerStep: Int, _ data: Double?
  ) throws -> Int? {
    let length = options.length ?? (kind == .base ? .tokensPerParameter(20) : .epochs(1))
    if case .epochs(let epochs) = length {
      guard let data, data > 0 else { return nil }
      let textShare = kind == .mid && options.textFraction < 1 ? options.textFraction : 0
      return max(
        1, Self.int((epochs * data / (1 - textShare) / Double(tokensPerStep)).rounded(.up)))
    }
    return try TrainingPlan.steps(
      length, configuration: shape, sequenceLength: sequence, tokensPerStep: tokensPerStep)
  }

  private func dataTokens(_ asset: Pipeline.Asset, _ kind: TrainingStage.Kind) -> Double? {
    let input = kind == .base ? "tokens" : "conversations"
    var sum = 0.0
    for reference in asset.references(of: input) {
      guard case .asset(let name) = reference.target, let count = tokens[name] else { return nil }
      sum += count
    }
    return sum > 0 ? sum : nil
  }

  /// Operations of one step of Muon: five Newton–Schulz iterations on every matrix (Jordan et al.,
  /// 2024), each two products of m × n with its transpose's size and one of m × m, with m ≤ n.
  private static func muonOperations(_ shape: GPTConfiguration) -> Double {
    func matrix(_ rows: Int, _ columns: Int) -> Double {
      let m = Double(min(rows, columns)), n = Double(max(rows, columns))
      return 5 * (4 * m * m * n + 2 * m * m * m)
    }
    let w = shape.width
    let keys = shape.keyValueHeads * shape.headSize
    return Double(shape.layers)
      * (2 * matrix(w, w) + 2 * matrix(keys, w) + 2 * matrix(shape.mlpWidth, w))
  }

  mutating func evaluateLoss(_ asset: Pipeline.Asset, _ estimate: inout WorkEstimate) {
    var model: GPTConfiguration?
    for reference in asset.references(of: "model") {
      if case .asset(let name) = reference.target { model = shapes[name] ?? model }
    }
    guard let model else { return }
    var available = 0.0
    for reference in asset.references(of: "tokens") {
      if case .asset(let name) = reference.target { available += tokens[name] ?? 0 }
    }
    let limit = asset.parameters["tokens"]?.doubleValue ?? .infinity
    let measured = available > 0 ? min(limit, available) : limit
    guard measured.isFinite, let speed = machineSpeed() else { return }
    // A forward pass is a third of a training step's products.
    let operations = measured * model.flopsPerToken(sequence: model.sequenceLength) / 3
    let rate = speed.gigaflops * 1e9 * MachineSpeed.trainingShare
    estimate.basis = .computed
    estimate.seconds = operations / rate
    estimate.secondsOnEightCores = operations / (rate / Double(speed.cores) * 8)
    estimate.memory = GPT.plannedBytes(
      configuration: model, maximumBatch: asset.parameters["batch_rows"]?.intValue ?? 16,
      trainingSequence: model.sequenceLength, threads: cores, inferenceOnly: true)
  }
}
