import BuildEngine
import Corpus

/// What `eval.chat` asks. An input that leaves nothing to ask is a failure: a score of no questions
/// would be a number like any other.
struct ChatQuestions {
  let choices: [MultipleChoiceItem]
  let problems: [QuestionItem]
  let letters: [QuestionItem]

  /// At most `limit` of each kind.
  init(_ context: StepContext, limit: Int, heldOutOnly: Bool) throws {
    choices = try Self.chosen(
      from: "choices", context, limit, heldOutOnly,
      text: { (item: MultipleChoiceItem) in item.prompt },
      read: { try ItemReader.multipleChoice(paths: $0) })
    problems = try Self.chosen(
      from: "problems", context, limit, heldOutOnly,
      text: { (item: QuestionItem) in item.question },
      read: { try ItemReader.questions(paths: $0) })
    if let words = context.inputs["words"]?.first?.path {
      let generator = try ConversationGenerator(
        .letterCounting(try WordList(path: words)), split: .test, seed: 0)
      letters = (0..<limit).map { generator.question($0).question }
    } else {
      letters = []
    }
    if choices.isEmpty, problems.isEmpty, letters.isEmpty {
      throw StepFailure("there is nothing to ask", help: "give `choices`, `problems` or `words`")
    }
  }

  /// `text` is what the user would say: training mixtures hold out by it.
  private static func chosen<Item>(
    from input: String, _ context: StepContext, _ limit: Int, _ heldOutOnly: Bool,
    text: (Item) -> String, read: ([String]) throws -> [Item]
  ) throws -> [Item] {
    let paths = context.paths(input)
    if paths.isEmpty { return [] }
    let all = try read(paths)
    guard !all.isEmpty else { throw StepFailure("the input `\(input)` holds no question") }
    let asked = heldOutOnly ? all.filter { HeldOut.split(of: text($0)) == .test } : all
    guard !asked.isEmpty else {
      throw StepFailure(
        "`held_out_only` leaves nothing to ask: none of the \(all.count) questions of the input "
          + "`\(input)` is held out",
        help: "`held_out_only: false` asks them all, trained on or not")
    }
    return Array(asked.prefix(limit))
  }
}
