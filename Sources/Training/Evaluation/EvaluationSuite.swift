import Corpus
import Kernels
package import LanguageModel
import Tokenization

/// Measures of a finished model: bits per byte, multiple choice, and answers it has to write.
package enum EvaluationSuite {
  /// Loads a checkpoint folder for evaluation, for passes of `rows` rows of at most `sequence` tokens,
  /// the model's own length by default.
  package static func load(
    _ path: String, threads: Int, rows: Int = 16, sequence: Int? = nil
  ) throws(TrainingError) -> LoadedModel {
    let pool: ThreadPool
    do throws(KernelError) { pool = try ThreadPool(threads: threads) } catch {
      throw .kernel(error)
    }
    return try checkpoint { () throws(CheckpointError) in
      try ModelFolder.load(path, pool: pool, maximumBatch: rows, sequence: sequence)
    }
  }

  // MARK: Loss

  /// Bits per byte on token shards; nil when cancelled.
  package static func loss(
    _ loaded: LoadedModel, text paths: [String], tokenLimit: Int,
    reporter: any TrainingReporter
  ) throws(TrainingError) -> LossResult? {
    let dataset: TokenDataset
    do throws(CorpusError) { dataset = try TokenDataset(paths: paths) } catch {
      throw .corpus(error)
    }
    try dataset.check(loaded.tokenizer, input: "tokens")
    guard dataset.count >= 2 else {
      throw .notEnoughData(input: "tokens", found: dataset.count, needed: 2, unit: "tokens")
    }
    return try LossEvaluation.measure(
      loaded.model, on: .text(dataset), byteLengths: loaded.tokenizer.byteLengths,
      sequence: loaded.model.trainingSequence, rows: loaded.model.maximumBatch,
      tokenLimit: tokenLimit, isCancelled: { reporter.isCancelled })
  }

  /// A score of no questions would be a number like any other.
  static func requireItems(_ count: Int, of name: String) throws(TrainingError) {
    guard count > 0 else {
      throw .notEnoughData(input: name, found: 0, needed: 1, unit: "questions")
    }
  }
}
