/// One-step sums in words, with their worked answers. Both operands are at most `maximum`.
struct ArithmeticTask: Sendable {
  private let maximum: Int
  private let split: ItemSplit

  init(maximum: Int, split: ItemSplit) throws(CorpusError) {
    guard ConversationGenerator.operands.contains(maximum) else {
      throw .generator(.operandOutOfRange(maximum, ConversationGenerator.operands))
    }
    self.maximum = maximum
    self.split = split
  }

  /// Draws sums until one is on the right side of the split.
  func item(_ random: inout SplitMix64) -> (question: QuestionItem, item: String) {
    while true {
      let kind = random.below(4)
      let sum = draw(kind, &random)
      // `a+b` and `b+a` are one item.
      let key =
        kind == 0 || kind == 2
        ? "\(min(sum.left, sum.right))\(sum.sign)\(max(sum.left, sum.right))"
        : "\(sum.left)\(sum.sign)\(sum.right)"
      guard HeldOut.split(of: key) == split else { continue }
      let expression = "\(sum.left)\(sum.sign)\(sum.right)"
      let solution = [
        MessagePart(kind: .text, text: "\(expression) = "),
        MessagePart(kind: .python, text: expression),
        MessagePart(kind: .pythonOutput, text: "\(sum.result)"),
        MessagePart(kind: .text, text: "\(sum.result)\n#### \(sum.result)"),
      ]
      let question = QuestionItem(
        question: wording(kind, sum.left, sum.right, &random), solution: solution)
      return (question, key)
    }
  }

  private func draw(
    _ kind: Int, _ random: inout SplitMix64
  ) -> (left: Int, right: Int, sign: String, result: Int) {
    // What is multiplied and divided by stays easy: up to 12 where operands go to 100.
    let small = Int(Double(maximum).squareRoot()) + 2
    switch kind {
    case 0:
      let (left, right) = (1 + random.below(maximum), 1 + random.below(maximum))
      return (left, right, "+", left + right)
    case 1:
      let left = 1 + random.below(maximum)
      let right = 1 + random.below(left)
      return (left, right, "-", left - right)
    case 2:
      let (left, right) = (1 + random.below(maximum), 1 + random.below(small))
      return (left, right, "*", left * right)
    default:
      let right = 1 + random.below(small)
      let result = 1 + random.below(min(small * 2, maximum / right))
      return (right * result, right, "/", result)
    }
  }

  private static let names = ["Anna", "Omar", "Lena", "Ravi", "Mia", "Noah", "Chen", "Sara"]
  private static let things = ["apples", "shells", "coins", "nuts", "cards", "marbles", "books"]

  private func wording(
    _ kind: Int, _ left: Int, _ right: Int, _ random: inout SplitMix64
  ) -> String {
    let name = random.element(of: Self.names)
    let things = random.element(of: Self.things)
    let (sign, word) = [("+", "plus"), ("-", "minus"), ("*", "times"), ("/", "divided by")][kind]
    switch random.below(7) {
    case 0: return "What is \(left) \(sign) \(right)?"
    case 1: return "What is \(left)\(sign)\(right)?"
    case 2: return "What is \(left) \(word) \(right)?"
    case 3: return "How much is \(left) \(word) \(right)?"
    case 4: return "Calculate \(left) \(sign) \(right)."
    case 5: return "\(left) \(sign) \(right)"
    default: break
    }
    switch kind {
    case 0:
      return "\(name) has \(left) \(things) and gets \(right) more. "
        + "How many \(things) does \(name) have now?"
    case 1:
      return "\(name) has \(left) \(things) and gives away \(right). "
        + "How many \(things) are left?"
    case 2:
      return "\(name) has \(left) boxes. Each box holds \(right) \(things). "
        + "How many \(things) are there?"
    default:
      return "\(name) shares \(left) \(things) equally among \(right) friends. "
        + "How many \(things) does each friend get?"
    }
  }
}
