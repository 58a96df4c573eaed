package import Corpus
package import Kernels
package import LanguageModel
package import Tokenization

/// Why training or evaluating can't start or go on.
package enum TrainingError: Error, Sendable {
  /// An option on its own, or together with others, asks for something impossible.
  case badOption(name: String, problem: String)
  /// The tokens of a step are no multiple of the tokens of a pass; `nearest` lists what would be.
  case indivisibleStep(tokensPerStep: Int, tokensPerPass: Int, nearest: [Int])
  case missingInput(name: String, purpose: String)
  /// The inputs hold too little to make a single batch or item.
  case notEnoughData(input: String, found: Int, needed: Int, unit: String)
  /// Options and data give no step at all.
  case noSteps(explanation: String)
  case memory(needed: Int, limit: Int, plan: String)
  /// The loss is no number, or far above where training began.
  case diverged(step: Int, loss: Double, limit: Double, lastCheckpoint: String?)
  case badData(input: String, problem: String)
  /// A text that must be one token is several: letters of multiple choice.
  case notOneToken(text: String)
  /// Tokens of the data and of the tokenizer or model are not the same.
  case vocabularyMismatch(input: String, found: Int, expected: Int)
  /// As many tokens, but other ones; hashes of the tokenizers.
  case tokensOfAnotherTokenizer(input: String, found: UInt64, expected: UInt64)
  case checkpoint(CheckpointError)
  case corpus(CorpusError)
  case tokenizer(TokenizerError)
  case model(LanguageModelError)
  case kernel(KernelError)
}

/// Training stopped at a step's boundary because it was asked to, after saving what a later run
/// continues from.
package struct TrainingInterrupted: Error, Sendable {
  package var step: Int
  package var checkpoint: String
}
