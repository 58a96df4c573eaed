import Kernels
import LanguageModel
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A model of a few thousand parameters with every weight random.
func tinyModel(
  _ configuration: GPTConfiguration, batch: Int, sequence: Int, threads: Int = 2,
  randomizing: Bool = true
) throws -> GPT {
  _ = try BLAS.load()
  let pool = try ThreadPool(threads: threads)
  let model = try GPT(
    configuration: configuration, pool: pool, maximumBatch: batch, trainingSequence: sequence)
  model.initialize(seed: 7)
  if randomizing {
    var random = RandomSource(seed: 3)
    for parameter in model.parameters {
      let scale = parameter.role == .embedding ? 1 : 1 / Double(parameter.columns).squareRoot()
      for i in 0..<parameter.count {
        parameter.value.pointer[i] = Float(random.normal() * scale)
      }
    }
  }
  return model
}

func tinyTokens(_ count: Int, vocabulary: Int, seed: UInt64) -> [Int32] {
  var random = RandomSource(seed: seed)
  return (0..<count).map { _ in Int32(random.below(vocabulary)) }
}

@Suite struct GPTTests {
  static let shapes = [
    GPTConfiguration(
      vocabularySize: 50, layers: 2, width: 24, heads: 3, sequenceLength: 16),
    GPTConfiguration(
      vocabularySize: 600, layers: 2, width: 32, heads: 4, keyValueHeads: 2, sequenceLength: 20),
  ]

  @Test(arguments: shapes) func firstLossIsTheLogarithmOfTheVocabulary(
    configuration: GPTConfiguration
  ) throws {
    let model = try tinyModel(configuration, batch: 2, sequence: 16, randomizing: false)
    let tokens = tinyTokens(32, vocabulary: configuration.vocabularySize, seed: 1)
    let targets = tinyTokens(32, vocabulary: configuration.vocabularySize, seed: 2)
    let sum = model.forwardLoss(tokens: tokens, targets: targets, batch: 2, sequence: 16)
    #expect(sum.count == 32)
    #expect(abs(sum.mean - log(Double(configuration.vocabularySize))) < 1e-3)
  }

  @Test(arguments: shapes) func gradientsAgreeWithFiniteDifferences(
    configuration: GPTConfiguration
  ) throws {
    let model = try tinyModel(configuration, batch: 2, sequence: 12)
    let tokens = tinyTokens(24, vocabulary: configuration.vocabularySize, seed: 1)
    var targets = tinyTokens(24, vocabulary: configuration.vocabularySize, seed: 2)
    for i in [0, 5, 23] { targets[i] = -1 }
    model.zeroGradients()
    let sum = model.forwardBackward(
      tokens: tokens, targets: targets, batch: 2, sequence: 12, gradientScale: 1 / 21)
    #expect(sum.count == 21)
    func loss() -> Double {
      model.forwardLoss(tokens: tokens, targets: targets, batch: 2, sequence: 12).mean
    }
    // Along a random direction in each parameter, and along the gradient itself.
    for parameter in model.parameters {
      var random = RandomSource(seed: 9)
      let saved = Array(parameter.value.buffer)
      let gradient = Array(parameter.gradient.buffer)
      let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(norm > 0)
      for direction in 0..<2 {
        let d =
          direction == 0
          ? gradient.map { Double($0) / norm }
          : gradient.map { _ in random.normal() / Double(gradient.count).squareRoot() }
        let step = 4e-3
        for i in saved.indices { parameter.value.pointer[i] = saved[i] + Float(step * d[i]) }
        let up = loss()
        for i in saved.indices { parameter.value.pointer[i] = saved[i] - Float(step * d[i]) }
        let down = loss()
        for i in saved.indices { parameter.value.pointer[i] = saved[i] }
        let numeric = (up - down) / (2 * step)
        let exact = zip(gradient, d).reduce(0.0) { $0 + Double($1.0) * $1.1 }
        #expect(
          abs(numeric - exact) < 2e-3 * norm + 1e-4, "\(parameter.name): \(numeric) \(exact)")
      }
    }
  }

  @Test func noCountedTargetGivesNoLossAndNoGradient() throws {
    let model = try tinyModel(Self.shapes[0], batch: 1, sequence: 8)
    let tokens = tinyTokens(8, vocabulary: 50, seed: 1)
    model.zeroGradients()
    let sum = model.forwardBackward(
      tokens: tokens, targets: Array(repeating: -1, count: 8), batch: 1, sequence: 8,
      gradientScale: 1)
    #expect(sum == LossSum())
    #expect(model.gradientNorm() == 0)
  }

  @Test func theNumberOfThreadsChangesNoBit() throws {
    func bytes(threads: Int) throws -> [[UInt32]] {
      let model = try tinyModel(Self.shapes[1], batch: 4, sequence: 20, threads: threads)
      let optimizer = try OptimizerSet(model: model, settings: OptimizerSettings())
      for step in 0..<3 {
        model.zeroGradients()
        _ = model.forwardBackward(
          tokens: tinyTokens(80, vocabulary: 600, seed: UInt64(step)),
          targets: tinyTokens(80, vocabulary: 600, seed: UInt64(step + 50)), batch: 4,
          sequence: 20, gradientScale: 1 / 80)
        optimizer.step(multiplier: 1, stepIndex: step, clip: 1)
      }
      return model.parameters.map { $0.value.buffer.map(\.bitPattern) }
    }
    let one = try bytes(threads: 1)
    #expect(try bytes(threads: 2) == one)
    #expect(try bytes(threads: 3) == one)
  }

  @Test func oneBatchIsLearntByHeart() throws {
    let model = try tinyModel(Self.shapes[1], batch: 2, sequence: 16, randomizing: false)
    var settings = OptimizerSettings()
    settings.embeddingRate = 0.05
    let optimizer = try OptimizerSet(model: model, settings: settings)
    let tokens = tinyTokens(32, vocabulary: 600, seed: 1)
    let targets = tinyTokens(32, vocabulary: 600, seed: 2)
    var last = LossSum()
    for step in 0..<150 {
      model.zeroGradients()
      last = model.forwardBackward(
        tokens: tokens, targets: targets, batch: 2, sequence: 16, gradientScale: 1 / 32)
      optimizer.step(multiplier: 1, stepIndex: step, clip: 1)
    }
    #expect(last.mean < 0.1)
  }

  @Test(arguments: shapes) func cachedLogitsEqualUncachedOnes(configuration: GPTConfiguration)
    throws
  {
    let model = try tinyModel(configuration, batch: 1, sequence: 16)
    let vocabulary = configuration.vocabularySize
    let tokens = tinyTokens(16, vocabulary: vocabulary, seed: 1)
    var full = [Float](repeating: 0, count: 16 * vocabulary)
    model.logits(tokens: tokens, batch: 1, sequence: 16, into: &full)
    let decoder = try GPTDecoder(model: model, maximumRows: 6, maximumLength: 16)
    func expectEqual(_ logits: Slice<UnsafeMutableBufferPointer<Float>>, position: Int) {
      let expected = full[position * vocabulary..<(position + 1) * vocabulary]
      for (a, b) in zip(logits, expected) { #expect(abs(a - b) < 1e-4) }
    }
    expectEqual(decoder.prefill(Array(tokens[0..<5]))[...], position: 4)
    expectEqual(decoder.prefill(Array(tokens[5..<7]))[...], position: 6)
    for row in 1..<6 { decoder.copyCache(fromRow: 0, to: row) }
    for position in 7..<12 {
      let logits = decoder.decode(tokens: Array(repeating: tokens[position], count: 6))
      for row in 0..<6 {
        expectEqual(logits[row * vocabulary..<(row + 1) * vocabulary], position: position)
      }
    }
    expectEqual(decoder.decode(tokens: [tokens[12]], rows: [4])[...], position: 12)
  }

  @Test func theMemoryPlanIsWhatIsTaken() throws {
    func residentBytes() throws -> Int {
      let file = try #require(fopen("/proc/self/statm", "r"))
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 128)
      fgets(&line, 128, file)
      let fields = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split(separator: " ")
      return try #require(Int(fields[1])) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
    let c = GPTConfiguration(
      vocabularySize: 4000, layers: 4, width: 256, heads: 2, sequenceLength: 256)
    let before = try residentBytes()
    let model = try GPT(
      configuration: c, pool: ThreadPool(threads: 2), maximumBatch: 8, trainingSequence: 256)
    let optimizer = try OptimizerSet(model: model, settings: OptimizerSettings())
    let taken = try residentBytes() - before
    let planned =
      GPT.plannedBytes(configuration: c, maximumBatch: 8, trainingSequence: 256, threads: 2)
      + OptimizerSet.plannedBytes(configuration: c, threads: 2)
    // Other tests run beside this one, so only a gross difference is an error here; `MemoryStories`
    // weighs trainers that are alone in their process.
    #expect(abs(Double(taken) / Double(planned) - 1) < 0.6)
    withExtendedLifetime((model, optimizer)) {}
  }
}
