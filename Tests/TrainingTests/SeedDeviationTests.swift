import JSON
import LanguageModel
import Testing
import Training

/// The faults of the project this one grew from, one test each.
@Suite struct SeedDeviationTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test func aLengthOfMinusOneIsAnErrorAndNotARunOfNoSteps() throws {
    for kind in [TrainingStage.Kind.base, .mid] {
      do {
        try workshop.train(kind, into: "out", Workshop.options(kind, steps: -1))
        Issue.record("accepted")
      } catch TrainingError.badOption(let name, _) {
        #expect(name == "steps")
      }
    }
  }

  @Test func theRatioOfTokensToParametersDecidesTheSteps() throws {
    var options = Workshop.options(.base)
    options.length = .tokensPerParameter(0.1)
    // A step has 144 tokens.
    let configuration = try TrainingPlan.configuration(options, vocabularySize: 265)
    let steps = configuration.parameterCount / 10 / 144
    #expect(steps > 10)
    #expect(try workshop.train(.base, into: "out", options).steps == steps)
    options.length = .tokensPerParameter(1e-9)
    do {
      try workshop.train(.base, into: "none", options)
      Issue.record("accepted")
    } catch TrainingError.noSteps(let explanation) {
      #expect(explanation.contains("144 tokens"))
    }
  }

  @Test func twentyTokensAParameterIsTheDefaultLengthOfPretraining() throws {
    let configuration = try TrainingPlan.configuration(.init(), vocabularySize: 10_009)
    #expect(configuration.parameterCount == 12 * 4 * 256 * 256 + 2 * 10_009 * 256)
    let steps = try TrainingPlan.steps(
      .tokensPerParameter(20), configuration: configuration, sequenceLength: 512,
      tokensPerStep: 8192)
    #expect(steps == 20 * configuration.parameterCount / 8192)
    let operations = try TrainingPlan.steps(
      .operations(1e15), configuration: configuration, sequenceLength: 512, tokensPerStep: 8192)
    #expect(operations == Int(1e15 / configuration.flopsPerToken(sequence: 512) / 8192))
  }

  @Test func midtrainingLearns() throws {
    try workshop.train(.base, into: "base")
    var options = Workshop.options(.mid, steps: 40)
    options.evaluateEvery = 10
    let summary = try workshop.train(.mid, into: "mid", options)
    #expect(summary.steps == 40)
    let losses = try workshop.metrics("mid").compactMap { $0["validation_chat_loss"]?.doubleValue }
    #expect(losses.count == 5)
    #expect(try #require(losses.last) < #require(losses.first) - 0.5)
    #expect(
      try workshop.bytes("mid/model.safetensors") != workshop.bytes("base/model.safetensors"))
  }

  @Test func midtrainingRunsForOnePassOverItsConversations() throws {
    try workshop.train(.base, into: "base")
    var options = Workshop.options(.mid)
    options.length = nil
    let summary = try workshop.train(.mid, into: "mid", options)
    options.length = .epochs(2)
    let twice = try workshop.train(.mid, into: "twice", options)
    #expect(summary.steps > 1)
    #expect(abs(twice.steps - 2 * summary.steps) <= 1)
  }

  @Test func evaluationHappensAsOftenAsAsked() throws {
    var options = Workshop.options(.base, steps: 9)
    options.evaluateEvery = 2
    try workshop.train(.base, into: "out", options)
    let steps = try workshop.metrics("out").filter { $0["validation_bpb"] != nil }
      .compactMap { $0["step"]?.intValue }
    #expect(steps == [0, 2, 4, 6, 8, 9])
  }

  @Test func fineTuningTakesAFiftiethOfTheRates() {
    let options = TrainingOptions.defaults(for: .sft)
    #expect(options.rateFactor == 0.02)
    #expect(options.warmdownRatio == 1 && options.finalFraction == 0)
    #expect(TrainingOptions.defaults(for: .mid).rateFactor == 1)
  }

  @Test func momentumWarmsUp() {
    var settings = OptimizerSettings()
    settings.momentumWarmupSteps = TrainingOptions().muonWarmupSteps
    #expect(settings.momentum(step: 0) == 0.85)
    #expect(abs(settings.momentum(step: 150) - 0.9) < 1e-6)
    #expect(settings.momentum(step: 300) == 0.95 && settings.momentum(step: 5000) == 0.95)
  }

  @Test func theVocabularyIsTheSameInAllStages() throws {
    try workshop.train(.base, into: "base")
    try workshop.train(.mid, into: "mid")
    var inputs = workshop.inputs(.sft)
    inputs.model = workshop.path + "/mid"
    try TrainingStage.run(
      kind: .sft, options: Workshop.options(.sft), inputs: inputs,
      environment: .init(output: workshop.path + "/sft", threads: 1), reporter: Recorder())
    for name in ["base", "mid", "sft"] {
      let config = try ModelFolder.readJSON(workshop.path + "/\(name)/config.json")
      #expect(config["vocab_size"] == 265 && config["eos_token_id"] == 260)
      #expect(try workshop.bytes(name + "/tokenizer.json") == workshop.bytes("base/tokenizer.json"))
    }
  }

  /// There, the mean loss of nothing was no number.
  @Test func aStepWithNothingToLearnHasNoLoss() throws {
    // One conversation whose reply lies behind the end of every row: no target at all.
    let long = String(repeating: "x", count: 100)
    let short = #"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#
    try CheckpointFiles.write(
      Array(
        (#"[{"role":"user","content":"\#(long)"},{"role":"assistant","content":"y"}]"# + "\n"
          + short).utf8), to: workshop.path + "/chats.jsonl")
    try workshop.train(.base, into: "base")
    var options = Workshop.options(.sft, steps: 6)
    options.rows = .padded
    options.deviceBatch = 1
    options.tokensPerStep = nil
    let summary = try workshop.train(.sft, into: "sft", options)
    let losses = try workshop.metrics("sft").compactMap { $0["loss"]?.doubleValue }
    #expect(losses.count == 3 && losses.allSatisfy { $0 > 0 })
    #expect(summary.steps == 6)
    #expect(summary.finalLoss.isFinite)
  }
}
