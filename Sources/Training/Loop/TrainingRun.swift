import JSON
import Kernels
import LanguageModel
import Tokenization

/// What a finished run has to say.
package struct TrainingSummary: Sendable, Hashable {
  package var steps: Int
  package var tokens: Int
  package var firstLoss: Double
  /// Averaged over the last steps.
  package var finalLoss: Double
  /// By the names of the metrics.
  package var validation: [String: Double]
}

/// One run of a stage: the loop and all it needs.
///
/// A step boundary is the only place where the run can be left and taken up again: everything that
/// decides the steps to come is in the checkpoint, and what is measured at a boundary is measured
/// after the checkpoint, so that a run taken up there measures it again.
final class TrainingRun {
  let plan: TrainingPlan
  let data: TrainingData
  let environment: TrainingStage.Environment
  let reporter: any TrainingReporter
  let model: GPT
  let optimizer: OptimizerSet
  let store: CheckpointStore
  var state = LoopState()
  /// Where the steps done so far leave the data; what is read ahead does not count.
  var position = SourcePosition()
  /// Lines of `metrics.jsonl` and `samples.txt` so far.
  var metrics: [String] = []
  var samples: [String] = []
  private var clock: RunClock

  init(
    plan: TrainingPlan, data: TrainingData, pool: ThreadPool, peak: Double?,
    environment: TrainingStage.Environment, reporter: any TrainingReporter
  ) throws(TrainingError) {
    self.plan = plan
    self.data = data
    self.environment = environment
    self.reporter = reporter
    let options = plan.options
    var settings = OptimizerSettings()
    settings.embeddingRate = Float(options.embeddingRate * options.rateFactor)
    settings.headRate = Float(options.headRate * options.rateFactor)
    settings.matrixRate = Float(options.matrixRate * options.rateFactor)
    settings.weightDecay = Float(options.weightDecay)
    settings.momentumWarmupSteps = options.muonWarmupSteps
    settings.muon = options.muon
    settings.scalarRate *= Float(options.rateFactor)
    settings.gateRate *= Float(options.rateFactor)
    do throws(LanguageModelError) {
      model = try GPT(
        configuration: plan.configuration, pool: pool, maximumBatch: options.deviceBatch,
        trainingSequence: plan.sequenceLength, precision: options.precision)
      optimizer = try OptimizerSet(model: model, settings: settings)
    } catch {
      throw .model(error)
    }
    store = CheckpointStore(output: environment.output, keep: options.keepCheckpoints)
    clock = RunClock(peak: peak, plan: plan)
  }

  func noteSave() { clock.noteSave(step: state.step) }

  /// The rows of the stage from their beginning.
  func freshSource() throws(TrainingError) -> any BatchSource {
    let options = plan.options
    let special = data.tokenizer.specialTokens
    guard plan.kind != .base, let conversations = data.conversations else {
      guard let text = data.text else {
        throw .missingInput(name: "tokens", purpose: "token shards to train on")
      }
      switch options.textRows {
      case .stream: return TextStream(text)
      case .bestFit: return try PackedDocuments(text)
      }
    }
    switch (plan.kind, options.rows) {
    case (.sft, .packed):
      return PackedConversations(conversations, padding: special.bos, seed: options.seed)
    case (.sft, .padded):
      return PaddedConversations(
        conversations, padding: special.assistantEnd, longestRow: plan.sequenceLength,
        seed: options.seed)
    default:
      let stream = ConversationStream(conversations, seed: options.seed)
      guard options.textFraction > 0, let text = data.text else { return stream }
      return MixedStream(stream, text: TextStream(text), textFraction: options.textFraction)
    }
  }

  // MARK: The loop

  func run() throws -> TrainingSummary {
    let (source, isResumed) = try resume()
    source.write(to: &position)
    let reader = try StepReader(
      source, passes: plan.accumulation, rows: plan.options.deviceBatch,
      length: plan.sequenceLength)
    var needsSave = !isResumed && plan.options.saveEverySteps > 0
    clock.start(step: state.step)
    var validation: [String: Double] = [:]
    while true {
      let step = state.step
      // What is measured here is measured again when the step that follows is left half-way.
      let boundary = (state: state, metrics: metrics.count, samples: samples.count)
      let isLast = step == plan.steps
      let isEvaluation = isLast || isDue(plan.options.evaluateEvery)
      if reporter.isCancelled { throw try interrupted() }
      if needsSave || clock.isSaveDue(step: step, beforeEvaluation: isEvaluation) { try save() }
      if isEvaluation, !data.validation.isEmpty {
        guard let results = try evaluate() else { throw try interrupted() }
        validation = results
      }
      if isLast || isDue(plan.options.sampleEvery) { sampleText() }
      if isLast { break }
      guard try trainOneStep(reader) else {
        state = boundary.state
        metrics.removeSubrange(boundary.metrics...)
        samples.removeSubrange(boundary.samples...)
        throw try interrupted()
      }
      needsSave =
        plan.options.saveEverySteps > 0 && state.step % plan.options.saveEverySteps == 0
        && state.step < plan.steps
    }
    return try finish(validation)
  }

  private func isDue(_ interval: Int) -> Bool {
    interval > 0 && state.step % interval == 0
  }

  private func interrupted() throws(TrainingError) -> TrainingInterrupted {
    try save()
    return TrainingInterrupted(step: state.step, checkpoint: store.path(step: state.step))
  }

  /// False when it was asked to stop on the way: nothing has changed then. A step of many passes may
  /// take minutes, which nobody who pressed Ctrl-C waits for.
  private func trainOneStep(_ reader: StepReader) throws(TrainingError) -> Bool {
    let step = state.step
    let rows = try clock.rows(from: reader)
    let trained = rows.batches.reduce(0) { $0 + $1.trainedTokens }
    if trained == 0 {
      // The mean of no losses is no loss, and momenta must not move weights that nothing was learnt for.
      reporter.log("step \(step): its rows hold no token to train on; the weights stay")
    } else if try !learn(rows, trainedTokens: trained) {
      return false
    }
    state.step += 1
    state.tokens += rows.batches.reduce(0) { $0 + $1.rows * $1.length }
    state.trainedTokens += trained
    swap(&position, &rows.end)
    clock.stepDone(state.step)
    reporter.progress(
      TrainingProgress(
        completed: state.step, total: plan.steps, unit: "steps",
        detail: clock.detail(loss: state.smoothedLoss, step: state.step)))
    return true
  }

  /// Changes the weights by the rows of a step, unless its loss is an outlier; false when it was asked
  /// to stop before.
  private func learn(
    _ rows: StepRows, trainedTokens: Int
  ) throws(TrainingError) -> Bool {
    let step = state.step
    model.zeroGradients()
    var sum = LossSum()
    for (index, batch) in rows.batches.enumerated() {
      if index > 0, reporter.isCancelled { return false }
      // The loss is divided by what the whole step trains on.
      sum += model.forwardBackward(
        tokens: batch.tokens, targets: batch.targets, batch: batch.rows, sequence: batch.length,
        gradientScale: 1 / Float(trainedTokens))
    }
    let loss = sum.mean
    let norm = model.gradientNorm()
    try guardAgainstDivergence(loss, gradientNorm: norm)
    let multiplier = plan.schedule.multiplier(at: step)
    var values: [String: Double] = ["loss": loss, "rate": multiplier]
    if isOutlier(loss) {
      state.skippedSteps += 1
      state.consecutiveSkips += 1
      values["skipped"] = 1
      reporter.log(
        "step \(step): loss \(TrainingError.rounded(loss)) is an outlier; the step is left out")
    } else {
      optimizer.step(
        multiplier: Float(multiplier), stepIndex: step, clip: Float(plan.options.clip),
        gradientNorm: norm)
      values["gradient_norm"] = Double(norm)
      state.record(loss: loss)
      state.consecutiveSkips = 0
    }
    record(step: step, values)
    return true
  }

  /// Weights whose loss is bad are not saved: what was saved before is the last that is good.
  private func guardAgainstDivergence(
    _ loss: Double, gradientNorm: Float
  ) throws(TrainingError) {
    let limit = (state.firstLoss ?? loss) + plan.options.explosionMargin
    let isTooOften = state.consecutiveSkips >= 20
    guard loss.isFinite, gradientNorm.isFinite, loss <= limit, !isTooOften else {
      // Only a good loss whose gradient overflows is one of good weights.
      let isGood = loss.isFinite && loss <= limit && !isTooOften
      if isGood { try save() }
      let last = store.steps.first { isGood || $0 < state.step - state.consecutiveSkips }
      throw .diverged(
        step: state.step, loss: gradientNorm.isFinite ? loss : .nan, limit: limit,
        lastCheckpoint: last.map(store.path(step:)))
    }
  }

  private func isOutlier(_ loss: Double) -> Bool {
    guard plan.options.outlierMargin > 0, state.averagedSteps >= 10,
      let smoothed = state.smoothedLoss
    else { return false }
    return loss > smoothed + plan.options.outlierMargin
  }

  // MARK: Measuring

  private func evaluate() throws(TrainingError) -> [String: Double]? {
    var values: [String: Double] = [:]
    let byteLengths = data.tokenizer.byteLengths
    for (name, set) in data.validation {
      let result = try LossEvaluation.measure(
        model, on: set, byteLengths: byteLengths, sequence: plan.sequenceLength,
        rows: plan.options.deviceBatch, tokenLimit: plan.options.evaluationTokens,
        isCancelled: { reporter.isCancelled })
      guard let result else { return nil }
      values[name + "_loss"] = result.mean
      if result.bytes > 0 { values[name + "_bpb"] = result.bitsPerByte }
    }
    // The set that is most like what the stage trains on decides which checkpoint is the best.
    if let last = data.validation.last, let loss = values[last.name + "_loss"],
      loss < state.bestLoss ?? .infinity
    {
      state.bestLoss = loss
      state.bestStep = state.step
    }
    record(step: state.step, values)
    reporter.log(
      "step \(state.step): "
        + values.sorted { $0.key < $1.key }
        .map { "\($0.key) \(($0.value * 10_000).rounded() / 10_000)" }.joined(separator: ", "))
    clock.skip()
    return values
  }

  private func sampleText() {
    guard !plan.options.samplePrompts.isEmpty, plan.options.sampleTokens > 0 else { return }
    let sampler = TextSampler(
      model: model, tokenizer: data.tokenizer, prompts: plan.options.samplePrompts,
      tokens: plan.options.sampleTokens, isChat: plan.kind != .base)
    samples.append("step \(state.step)")
    for line in sampler.sample() {
      samples.append("  " + line)
      reporter.log("  " + line)
    }
    clock.skip()
  }

  private func record(step: Int, _ values: [String: Double]) {
    var line = values.mapValues(JSONValue.double)
    line["step"] = .int(step)
    metrics.append(JSONWriter.text(.object(line)))
    reporter.sample(step: step, values)
  }

  private func finish(_ validation: [String: Double]) throws(TrainingError) -> TrainingSummary {
    guard let firstLoss = state.firstLoss, let finalLoss = state.smoothedLoss else {
      throw .noSteps(explanation: "no row of \(state.step) steps holds a token to train on")
    }
    let summary = TrainingSummary(
      steps: state.step, tokens: state.tokens, firstLoss: firstLoss, finalLoss: finalLoss,
      validation: validation)
    try writeFolder(environment.output, summary: summary)
    try store.removeAll()
    try checkpoint { () throws(CheckpointError) in
      for name in CheckpointFiles.names(in: environment.output) where name.hasSuffix(".partial") {
        try CheckpointFiles.remove(environment.output + "/" + name)
      }
      try CheckpointFiles.syncFolder(environment.output)
    }
    for (name, value) in summary.metrics(plan) { reporter.metric(name, value) }
    for (name, value) in clock.measurements(step: state.step) { reporter.measurement(name, value) }
    return summary
  }
}
