extension TrainingOptions {
  /// Everything that can be judged without data, before any work. Faults bear the names of the steps'
  /// parameters.
  package func validate() throws(TrainingError) {
    try require(
      "batch_rows", deviceBatch >= 1 && deviceBatch <= 1 << 16,
      "is \(deviceBatch), must be 1 to 65536")
    if let sequenceLength {
      try require(
        "sequence_length", sequenceLength >= 2 && sequenceLength <= 1 << 20,
        "must be 2 to 1048576")
    }
    if let tokensPerStep { try require("tokens_per_step", tokensPerStep >= 1, "must be positive") }
    switch length {
    case .steps(let steps):
      try require("steps", steps >= 1 && steps <= 1 << 40, "is \(steps), must be at least 1")
    case .tokensPerParameter(let ratio): try require("tokens_per_parameter", positive: ratio)
    case .operations(let count): try require("operations", positive: count)
    case .epochs(let count): try require("epochs", positive: count)
    case nil: break
    }
    for (name, rate) in [
      ("matrix_rate", matrixRate), ("embedding_rate", embeddingRate), ("head_rate", headRate),
      ("rate_factor", rateFactor), ("weight_decay", weightDecay), ("clip", clip),
      ("outlier_margin", outlierMargin), ("explosion_margin", explosionMargin),
      ("save_interval", saveEverySeconds),
    ] {
      try require(name, rate.isFinite && rate >= 0, "is \(rate), must not be negative")
    }
    for (name, ratio) in [
      ("warmup_ratio", warmupRatio), ("warmdown_ratio", warmdownRatio),
      ("final_rate_fraction", finalFraction), ("text_fraction", textFraction),
    ] {
      try require(name, ratio >= 0 && ratio <= 1, "is \(ratio), must be 0 to 1")
    }
    try require(
      "warmup_ratio", warmupRatio + warmdownRatio <= 1,
      "is \(warmupRatio), which with a `warmdown_ratio` of \(warmdownRatio) is more than the whole run"
    )
    for (name, count) in [
      ("evaluate_every", evaluateEvery), ("evaluation_tokens", evaluationTokens),
      ("sample_every", sampleEvery), ("sample_tokens", sampleTokens),
      ("save_every", saveEverySteps), ("muon_warmup_steps", muonWarmupSteps),
    ] {
      try require(name, count >= 0 && count <= 1 << 40, "is \(count), must not be negative")
    }
    try require("keep_checkpoints", keepCheckpoints >= 1, "must be at least 1")
  }

  /// Passes that make up one step of `tokensPerStep`.
  package func accumulation(sequenceLength: Int) throws(TrainingError) -> Int {
    let (pass, overflow) = deviceBatch.multipliedReportingOverflow(by: sequenceLength)
    guard !overflow else {
      throw .badOption(name: "batch_rows", problem: "times `sequence_length` is too large")
    }
    guard let tokensPerStep else { return 1 }
    guard tokensPerStep % pass == 0 else {
      let below = tokensPerStep / pass * pass
      let (above, overflow) = below.addingReportingOverflow(pass)
      throw .indivisibleStep(
        tokensPerStep: tokensPerStep, tokensPerPass: pass,
        nearest: (below > 0 ? [below] : []) + (overflow ? [] : [above]))
    }
    return tokensPerStep / pass
  }

  private func require(
    _ name: String, _ holds: Bool, _ problem: String
  ) throws(TrainingError) {
    if !holds { throw .badOption(name: name, problem: problem) }
  }

  private func require(_ name: String, positive value: Double) throws(TrainingError) {
    try require(name, value.isFinite && value > 0, "is \(value), must be positive")
  }
}
