import Kernels
import LanguageModel
import Testing

@Suite(.enabled(if: Precision.bf16.isSupported)) struct GPTPrecisionTests {
  static let configuration = GPTConfiguration(
    vocabularySize: 300, layers: 2, width: 64, heads: 4, keyValueHeads: 2, sequenceLength: 65)

  private func model(_ precision: Precision, threads: Int = 2) throws -> GPT {
    let model = try GPT(
      configuration: Self.configuration, pool: ThreadPool(threads: threads), maximumBatch: 2,
      trainingSequence: 65, precision: precision)
    var random = RandomSource(seed: 3)
    for parameter in model.parameters {
      let scale = parameter.role == .embedding ? 1 : 1 / Double(parameter.columns).squareRoot()
      for i in 0..<parameter.count {
        parameter.value.pointer[i] = Float(random.normal() * scale)
      }
    }
    return model
  }

  private func step(_ model: GPT) -> LossSum {
    model.forwardBackward(
      tokens: tinyTokens(130, vocabulary: 300, seed: 1),
      targets: tinyTokens(130, vocabulary: 300, seed: 2), batch: 2, sequence: 65,
      gradientScale: 1 / 130)
  }

  @Test func gradientsStayNearThoseOfSinglePrecision() throws {
    let exact = try model(.fp32), rounded = try model(.bf16)
    let difference = step(exact).mean - step(rounded).mean
    #expect(abs(difference) < 0.02)
    for (a, b) in zip(exact.parameters, rounded.parameters) {
      var distance = 0.0, size = 0.0
      for i in 0..<a.count {
        let x = Double(a.gradient.pointer[i]), y = Double(b.gradient.pointer[i])
        distance += (x - y) * (x - y)
        size += x * x
      }
      #expect((distance / size).squareRoot() < 0.05, "\(a.name)")
    }
  }

  @Test func theNumberOfThreadsChangesNoBit() throws {
    let one = try model(.bf16, threads: 1), three = try model(.bf16, threads: 3)
    #expect(step(one) == step(three))
    for (a, b) in zip(one.parameters, three.parameters) {
      #expect(a.gradient.buffer.map(\.bitPattern) == b.gradient.buffer.map(\.bitPattern))
    }
  }

  @Test func oneBatchIsLearntByHeart() throws {
    let model = try model(.bf16)
    model.initialize(seed: 1)
    var settings = OptimizerSettings()
    settings.embeddingRate = 0.05
    let optimizer = try OptimizerSet(model: model, settings: settings)
    var last = LossSum()
    for index in 0..<120 {
      model.zeroGradients()
      last = step(model)
      optimizer.step(multiplier: 1, stepIndex: index, clip: 1)
    }
    #expect(last.mean < 0.1)
  }
}
