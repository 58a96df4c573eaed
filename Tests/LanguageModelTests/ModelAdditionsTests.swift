import Glibc
import Kernels
import LanguageModel
import Testing

@Suite struct ModelAdditionsTests {
  /// Each addition alone, all together, and none.
  static let choices: [[String]] =
    ModelAdditions.fields.map { [$0.name] } + [ModelAdditions.fields.map(\.name), []]

  static func configuration(_ names: [String], layers: Int = 3) -> GPTConfiguration {
    var c = GPTConfiguration(
      vocabularySize: 40, layers: layers, width: 32, heads: 4, keyValueHeads: 2, sequenceLength: 24)
    for field in ModelAdditions.fields where names.contains(field.name) {
      c.additions[keyPath: field.path] = true
    }
    return c
  }

  /// Every weight random and of a size at which it matters.
  static func model(
    _ c: GPTConfiguration, batch: Int = 2, threads: Int = 2, precision: Precision = .fp32,
    inferenceOnly: Bool = false
  ) throws -> GPT {
    let model = try GPT(
      configuration: c, pool: ThreadPool(threads: threads), maximumBatch: batch,
      trainingSequence: c.sequenceLength, inferenceOnly: inferenceOnly, precision: precision)
    for (index, parameter) in model.parameters.enumerated() {
      var random = RandomSource(seed: 5, stream: UInt64(index))
      let scale: Double =
        switch parameter.role {
        case .embedding, .valueEmbedding: 1
        case .head, .matrix: 1 / Double(parameter.columns).squareRoot()
        case .residualScalars, .startScalars, .gate: 0.5
        }
      for i in 0..<parameter.count {
        parameter.value.pointer[i] = Float(random.normal() * scale)
      }
    }
    return model
  }

  @Test(arguments: choices) func lossAndGradientsAgreeWithTheModelInDoublePrecision(
    names: [String]
  ) throws {
    let c = Self.configuration(names)
    let model = try Self.model(c)
    let tokens = tinyTokens(2 * 19, vocabulary: 40, seed: 1)
    var targets = tinyTokens(2 * 19, vocabulary: 40, seed: 2)
    for i in [0, 7, 20] { targets[i] = -1 }
    model.zeroGradients()
    let sum = model.forwardBackward(
      tokens: tokens, targets: targets, batch: 2, sequence: 19, gradientScale: 1 / 35)
    let reference = ReferenceModel(model)
    #expect(abs(sum.mean - reference.loss(tokens, targets, sequence: 19)) < 1e-5)
    for (index, parameter) in model.parameters.enumerated() {
      let gradient = parameter.gradient.buffer.map(Double.init)
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(norm > 0, "\(parameter.name)")
      // Along the gradient, whose derivative is its norm, and along a random direction.
      var random = RandomSource(seed: 11, stream: UInt64(index))
      let size = Double(gradient.count).squareRoot()
      for direction in [
        gradient.map { $0 / norm }, gradient.map { _ in random.normal() / size },
      ] {
        let exact = reference.derivative(
          parameter.name, along: direction, tokens, targets, sequence: 19)
        let found = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(found - exact) < 2e-5 * norm + 1e-7, "\(parameter.name): \(found) \(exact)")
      }
    }
  }

  @Test(arguments: choices) func cachedLogitsEqualUncachedOnes(names: [String]) throws {
    let c = Self.configuration(names)
    let model = try Self.model(c, batch: 1, inferenceOnly: true)
    let tokens = tinyTokens(20, vocabulary: 40, seed: 3)
    let expected = ReferenceModel(model).logits(tokens)
    var full = [Float](repeating: 0, count: 20 * 40)
    model.logits(tokens: tokens, batch: 1, sequence: 20, into: &full)
    for (row, values) in expected.enumerated() {
      for (column, value) in values.enumerated() {
        #expect(abs(Double(full[row * 40 + column]) - value) < 1e-4)
      }
    }
    let decoder = try GPTDecoder(model: model, maximumRows: 3, maximumLength: 20)
    func expectLogits(_ found: [Float], at position: Int) {
      for (a, b) in zip(found, expected[position]) { #expect(abs(Double(a) - b) < 1e-4) }
    }
    expectLogits(Array(decoder.prefill(Array(tokens[0..<6]))), at: 5)
    expectLogits(Array(decoder.decode(tokens: [tokens[6]])), at: 6)
    // A copied row and a cut one know the token before theirs.
    decoder.copyCache(fromRow: 0, to: 2)
    expectLogits(Array(decoder.decode(tokens: [tokens[7]], rows: [2])), at: 7)
    _ = decoder.decode(tokens: [39], rows: [0])
    decoder.truncate(row: 0, to: 7)
    expectLogits(Array(decoder.prefill(Array(tokens[7..<12]))), at: 11)
    _ = decoder.decode(tokens: [tokens[8]], rows: [2])
    let both = Array(decoder.decode(tokens: [tokens[12], tokens[9]], rows: [0, 2]))
    expectLogits(Array(both[..<40]), at: 12)
    expectLogits(Array(both[40...]), at: 9)
  }

  @Test func theNumberOfThreadsChangesNoBit() throws {
    func bits(threads: Int) throws -> [[UInt32]] {
      let c = Self.configuration(ModelAdditions.fields.map(\.name))
      let model = try Self.model(c, threads: threads)
      var settings = OptimizerSettings()
      settings.muon = .normuon
      let optimizer = try OptimizerSet(model: model, settings: settings)
      for step in 0..<3 {
        model.zeroGradients()
        _ = model.forwardBackward(
          tokens: tinyTokens(48, vocabulary: 40, seed: UInt64(step)),
          targets: tinyTokens(48, vocabulary: 40, seed: UInt64(step + 9)), batch: 2, sequence: 24,
          gradientScale: 1 / 48)
        optimizer.step(multiplier: 1, stepIndex: step, clip: 1)
      }
      return model.parameters.map { $0.value.buffer.map(\.bitPattern) }
    }
    let one = try bits(threads: 1)
    #expect(try bits(threads: 2) == one)
    #expect(try bits(threads: 3) == one)
  }

  @Test(arguments: InitialValues.allCases) func theFirstLossIsNearTheLogarithmOfTheVocabulary(
    values: InitialValues
  ) throws {
    let c = Self.configuration(ModelAdditions.fields.map(\.name), layers: 5)
    let model = try Self.model(c)
    model.initialize(seed: 4, values: values)
    let sum = model.forwardLoss(
      tokens: tinyTokens(48, vocabulary: 40, seed: 1),
      targets: tinyTokens(48, vocabulary: 40, seed: 2), batch: 2, sequence: 24)
    #expect(abs(sum.mean - log(40)) < (values == .nanochat2025 ? 1e-4 : 0.02))
    func numbers(_ name: String) throws -> [Float] {
      Array(try #require(model.parameters.first { $0.name == name }).value.buffer)
    }
    #expect(
      try numbers("model.residual_scalars").map { ($0 * 1000).rounded() } == [
        1150, 1125, 1100, 1075, 1050,
      ])
    #expect(try numbers("model.start_scalars").first == 0.2)
    #expect(try numbers("model.backout_scale") == [0.2] && numbers("model.smear_scale") == [0])
    #expect(try numbers("model.smear_gate.weight").allSatisfy { (0...0.02).contains($0) })
    let tables = model.parameters.filter { $0.role == .valueEmbedding }.map(\.name)
    #expect(tables == [0, 2, 4].map { "model.layers.\($0).self_attn.value_embed.weight" })
    let input = try numbers("model.layers.1.mlp.fc1.weight")
    if values == .nanochat2026 {
      let bound = Float(0.4 * (3.0 / 32).squareRoot())
      #expect(input.allSatisfy { abs($0) <= bound } && input.contains { abs($0) > 0.98 * bound })
      let head = try numbers("lm_head.weight")
      let deviation = (head.reduce(0) { $0 + $1 * $1 } / Float(head.count)).squareRoot()
      #expect(abs(deviation - 0.001) < 1e-4)
    }
  }

  @Test func theShapeOfAPlainModelIsWhatItWas() throws {
    let plain = Self.configuration([]), full = Self.configuration(ModelAdditions.fields.map(\.name))
    #expect(plain.parameterCount == 12 * 3 * 32 * 32 - 3 * 2 * 16 * 32 + 2 * 40 * 32)
    #expect(
      full.parameterShapes.prefix(plain.parameterShapes.count).map(\.name)
        == plain.parameterShapes.map(\.name))
    // Tables cost no products.
    let added = 2 * 2 * 12 + 3 + 3 + 24 + 1 + 1
    #expect(full.parameterCount == plain.parameterCount + added + 2 * 40 * 16)
    #expect(
      full.flopsPerToken(sequence: 24) == plain.flopsPerToken(sequence: 24) + 6 * Double(added))
  }

  @Test(.enabled(if: Precision.bf16.isSupported)) func inHalfPrecisionGradientsStayNear() throws {
    let c = Self.configuration(ModelAdditions.fields.map(\.name))
    let models = [try Self.model(c), try Self.model(c, precision: .bf16)]
    for model in models {
      model.zeroGradients()
      _ = model.forwardBackward(
        tokens: tinyTokens(48, vocabulary: 40, seed: 1),
        targets: tinyTokens(48, vocabulary: 40, seed: 2), batch: 2, sequence: 24,
        gradientScale: 1 / 48)
    }
    for (a, b) in zip(models[0].parameters, models[1].parameters) {
      let distance = zip(a.gradient.buffer, b.gradient.buffer)
        .reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
      let size = a.gradient.buffer.reduce(0.0) { $0 + pow(Double($1), 2) }
      #expect((distance / size).squareRoot() < 0.1, "\(a.name)")
    }
  }
}
