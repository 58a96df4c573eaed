import Kernels
import LanguageModel
import Tokenization

/// A model of random weights, every one of them different from zero, and a tokenizer of bytes.
enum TinyModel {
  static let configuration = GPTConfiguration(
    vocabularySize: 265, layers: 2, width: 32, heads: 2, keyValueHeads: 1, sequenceLength: 64)

  static func tokenizer() throws -> Tokenizer {
    try Tokenizer(vocabulary: .bytes, pattern: .nanochat)
  }

  static func make(seed: UInt64 = 1, batch: Int = 2) throws -> GPT {
    let model = try GPT(
      configuration: configuration, pool: ThreadPool(threads: 1), maximumBatch: batch,
      trainingSequence: configuration.sequenceLength, inferenceOnly: true)
    for (index, parameter) in model.parameters.enumerated() {
      var random = RandomSource(seed: seed, stream: UInt64(index))
      let deviation = parameter.role == .embedding ? 1 : 0.2
      for place in 0..<parameter.count {
        parameter.value.pointer[place] = Float(random.normal() * deviation)
      }
    }
    return model
  }

  /// Logits of one sequence, `ids.count` rows of the vocabulary.
  static func logits(_ model: GPT, _ ids: [Int32]) -> [Float] {
    var logits = [Float](repeating: 0, count: ids.count * model.configuration.vocabularySize)
    logits.withUnsafeMutableBufferPointer { logits in
      guard let base = logits.baseAddress else { return }
      model.logits(tokens: ids, batch: 1, sequence: ids.count, into: base)
    }
    return logits
  }

  /// What a reply at temperature zero is, without any cache.
  static func greedyReply(_ model: GPT, after prompt: [Int32], tokens: Int) -> [Int32] {
    var ids = prompt
    while ids.count < prompt.count + tokens {
      let row = logits(model, ids).suffix(model.configuration.vocabularySize)
      let next = Array(row).withUnsafeBufferPointer { Int32(Sampler.best($0)) }
      if next == 256 || next == 260 { break }
      ids.append(next)
    }
    return Array(ids.dropFirst(prompt.count))
  }
}
