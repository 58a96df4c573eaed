import Corpus
import LanguageModel
import Tokenization

/// Greedy continuations of fixed prompts, to see what a model has learnt so far.
struct TextSampler {
  let model: GPT
  let tokenizer: Tokenizer
  let prompts: [String]
  let tokens: Int
  /// The prompts are questions of a user, not beginnings of a text.
  let isChat: Bool

  /// A line for each prompt. Uncached passes through the training model: a few short rows cost less
  /// than a cache would.
  func sample() -> [String] {
    prompts.map { prompt in
      let start = promptTokens(prompt)
      guard start.count < model.trainingSequence else { return prompt + " | (too long)" }
      return prompt + " | " + text(continuing: start)
    }
  }

  private func promptTokens(_ prompt: String) -> [Int32] {
    if isChat {
      return ConversationRenderer(tokenizer, maxTokens: model.trainingSequence)
        .promptIds(for: [Message(role: .user, text: prompt)])
    }
    return [tokenizer.specialTokens.bos] + tokenizer.encode(prompt)
  }

  private func text(continuing start: [Int32]) -> String {
    let special = tokenizer.specialTokens
    var ids = start
    var logits = [Float](repeating: 0, count: model.configuration.vocabularySize)
    while ids.count < start.count + tokens, ids.count < model.trainingSequence {
      let next = logits.withUnsafeMutableBufferPointer { logits -> Int32 in
        guard let base = logits.baseAddress else { return special.bos }
        model.logits(
          tokens: ids, batch: 1, sequence: ids.count, rows: [ids.count - 1], into: base)
        return Int32(Sampler.best(UnsafeBufferPointer(logits)))
      }
      if next == special.bos || next == special.assistantEnd { break }
      ids.append(next)
    }
    var text = ""
    var decoder = StreamingDecoder(tokenizer)
    for id in ids.dropFirst(start.count) {
      text += special.name(of: id).map { decoder.finish() + $0 } ?? decoder.append(id)
    }
    text += decoder.finish()
    return Self.printable(text)
  }

  /// On one line, without the control characters that a model may write and a terminal would obey.
  private static func printable(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": line += "\\n"
      case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}": line += "\u{fffd}"
      default: line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}
