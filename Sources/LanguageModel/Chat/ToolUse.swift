package import Tokenization

/// Watches the tokens of one reply and answers the calculator's calls in it: which tokens come next
/// because the tool said so.
package struct ToolUse: Sendable {
  private let tokenizer: Tokenizer
  private var forced: [Int32] = []
  private var expression: [Int32]?

  package init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// The token that must follow, if the tool has something to say; otherwise one is sampled.
  package mutating func nextForced() -> Int32? {
    forced.isEmpty ? nil : forced.removeFirst()
  }

  /// Sees every token of the reply, sampled or forced.
  package mutating func accept(_ token: Int32) {
    let special = tokenizer.specialTokens
    if token == special.pythonStart {
      expression = []
    } else if token == special.pythonEnd, let collected = expression {
      expression = nil
      guard !collected.isEmpty else { return }
      let text = String(decoding: tokenizer.decode(collected), as: UTF8.self)
      guard let result = Calculator.result(of: text) else { return }
      forced.append(special.outputStart)
      forced.append(contentsOf: tokenizer.encode(result))
      forced.append(special.outputEnd)
    } else if expression != nil {
      expression?.append(token)
    }
  }

  /// Whether `token` ends the reply; it is not part of the text then.
  package static func isEnd(_ token: Int32, _ special: SpecialTokens) -> Bool {
    token == special.assistantEnd || token == special.bos
  }
}
