package import Corpus
import JSON
package import LanguageModel
import Tokenization

extension EvaluationSuite {
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

  /// Greedy replies with the calculator, compared with the reference. Nil when
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

  private static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
