import Corpus
import JSON
import LanguageModel
import Testing
import Tokenization
import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct EvaluationTests {
  let workshop: Workshop

  init() throws {
    workshop = try Workshop()
    try workshop.train(.base, into: "base")
  }

  /// Worked with the calculator.
  private let sums = (0..<24).map { number in
    QuestionItem(
      question: "\(number)+3?",
      solution: [
        MessagePart(kind: .python, text: "\(number)+3"),
        MessagePart(kind: .pythonOutput, text: "\(number + 3)"),
        MessagePart(kind: .text, text: "#### \(number + 3)"),
      ])
  }

  /// Fine-tuned until it knows the sums by heart, calculator included.
  private func trainedOnSums() throws -> LoadedModel {
    let lines = sums.map { $0.conversation.jsonLine + [0x0a] }
    try CheckpointFiles.write(Array(lines.joined()), to: workshop.path + "/chats.jsonl")
    var options = Workshop.options(.sft, steps: 260)
    options.shape = .explicit(layers: 2, width: 64, heads: 2, keyValueHeads: 2)
    options.rateFactor = 1
    options.evaluateEvery = 0
    options.deviceBatch = 8
    options.tokensPerStep = nil
    options.warmdownRatio = 0.3
    options.sequenceLength = 48
    try workshop.train(.sft, into: "sums", options)
    return try EvaluationSuite.load(workshop.path + "/sums", threads: 1)
  }

  @Test func aModelThatKnowsNothingHasTheBitsOfTheVocabulary() throws {
    var options = Workshop.options(.base, steps: 1)
    options.matrixRate = 0
    options.embeddingRate = 0
    options.headRate = 0
    try workshop.train(.base, into: "blank", options)
    let loaded = try EvaluationSuite.load(workshop.path + "/blank", threads: 1, rows: 3)
    let result = try #require(
      try EvaluationSuite.loss(
        loaded, text: [workshop.path + "/held-out.tokens"], tokenLimit: .max,
        reporter: Recorder()))
    // Every token is a byte, except the two at the documents' starts, of which only the second is
    // a target.
    let bytes = "The number 70 comes before 71, as everyone knows.Hello.".utf8.count
    #expect(result.bytes == bytes)
    #expect(result.total.count == bytes + 1)
    #expect(abs(result.bitsPerByte - log2(265)) < 1e-4)
    #expect(abs(result.mean - log(265)) < 1e-4)
  }

  @Test func lossDoesNotDependOnTheRowsOfAPass() throws {
    let results = try [1, 2, 5].map { rows in
      try #require(
        try EvaluationSuite.loss(
          EvaluationSuite.load(workshop.path + "/base", threads: 1, rows: rows),
          text: [workshop.path + "/text.tokens"], tokenLimit: 1000, reporter: Recorder()))
    }
    for result in results {
      #expect(result.total.count == 1000 && result.bytes == results[0].bytes)
      #expect(abs(result.bitsPerByte - results[0].bitsPerByte) < 1e-5)
    }
  }

  @Test func noCountedByteIsInfinite() {
    #expect(LossResult().bitsPerByte == .infinity)
    #expect(LossResult().mean == 0)
  }

  @Test func sumsLearntByHeartAreAnsweredWithTheCalculator() throws {
    let loaded = try trainedOnSums()
    #expect(sums[4].answer == "7")
    let result = try #require(
      try EvaluationSuite.written(
        loaded, name: "sums", items: sums, maximumTokens: 24, rows: 5, reporter: Recorder()))
    #expect(result.correct >= 20, "\(result.text)")
    #expect(result.details.filter { $0["called_tool"] == true }.count >= 20)
    #expect(result.interval.lower < result.accuracy && result.baseline == 0)

    // The chat gives the same answers, one after the other in one conversation or alone.
    let engine = try ChatEngine(model: loaded.model, tokenizer: loaded.tokenizer)
    let settings = ChatEngine.Settings(sampling: .greedy, maximumTokens: 24)
    for (item, detail) in zip(sums, result.details).prefix(8) {
      engine.clear()
      let reply = engine.reply(to: item.question, settings: settings)
      #expect(
        detail["reply"]
          == .array(
            reply.parts.map { ["type": .string($0.kind.rawValue), "text": .string($0.text)] }))
    }
  }

  @Test func choicesAreJudgedByTheirLettersAlone() throws {
    let loaded = try EvaluationSuite.load(workshop.path + "/base", threads: 1, rows: 4)
    let items = (0..<9).map { number in
      MultipleChoiceItem(
        question: "Q\(number)?", choices: ["x", "y", "z"].shuffledBy(number),
        labels: number == 8 ? ["1", "2", "3"] : ["A", "B", "C"],
        answer: number == 8 ? "2" : ["A", "B", "C"][number % 3])
    }
    let one = try #require(
      try EvaluationSuite.multipleChoice(
        loaded, name: "choices", items: items, reporter: Recorder()))
    #expect(one.total == 9 && one.details.count == 9)
    // Grouping and padding change nothing.
    let single = try EvaluationSuite.load(workshop.path + "/base", threads: 1, rows: 1)
    let other = try #require(
      try EvaluationSuite.multipleChoice(
        single, name: "choices", items: items, reporter: Recorder()))
    #expect(one.details.map { $0["given"] } == other.details.map { $0["given"] })
    // By hand: the logits after the prompt.
    let prompt = ConversationRenderer(loaded.tokenizer, maxTokens: .max)
      .promptIds(for: [Message(role: .user, text: items[0].prompt)])
    let cut = Array(prompt.prefix(1)) + prompt.suffix(23)
    var logits = [Float](repeating: 0, count: 265)
    logits.withUnsafeMutableBufferPointer { logits in
      guard let base = logits.baseAddress else { return }
      loaded.model.logits(tokens: cut, batch: 1, sequence: 24, rows: [23], into: base)
    }
    let scores = ["A", "B", "C"].map { logits[Int($0.utf8.first ?? 0)] }
    let recorded = try #require(one.details[0]["scores"]?.arrayValue).compactMap(\.doubleValue)
    #expect(zip(scores, recorded).allSatisfy { abs(Double($0) - $1) < 1e-4 })
  }

  @Test func aLabelOfSeveralTokensIsAnError() throws {
    let loaded = try EvaluationSuite.load(workshop.path + "/base", threads: 1)
    let item = MultipleChoiceItem(
      question: "?", choices: ["a", "b"], labels: ["A", "10"], answer: "A")
    #expect(throws: TrainingError.self) {
      try EvaluationSuite.multipleChoice(
        loaded, name: "x", items: [item], reporter: Recorder())
    }
  }

  @Test func noQuestionIsNoResult() throws {
    let loaded = try EvaluationSuite.load(workshop.path + "/base", threads: 1)
    #expect(throws: TrainingError.self) {
      try EvaluationSuite.multipleChoice(loaded, name: "x", items: [], reporter: Recorder())
    }
    #expect(throws: TrainingError.self) {
      try EvaluationSuite.written(loaded, name: "x", items: [], reporter: Recorder())
    }
  }

  @Test func theBatchGivesWhatSingleRowsGive() throws {
    let loaded = try EvaluationSuite.load(workshop.path + "/base", threads: 1)
    let prompts = ["The number", "1", "x", "The number 5 comes"].map {
      [loaded.tokenizer.specialTokens.bos] + loaded.tokenizer.encode($0)
    }
    func replies(_ rows: Int) throws -> [[Int32]] {
      try BatchGenerator(loaded, rows: rows, maximumLength: 24)
        .generate(prompts, sampling: .greedy, maximumTokens: 6)
    }
    #expect(try replies(1) == replies(4))
    #expect(try replies(1) == replies(3))
    #expect(try replies(2).allSatisfy { $0.count <= 6 })
  }
}

extension [String] {
  fileprivate func shuffledBy(_ number: Int) -> [String] {
    indices.map { self[($0 + number) % count] }
  }
}
