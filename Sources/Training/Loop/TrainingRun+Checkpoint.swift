import JSON
import LanguageModel
import Tokenization

extension TrainingRun {
  private static let formatVersion = 1

  /// Saves the state before the coming step; again for the same step costs nothing.
  func save() throws(TrainingError) {
    try store.save(step: state.step, best: state.bestStep) { folder throws(TrainingError) in
      try writeFolder(folder, summary: nil)
    }
    noteSave()
  }

  /// The files of a checkpoint; `summary` is given for the final one only.
  func writeFolder(_ folder: String, summary: TrainingSummary?) throws(TrainingError) {
    try checkpoint { () throws(CheckpointError) in
      try ModelFolder.write(model, tokenizer: data.tokenizer, to: folder)
      try ModelFolder.writeOptimizer(optimizer, to: folder)
      try CheckpointFiles.write(Self.lines(metrics), to: folder + "/metrics.jsonl")
      try CheckpointFiles.write(Self.lines(samples), to: folder + "/samples.txt")
      // Last: a folder with this file is complete.
      try ModelFolder.writeJSON(record(summary), to: folder + "/" + ModelFolder.training)
    }
  }

  private static func lines(_ lines: [String]) -> [UInt8] {
    Array(lines.map { $0 + "\n" }.joined().utf8)
  }

  private func record(_ summary: TrainingSummary?) -> JSONValue {
    var record: [String: JSONValue] = [
      "format": .int(Self.formatVersion),
      "stage": .string(plan.kind.rawValue),
      "tool_version": .string(environment.toolVersion),
      ModelFolder.tokenizerHashKey: .string(data.tokenizer.hash),
      "data_hash": .string(data.hash),
      "schedule_steps": .int(plan.steps),
      "settings": plan.settings,
      "state": state.json,
      "data_position": position.json,
      // Shuffling depends on the seed and the pass alone, so this is all the random state there is.
      "random_state": ["seed": .int(plan.options.seed)],
      "parameters": .int(plan.configuration.parameterCount),
      "matrix_parameters": .int(plan.configuration.matrixParameterCount),
      "flops_per_token": .double(plan.flopsPerToken),
    ]
    let additions = plan.configuration.additions
    if !additions.isEmpty {
      record["additions"] = .array(additions.names.map(JSONValue.string))
      record["huggingface_loadable"] = false
    }
    if let summary {
      record["results"] = .object(
        Dictionary(summary.metrics(plan)) { first, _ in first })
    }
    return .object(record)
  }

  /// Takes the newest complete checkpoint of an earlier attempt, or makes the starting weights; gives
  /// the data from where the run is to go on, and whether there was a checkpoint.
  func resume() throws(TrainingError) -> (source: any BatchSource, isResumed: Bool) {
    for step in store.steps {
      let folder = store.path(step: step)
      do throws(TrainingError) {
        guard let source = try restore(folder) else {
          reporter.log("\(folder) is of another run and is not used")
          continue
        }
        reporter.log("continuing from step \(state.step) of \(plan.steps)")
        return (source, true)
      } catch {
        reporter.log("\(folder) can't be used: \(error)")
        // It may have been filled before the damage showed; weights are made again in any case.
        optimizer.reset()
      }
    }
    try store.removeAll()
    (state, metrics, samples) = (LoopState(), [], [])
    guard let start = data.startingModel else {
      model.initialize(
        seed: UInt64(bitPattern: Int64(plan.options.seed)), values: plan.options.initialValues)
      return (try freshSource(), false)
    }
    try checkpoint { () throws(CheckpointError) in
      try ModelFolder.readWeights(start.path + "/" + ModelFolder.weights, into: model)
    }
    return (try freshSource(), false)
  }

  /// The data from where the checkpoint left it; nil when it was made with other settings or data.
  /// All that is small is read and judged before weights and optimiser are overwritten.
  private func restore(_ folder: String) throws(TrainingError) -> (any BatchSource)? {
    let path = folder + "/" + ModelFolder.training
    let record = try checkpoint { () throws(CheckpointError) in try ModelFolder.readJSON(path) }
    for (key, value) in [
      "format": .int(Self.formatVersion), "stage": .string(plan.kind.rawValue),
      ModelFolder.tokenizerHashKey: .string(data.tokenizer.hash),
      "data_hash": .string(data.hash), "schedule_steps": .int(plan.steps),
      "settings": plan.settings,
    ] as [String: JSONValue] where record[key] != value { return nil }
    guard let loopState = record["state"].flatMap(LoopState.init(json:)),
      loopState.step <= plan.steps,
      let position = record["data_position"].flatMap(SourcePosition.init(json:))
    else {
      throw .checkpoint(.badValue(path: path, key: "state", problem: "is not complete"))
    }
    var source = try freshSource()
    try source.seek(position)
    let lines = try checkpoint { () throws(CheckpointError) in
      (
        metrics: try Self.readLines(folder + "/metrics.jsonl"),
        samples: try Self.readLines(folder + "/samples.txt")
      )
    }
    try checkpoint { () throws(CheckpointError) in
      try ModelFolder.readWeights(folder + "/" + ModelFolder.weights, into: model)
      try ModelFolder.readOptimizer(optimizer, from: folder)
    }
    (state, metrics, samples) = (loopState, lines.metrics, lines.samples)
    return source
  }

  private static func readLines(_ path: String) throws(CheckpointError) -> [String] {
    String(decoding: try CheckpointFiles.read(path), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
  }
}

extension TrainingPlan {
  /// All that decides the result, for comparison with a checkpoint's.
  var settings: JSONValue {
    let length: JSONValue =
      switch options.length {
      case .steps(let value): ["steps": .int(value)]
      case .tokensPerParameter(let value): ["tokens_per_parameter": .double(value)]
      case .operations(let value): ["flops": .double(value)]
      case .epochs(let value): ["epochs": .double(value)]
      case nil: .null
      }
    var settings: [String: JSONValue] = [
      "layers": .int(configuration.layers), "width": .int(configuration.width),
      "heads": .int(configuration.heads), "kv_heads": .int(configuration.keyValueHeads),
      "vocabulary_size": .int(configuration.vocabularySize),
      "sequence_length": .int(sequenceLength), "device_batch": .int(options.deviceBatch),
      "accumulation": .int(accumulation), "length": length,
      "matrix_rate": .double(options.matrixRate),
      "embedding_rate": .double(options.embeddingRate), "head_rate": .double(options.headRate),
      "rate_factor": .double(options.rateFactor), "weight_decay": .double(options.weightDecay),
      "warmup_ratio": .double(options.warmupRatio),
      "warmdown_ratio": .double(options.warmdownRatio),
      "final_fraction": .double(options.finalFraction),
      "muon_warmup_steps": .int(options.muonWarmupSteps), "clip": .double(options.clip),
      "outlier_margin": .double(options.outlierMargin),
      "explosion_margin": .double(options.explosionMargin), "seed": .int(options.seed),
      "precision": .string(options.precision.rawValue), "rows": .string(options.rows.rawValue),
      "text_rows": .string(options.textRows.rawValue),
      "text_fraction": .double(options.textFraction),
      "evaluate_every": .int(options.evaluateEvery),
      "evaluation_tokens": .int(options.evaluationTokens),
      "sample_every": .int(options.sampleEvery), "sample_tokens": .int(options.sampleTokens),
      "sample_prompts": .array(options.samplePrompts.map(JSONValue.string)),
    ]
    // Absent where they are what they were before there was a choice.
    if !configuration.additions.isEmpty { settings["additions"] = configuration.additions.json }
    if options.muon != .newtonSchulz { settings["muon"] = .string(options.muon.rawValue) }
    if options.initialValues != .nanochat2025 {
      settings["initial_values"] = .string(options.initialValues.rawValue)
    }
    return .object(settings)
  }
}

extension TrainingSummary {
  /// Names and values of the result's metrics.
  func metrics(_ plan: TrainingPlan) -> [(String, JSONValue)] {
    [
      ("loss", .double(finalLoss)), ("first_loss", .double(firstLoss)), ("steps", .int(steps)),
      ("tokens", .int(tokens)), ("parameters", .int(plan.configuration.parameterCount)),
      ("vocabulary_size", .int(plan.configuration.vocabularySize)),
    ] + (plan.configuration.additions.isEmpty ? [] : [("huggingface_loadable", .bool(false))])
      + validation.sorted { $0.key < $1.key }.map { ($0.key, .double($0.value)) }
  }
}
