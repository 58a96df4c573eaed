/// Makes conversations from a seed, without any file but a word list.
///
/// Example `index` depends on the seed, the split and the index alone, so that a set may be made
/// in any order or in part. Sets of different splits share no item: no word, no sum.
package struct ConversationGenerator: Sendable {
  /// The least largest operand that leaves enough sums on both sides of the split, to the most.
  package static let operands = 9...1_000_000

  package enum Task: Sendable {
    /// "Spell the word: x" → "x:…".
    case spelling(WordList)
    /// How often a letter is in a word: spelt out, walked through, and counted by the calculator.
    case letterCounting(WordList)
    /// One step of arithmetic with the calculator; operands up to `maximum`, one of `operands`.
    case arithmetic(maximum: Int)
  }

  private enum Source: Sendable {
    case words([String], counting: Bool)
    case arithmetic(ArithmeticTask)
  }

  private let source: Source
  private let seed: UInt64

  package init(_ task: Task, split: ItemSplit, seed: Int) throws(CorpusError) {
    switch task {
    case .spelling(let list): source = .words(try list.words(in: split), counting: false)
    case .letterCounting(let list): source = .words(try list.words(in: split), counting: true)
    case .arithmetic(let maximum):
      source = .arithmetic(try ArithmeticTask(maximum: maximum, split: split))
    }
    self.seed = SplitMix64.mix(UInt64(bitPattern: Int64(seed)))
  }

  /// Example `index`, and the item (a word, a sum) that it is about.
  package func example(_ index: Int) -> (conversation: Conversation, item: String) {
    let (question, item) = question(index)
    return (question.conversation, item)
  }

  /// Example `index` as a question whose answer can be checked. A spelling example
  /// states no result.
  package func question(_ index: Int) -> (question: QuestionItem, item: String) {
    var random = SplitMix64(seed: seed ^ SplitMix64.mix(UInt64(bitPattern: Int64(index))))
    switch source {
    case .words(let words, let isCounting):
      let word = random.element(of: words)
      let item =
        isCounting
        ? LetterCounting.item(word, &random)
        : QuestionItem(
          question: "Spell the word: \(word)",
          solution: [MessagePart(kind: .text, text: LetterCounting.spelled(word))])
      return (item, word)
    case .arithmetic(let task): return task.item(&random)
    }
  }
}
