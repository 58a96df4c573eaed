package import Corpus
import JSON
package import LanguageModel
import Tokenization

extension EvaluationSuite {
  /// Greedy replies with the calculator, of which the number behind `####` is compared with
  /// the reference. Nil when cancelled.
  package static func written(
    _ loaded: LoadedModel, name: String, items: [QuestionItem], maximumTokens: Int = 512,
    rows: Int = 16, reporter: any TrainingReporter
  ) throws(TrainingError) -> TaskResult? {
    try requireItems(items.count, of: name)
    let renderer = ConversationRenderer(loaded.tokenizer, maxTokens: .max)
    let generator = try BatchGenerator(
      loaded, rows: min(rows, items.count),
      maximumLength: loaded.model.configuration.sequenceLength)
    let prompts = items.map {
      renderer.promptIds(for: [Message(role: .user, text: $0.question)])
    }
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
      let given = FinalAnswer.extract(from: assembler.text)
      let isCorrect = given == item.answer
      correct += isCorrect ? 1 : 0
      details.append([
        "task": .string(name),
        "question": .string(item.question),
        "answer": .string(item.answer), "given": given.map(JSONValue.string) ?? .null,
        "correct": .bool(isCorrect),
        "called_tool": .bool(
          assembler.parts.contains {
            $0.kind == .pythonOutput
          }),
        "reply": .array(
          assembler.parts.map {
            ["type": .string($0.kind.rawValue), "text": .string($0.text)]
          }),
      ])
    }
    return TaskResult(
      name: name, correct: correct, total: items.count, baseline: 0, details: details)
  }
}
