package import Corpus
import JSON
package import Kernels
package import LanguageModel
import Tokenization

/// Measures of a finished model: bits per byte, multiple choice, and answers it has to write.
package enum EvaluationSuite {
  /// Loads a checkpoint folder for evaluation, for passes of `rows` rows.
  package static func load(
    _ path: String, threads: Int, rows: Int = 16, blasKernel: BLASKernelChoice = .automatic
  ) throws(TrainingError) -> LoadedModel {
    let pool: ThreadPool
    do throws(KernelError) {
      _ = try BLAS.load(kernel: blasKernel)
      pool = try ThreadPool(threads: threads)
    } catch {
      throw .kernel(error)
    }
    return try checkpoint { () throws(CheckpointError) in
      try ModelFolder.load(path, pool: pool, maximumBatch: rows)
    }
  }

  // MARK: Loss

  /// Bits per byte on token shards (LLM_SPEC §9.1); nil when cancelled.
  package static func loss(
    _ loaded: LoadedModel, text paths: [String], tokenLimit: Int,
    reporter: any TrainingReporter
  ) throws(TrainingError) -> LossResult? {
    let dataset: TokenDataset
    do throws(CorpusError) { dataset = try TokenDataset(paths: paths) } catch {
      throw .corpus(error)
    }
    guard dataset.vocabularySize == loaded.tokenizer.vocabularySize else {
      throw .vocabularyMismatch(
        input: "tokens", found: dataset.vocabularySize,
        expected: loaded.tokenizer.vocabularySize)
    }
    guard dataset.count >= 2 else {
      throw .notEnoughData(input: "tokens", found: dataset.count, needed: 2, unit: "tokens")
    }
    return try LossEvaluation.measure(
      loaded.model, on: .text(dataset), byteLengths: loaded.tokenizer.byteLengths,
      sequence: loaded.model.trainingSequence, rows: loaded.model.maximumBatch,
      tokenLimit: tokenLimit, isCancelled: { reporter.isCancelled })
  }

  // MARK: Multiple choice

  /// The largest of the letters' logits right after the prompt is the answer (LLM_SPEC §9.2). Nil
  /// when cancelled.
  package static func multipleChoice(
    _ loaded: LoadedModel, name: String, items: [MultipleChoiceItem], baseline: Double = 0.25,
    reporter: any TrainingReporter
  ) throws(TrainingError) -> TaskResult? {
    let tokenizer = loaded.tokenizer
    let model = loaded.model
    let renderer = ConversationRenderer(tokenizer, maxTokens: .max)
    let vocabulary = model.configuration.vocabularySize
    var logits = [Float](repeating: 0, count: model.maximumBatch * vocabulary)
    var details: [JSONValue] = []
    var correct = 0
    var start = 0
    while start < items.count {
      if reporter.isCancelled { return nil }
      let part = items[start..<min(items.count, start + model.maximumBatch)]
      var prompts: [[Int32]] = []
      for item in part {
        let ids = renderer.promptIds(for: [Message(role: .user, text: item.prompt)])
        // What does not fit loses its beginning, all but the first token.
        let limit = model.trainingSequence
        prompts.append(ids.count <= limit ? ids : Array(ids.prefix(1)) + ids.suffix(limit - 1))
      }
      let longest = prompts.map(\.count).max() ?? 1
      var tokens: [Int32] = []
      for prompt in prompts {
        let padding = repeatElement(tokenizer.specialTokens.bos, count: longest - prompt.count)
        tokens += prompt + padding
      }
      let places = prompts.enumerated().map { $0.offset * longest + $0.element.count - 1 }
      logits.withUnsafeMutableBufferPointer { logits in
        guard let base = logits.baseAddress else { return }
        model.logits(
          tokens: tokens, batch: prompts.count, sequence: longest, rows: places, into: base)
      }
      for (row, item) in part.enumerated() {
        let scores = try item.labels.map { label throws(TrainingError) in
          logits[row * vocabulary + (try singleToken(label, tokenizer))]
        }
        let chosen = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        let isCorrect = chosen == item.answerIndex
        correct += isCorrect ? 1 : 0
        details.append([
          "task": .string(name), "question": .string(item.question),
          "answer": .string(item.answer), "given": .string(item.labels[chosen]),
          "correct": .bool(isCorrect),
          "scores": .array(scores.map { .double(Double($0)) }),
        ])
      }
      start += part.count
      reporter.progress(
        TrainingProgress(
          completed: start, total: items.count, unit: "items",
          detail: "\(name) \(correct) of \(start)"))
    }
    return TaskResult(
      name: name, correct: correct, total: items.count, baseline: baseline, details: details)
  }

  private static func singleToken(
    _ text: String, _ tokenizer: Tokenizer
  ) throws(TrainingError) -> Int {
    let ids = tokenizer.encode(text)
    guard ids.count == 1, let id = ids.first else { throw .notOneToken(text: text) }
    return Int(id)
  }

  // MARK: Written answers

  /// A question whose answer the model has to write.
  package struct WrittenItem: Sendable, Hashable {
    /// What is said before the reply.
    package var messages: [Message]
    /// The number after `####`, or the whole text when `isWholeText`.
    package var answer: String
    package var isWholeText: Bool
  }

  /// Items from questions with worked answers.
  package static func writtenItems(_ items: [QuestionItem]) -> [WrittenItem] {
    items.map {
      WrittenItem(
        messages: [Message(role: .user, text: $0.question)], answer: $0.answer,
        isWholeText: false)
    }
  }

  /// Items from conversations: the last reply is the answer, by its number after `####` when it has
  /// one, else by its whole text. Conversations without a reply at the end are left out.
  package static func writtenItems(_ conversations: [Conversation]) -> [WrittenItem] {
    conversations.compactMap { conversation in
      guard let last = conversation.messages.last, last.role == .assistant,
        conversation.messages.count > 1
      else { return nil }
      let text = last.parts.filter { $0.kind == .text }.map(\.text).joined()
      let number = FinalAnswer.extract(from: text)
      return WrittenItem(
        messages: Array(conversation.messages.dropLast()),
        answer: number ?? trimmed(text), isWholeText: number == nil)
    }
  }

  /// Greedy replies with the calculator, compared with the reference (LLM_SPEC §9.3). Nil when
  /// cancelled.
  package static func written(
    _ loaded: LoadedModel, name: String, items: [WrittenItem], maximumTokens: Int = 512,
    rows: Int = 16, reporter: any TrainingReporter
  ) throws(TrainingError) -> TaskResult? {
    let renderer = ConversationRenderer(loaded.tokenizer, maxTokens: .max)
    let generator = try BatchGenerator(
      loaded, rows: max(1, min(rows, items.count)),
      maximumLength: loaded.model.configuration.sequenceLength)
    let prompts = items.map { renderer.promptIds(for: $0.messages) }
    let replies = generator.generate(
      prompts, sampling: .greedy, maximumTokens: maximumTokens
    ) { completed in
      reporter.progress(
        TrainingProgress(completed: completed, total: items.count, unit: "items", detail: name))
      return !reporter.isCancelled
    }
    if reporter.isCancelled { return nil }
    var correct = 0
    var details: [JSONValue] = []
    for (item, reply) in zip(items, replies) {
      var assembler = ReplyAssembler(loaded.tokenizer)
      for token in reply { _ = assembler.append(token) }
      _ = assembler.finish()
      let given =
        item.isWholeText ? trimmed(assembler.text) : FinalAnswer.extract(from: assembler.text)
      let isCorrect = given == item.answer
      correct += isCorrect ? 1 : 0
      details.append([
        "task": .string(name),
        "question": .string(item.messages.last?.parts.map(\.text).joined() ?? ""),
        "answer": .string(item.answer), "given": given.map(JSONValue.string) ?? .null,
        "correct": .bool(isCorrect), "called_tool": .bool(assembler.parts.contains {
          $0.kind == .pythonOutput
        }),
        "reply": .array(assembler.parts.map {
          ["type": .string($0.kind.rawValue), "text": .string($0.text)]
        }),
      ])
    }
    return TaskResult(
      name: name, correct: correct, total: items.count, baseline: 0, details: details)
  }

  private static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  // MARK: Results

  /// Writes `metrics.json`, an object with one member a task and their mean as `chat_core`, and
  /// `details.jsonl`, a line an item, into `folder`.
  package static func write(
    _ results: [TaskResult], to folder: String
  ) throws(TrainingError) {
    var metrics: [String: JSONValue] = [:]
    for result in results { metrics[result.name] = result.json }
    if !results.isEmpty {
      let mean = results.reduce(0) { $0 + $1.centred } / Double(results.count)
      metrics["chat_core"] = .double(mean)
    }
    let lines = results.flatMap(\.details).map { JSONWriter.text($0) + "\n" }.joined()
    let json = JSONValue.object(metrics)
    try checkpoint { () throws(CheckpointError) in
      try CheckpointFiles.makeFolder(folder)
      try ModelFolder.writeJSON(json, to: folder + "/metrics.json")
      try CheckpointFiles.write(Array(lines.utf8), to: folder + "/details.jsonl")
    }
  }
}
