internal import Kernels

/// Measures one stream: a prompt read at once, then tokens one by one, at temperature 0.
package enum InferenceBenchmark {
  package struct Report: Sendable {
    package var parameters: Int
    /// Bytes of weights that one decoded token reads: all but the embedding.
    package var weightBytes: Int
    /// The best of the rounds.
    package var prefillTokensPerSecond: Double
    package var decodeTokensPerSecond: Double
  }

  package static func run(
    configuration: GPTConfiguration, precision: Precision = .fp32,
    threads: Int = ThreadPool.processorCount, prompt: Int = 64, generated: Int = 64,
    rounds: Int = 5
  ) throws(LanguageModelError) -> Report {
    let pool: ThreadPool
    do throws(KernelError) {
      pool = try ThreadPool(threads: threads)
    } catch {
      throw .kernel(error)
    }
    let model = try GPT(
      configuration: configuration, pool: pool, maximumBatch: 1, trainingSequence: 1,
      inferenceOnly: true, precision: precision)
    model.initialize(seed: 1)
    let decoder = try GPTDecoder(
      model: model, maximumRows: 1, maximumLength: prompt + generated)
    var random = RandomSource(seed: 2)
    let ids = (0..<prompt).map { _ in Int32(random.below(configuration.vocabularySize)) }
    let weights =
      configuration.parameterCount - configuration.vocabularySize * configuration.width
    var report = Report(
      parameters: configuration.parameterCount,
      weightBytes: weights * (precision == .bf16 ? 2 : 4), prefillTokensPerSecond: 0,
      decodeTokensPerSecond: 0)
    for _ in 0..<rounds {
      decoder.truncate(row: 0)
      let start = monotonicSeconds()
      var logits = decoder.prefill(ids)
      let read = monotonicSeconds()
      for _ in 0..<generated {
        let best = Sampler.best(UnsafeBufferPointer(logits))
        logits = decoder.decode(tokens: [Int32(best)])
      }
      let end = monotonicSeconds()
      report.prefillTokensPerSecond = max(
        report.prefillTokensPerSecond, Double(prompt) / (read - start))
      report.decodeTokensPerSecond = max(
        report.decodeTokensPerSecond, Double(generated) / (end - read))
    }
    return report
  }
}
