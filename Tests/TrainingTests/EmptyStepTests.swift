import Corpus
import JSON
import LanguageModel
import Testing
import Tokenization
import Training

/// Steps of fine-tuning whose rows hold no reply.
@Suite struct EmptyStepTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Three rows without a reply, three with two equal ones, and so on: the longest go first.
  private func rowsWithoutReplies() throws -> TrainingStage.Inputs {
    let writer = try TokenShardWriter(
      path: workshop.path + "/replies.tokens", vocabularySize: workshop.tokenizer.vocabularySize,
      hasMask: true)
    for _ in 0..<3 {
      try writer.append(
        document: [Int32](repeating: 65, count: 25), mask: [UInt8](repeating: 0, count: 25))
    }
    for _ in 0..<6 {
      try writer.append(
        document: (100..<112).map { Int32($0) }, mask: (0..<12).map { $0 < 6 ? 0 : 1 })
    }
    try writer.finish()
    var inputs = workshop.inputs(.sft)
    inputs.conversations = [workshop.path + "/replies.tokens"]
    return inputs
  }

  @Test func stepsWithoutATargetLearnNothingAndCountAsNoLoss() throws {
    try workshop.train(.base, into: "base")
    let inputs = try rowsWithoutReplies()
    func train(_ steps: Int) throws -> TrainingSummary {
      var options = Workshop.options(.sft, steps: steps)
      options.deviceBatch = 1
      options.tokensPerStep = nil
      options.warmdownRatio = 0
      options.explosionMargin = 1
      return try TrainingStage.run(
        kind: .sft, options: options, inputs: inputs,
        environment: .init(output: workshop.path + "/\(steps)", threads: 1), reporter: Recorder())
    }
    let summary = try train(6)
    #expect(summary.steps == 6 && summary.firstLoss > summary.finalLoss)
    let losses = try workshop.metrics("6").filter { $0["loss"] != nil }
    #expect(losses.compactMap { $0["step"]?.intValue } == [3, 4, 5])
    #expect(losses.first?["loss"]?.doubleValue == summary.firstLoss)
    // Momenta of the steps before move no weight.
    _ = try train(9)
    #expect(
      try workshop.bytes("9/model.safetensors") == workshop.bytes("6/model.safetensors"))
    #expect(throws: TrainingError.self) { try train(2) }
  }

  /// A validation that counts nothing has no loss: 0 would be the best of all. Without validations on the
  /// way there would be one after the last step, which is late to learn that.
  @Test(arguments: [5, 0]) func validationSetsWithoutAReplyToMeasureAreRefused(every: Int) throws {
    try workshop.train(.base, into: "base")
    let chat =
      #"[{"role":"user","content":"\#(String(repeating: "long ", count: 20))"},"#
      + #"{"role":"assistant","content":"short"}]"#
    let path = workshop.path + "/long.jsonl"
    try CheckpointFiles.write(Array(chat.utf8), to: path)
    func problem(_ change: (inout TrainingOptions, inout TrainingStage.Inputs) -> Void) -> String {
      var options = Workshop.options(.sft)
      options.evaluateEvery = every
      var inputs = workshop.inputs(.sft)
      change(&options, &inputs)
      let recorder = Recorder()
      let error = #expect(throws: TrainingError.self) {
        try TrainingStage.run(
          kind: .sft, options: options, inputs: inputs,
          environment: .init(output: workshop.path + "/out", threads: 1), reporter: recorder)
      }
      #expect(recorder.current.steps == 0)
      return error.map { "\($0)" } ?? ""
    }
    let cut = problem { $1.validationConversations = [path] }
    #expect(cut.hasPrefix("`validation`: no conversation has a reply within the first 25 tokens"))
    // The set has replies, but the part that is measured has none.
    let none = problem { options, _ in options.evaluationTokens = 0 }
    #expect(none.hasPrefix("`validation`: the first 0 tokens (`evaluation_tokens`) hold nothing"))
    let short = problem { options, inputs in
      options.evaluationTokens = 24
      inputs.validationConversations.insert(path, at: 0)
    }
    #expect(short.hasPrefix("`validation`: the first 24 tokens (`evaluation_tokens`) hold nothing"))
  }

  @Test func theFirstReplyThatIsMeasuredIsEnough() throws {
    try workshop.train(.base, into: "base")
    var options = Workshop.options(.sft)
    options.evaluateEvery = 0
    options.evaluationTokens = 1
    let summary = try workshop.train(.sft, into: "out", options)
    #expect(summary.validation["validation_chat_loss"] ?? 0 > 0)
  }
}
