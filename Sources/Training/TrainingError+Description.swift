import Corpus
import Diagnostics
import Kernels
import LanguageModel
import Tokenization

extension TrainingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .badOption(let name, let problem): "`\(name)` \(problem)"
    case .indivisibleStep(let tokensPerStep, let tokensPerPass, let nearest):
      "`tokens_per_step` is \(tokensPerStep), but one pass takes \(tokensPerPass) tokens "
        + "(`batch_rows` × `sequence_length`) and a step is a whole number of passes: "
        + nearest.map(String.init).joined(separator: " or ") + " would do"
    case .missingInput(let name, let purpose): "the input `\(name)` is missing: \(purpose)"
    case .notEnoughData(let input, let found, let needed, let unit):
      "`\(input)` holds \(found) \(unit), but at least \(needed) are needed"
    case .noSteps(let explanation): "there is nothing to train: \(explanation)"
    case .memory(let needed, let limit, let plan): Self.memory(needed, limit) + "\n" + plan
    case .diverged(let step, let loss, let limit, let lastCheckpoint):
      (loss.isFinite
        ? "the loss exploded to \(Self.rounded(loss)) at step \(step), above \(Self.rounded(limit))"
        : "the loss or its gradient is no number at step \(step)")
        + (lastCheckpoint.map { "; the last good checkpoint is \($0)" } ?? "")
        + "; lower the learning rates or clip harder"
    case .badData(let input, let problem): "`\(input)`: \(problem)"
    case .notOneToken(let text):
      "`\(text)` is more than one token, so multiple choice can't be scored by its first one"
    case .vocabularyMismatch(let input, let found, let expected):
      "`\(input)` was made with a vocabulary of \(found) tokens, the tokenizer in use here has "
        + "\(expected): encode the text with this tokenizer"
    case .tokensOfAnotherTokenizer(let input, let found, let expected):
      "`\(input)` was made by the tokenizer with hash \(found.hexadecimal), not by the one in use here, "
        + "\(expected.hexadecimal): encode the text with this tokenizer"
    case .checkpoint(let error): error.description
    case .corpus(let error): "\(error)"
    case .tokenizer(let error): error.description
    case .model(let error): error.description
    case .kernel(let error): error.description
    }
  }

  private static func memory(_ needed: Int, _ limit: Int) -> String {
    let (needed, limit) = Format.distinctBytes(needed, limit)
    return "this needs \(needed) of memory, but only \(limit) are allowed"
  }

  static func rounded(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return String(value) }
    return String((value * 100).rounded() / 100)
  }
}
