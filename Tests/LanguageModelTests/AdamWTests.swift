import Kernels
import LanguageModel
import Testing

@Suite struct AdamWTests {
  @Test func threeStepsAgreeWithTheFormulaInDoublePrecision() throws {
    let configuration = GPTConfiguration(
      vocabularySize: 11, layers: 1, width: 8, heads: 2, sequenceLength: 4)
    let model = try GPT(
      configuration: configuration, pool: ThreadPool(threads: 1), maximumBatch: 1,
      trainingSequence: 4)
    var settings = OptimizerSettings()
    settings.weightDecay = 0.1
    let optimizer = try OptimizerSet(model: model, settings: settings)
    let embedding = model.parameters[0]
    var random = RandomSource(seed: 4)
    for i in 0..<embedding.count { embedding.value.pointer[i] = Float(random.normal()) }
    var p = embedding.value.buffer.map(Double.init)
    var m = p.map { _ in 0.0 }, v = p.map { _ in 0.0 }
    let rate = 0.2 / (8.0 / 768).squareRoot() * 0.5
    for step in 0..<3 {
      for i in 0..<embedding.count { embedding.gradient.pointer[i] = Float(random.normal()) }
      let g = embedding.gradient.buffer.map(Double.init)
      optimizer.step(multiplier: 0.5, stepIndex: step, clip: nil)
      var b1 = 1.0, b2 = 1.0
      for _ in 0...step { (b1, b2) = (b1 * 0.8, b2 * 0.95) }
      for i in p.indices {
        m[i] = 0.8 * m[i] + 0.2 * g[i]
        v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i]
        p[i] =
          p[i] * (1 - rate * 0.1)
          - rate * (m[i] / (1 - b1)) / ((v[i] / (1 - b2)).squareRoot() + 1e-10)
      }
    }
    for (a, b) in zip(embedding.value.buffer, p) { #expect(abs(Double(a) - b) < 2e-5) }
  }

  @Test func clippingScalesTheGradientToTheGivenNorm() throws {
    let configuration = GPTConfiguration(
      vocabularySize: 11, layers: 1, width: 8, heads: 2, sequenceLength: 4)
    func momentum(clip: Float?) throws -> (norm: Float, first: Float) {
      let model = try GPT(
        configuration: configuration, pool: ThreadPool(threads: 1), maximumBatch: 1,
        trainingSequence: 4)
      let optimizer = try OptimizerSet(model: model, settings: OptimizerSettings())
      for parameter in model.parameters {
        for i in 0..<parameter.count { parameter.gradient.pointer[i] = 0.5 }
      }
      let norm = optimizer.step(multiplier: 1, stepIndex: 0, clip: clip)
      return (norm, optimizer.state[0].tensor.pointer[0])
    }
    let free = try momentum(clip: nil), clipped = try momentum(clip: 1)
    let count = Float(configuration.parameterCount)
    #expect(abs(free.norm - 0.5 * count.squareRoot()) < 1e-3)
    #expect(clipped.norm == free.norm)
    #expect(abs(clipped.first * free.norm - free.first) < 1e-5)
  }

  @Test func muonsMomentumRisesOverItsWarmup() {
    let settings = OptimizerSettings()
    #expect(settings.momentum(step: 0) == 0.85)
    #expect(abs(settings.momentum(step: 150) - 0.90) < 1e-6)
    #expect(abs(settings.momentum(step: 10_000) - 0.95) < 1e-6)
  }
}
