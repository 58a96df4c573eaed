package import Corpus
import JSON
package import LanguageModel
import Tokenization

extension EvaluationSuite {
  /// The largest of the letters' logits right after the prompt is the answer. Nil
  /// when cancelled.
  package static func multipleChoice(
    _ loaded: LoadedModel, name: String, items: [MultipleChoiceItem], baseline: Double = 0.25,
    reporter: any TrainingReporter
  ) throws(TrainingError) -> TaskResult? {
    try requireItems(items.count, of: name)
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
}
