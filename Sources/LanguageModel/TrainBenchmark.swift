package import Kernels

/// Measures whole training steps of 8,192 tokens on random tokens: forward, backward, clipping,
/// AdamW and Muon.
package enum TrainBenchmark {
  package struct Request: Sendable {
    package var configuration: GPTConfiguration
    package var precision: Precision
    package var products: ProductLibrary
    package var sequence: Int
    package var tokensPerStep: Int
    /// Sequences of one pass; several passes make a step.
    package var batch: Int
    package var threads: Int
    package var warmupSteps: Int
    package var steps: Int
    /// Side of the matrices whose product gives the peak.
    package var peakSide = 2048

    package init(
      depth: Int, precision: Precision = .fp32, sequence: Int = 512, vocabulary: Int = 10_240,
      threads: Int = ThreadPool.processorCount, steps: Int = 3
    ) throws(LanguageModelError) {
      configuration = try .depth(depth, vocabularySize: vocabulary, sequenceLength: sequence)
      self.precision = precision
      products = .native
      self.sequence = sequence
      tokensPerStep = max(sequence, 8192 / sequence * sequence)
      batch = tokensPerStep / sequence
      self.threads = threads
      warmupSteps = 1
      self.steps = steps
    }
  }

  package struct Report: Sendable {
    package var parameters: Int
    package var tokensPerStep: Int
    package var flopsPerToken: Double
    /// Operations of one step's optimiser, X Xᵀ and A A counted half for their symmetry.
    package var muonFlops: Double
    package var plannedBytes: Int
    /// Seconds of each measured step.
    package var stepSeconds: [Double]
    /// Seconds a step by part.
    package var profile: [(part: String, seconds: Double)]
    /// GFLOP/s of large single-precision products.
    package var peaks: BLAS.Peak
    package var blas: BLASInfo?
    package var finalLoss: Double

    package var medianSeconds: Double {
      let sorted = stepSeconds.sorted()
      return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
    package var tokensPerSecond: Double { Double(tokensPerStep) / medianSeconds }
    package var gigaflops: Double {
      (Double(tokensPerStep) * flopsPerToken + muonFlops) / medianSeconds / 1e9
    }
    /// Share of the measured fp32 peak, Muon's products counted.
    package var shareOfPeak: Double { gigaflops / peaks.best }
  }

  package static func run(_ request: Request) throws(LanguageModelError) -> Report {
    let configuration = request.configuration
    let pool: ThreadPool
    let peaks: BLAS.Peak
    var info: BLASInfo?
    do throws(KernelError) {
      pool = try ThreadPool(threads: request.threads)
      do throws(KernelError) {
        info = try BLAS.load()
      } catch .openBLASUnavailable {
        // The peak is then that of our own products, which need no library.
      }
      peaks = try BLAS.measuredPeaks(pool: pool, side: request.peakSide)
    } catch {
      throw .kernel(error)
    }
    let model = try GPT(
      configuration: configuration, pool: pool, maximumBatch: request.batch,
      trainingSequence: request.sequence, precision: request.precision,
      products: request.products)
    model.initialize(seed: 1)
    let optimizer = try OptimizerSet(model: model, settings: OptimizerSettings())
    let profile = TrainingProfile()
    model.profile = profile
    var random = RandomSource(seed: 2)
    let count = request.batch * request.sequence
    var seconds: [Double] = []
    var loss = LossSum()
    for step in 0..<request.warmupSteps + request.steps {
      if step == request.warmupSteps { profile.reset() }
      let stream = (0...request.tokensPerStep).map { _ in
        Int32(random.below(configuration.vocabularySize))
      }
      let start = monotonicSeconds()
      model.zeroGradients()
      loss = LossSum()
      stream.withUnsafeBufferPointer { stream in
        guard let tokens = stream.baseAddress else { return }
        for first in Swift.stride(from: 0, to: request.tokensPerStep, by: count) {
          loss += model.forwardBackward(
            tokens: tokens + first, targets: tokens + first + 1, batch: request.batch,
            sequence: request.sequence, gradientScale: 1 / Float(request.tokensPerStep))
        }
      }
      optimizer.step(multiplier: 1, stepIndex: step, clip: 1)
      if step >= request.warmupSteps { seconds.append(monotonicSeconds() - start) }
    }
    return Report(
      parameters: configuration.parameterCount, tokensPerStep: request.tokensPerStep,
      flopsPerToken: configuration.flopsPerToken(sequence: request.sequence),
      muonFlops: muonFlops(configuration),
      plannedBytes: GPT.plannedBytes(
        configuration: configuration, maximumBatch: request.batch,
        trainingSequence: request.sequence, threads: request.threads)
        + OptimizerSet.plannedBytes(configuration: configuration, threads: request.threads),
      stepSeconds: seconds,
      profile: TrainingProfile.Part.allCases.map {
        ($0.rawValue, profile.seconds[$0, default: 0] / Double(max(1, request.steps)))
      }, peaks: peaks, blas: info, finalLoss: loss.mean)
  }

  /// Five Newton–Schulz steps on every matrix.
  static func muonFlops(_ configuration: GPTConfiguration) -> Double {
    configuration.parameterShapes.filter { $0.role == .matrix }.reduce(0) { sum, shape in
      let n = Double(min(shape.rows, shape.columns)), m = Double(max(shape.rows, shape.columns))
      return sum + 5 * (n * n * m + n * n * n + 2 * n * n * m)
    }
  }
}
