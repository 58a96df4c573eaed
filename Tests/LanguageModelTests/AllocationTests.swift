import Kernels
import LanguageModel
import Synchronization
import TestSupport
import Testing

/// Once a model and its optimisers are made, whole steps take no memory from the heap: zeroing,
/// forward and backward of several passes, the norm, clipping, AdamW and Muon, on all of the pool's
/// threads.
@Suite(.enabled(if: AllocationCounter.isAvailable)) struct AllocationTests {
  static let cases: [(precision: Precision, additions: Bool, muon: MuonKind)] =
    Precision.allCases.filter(\.isSupported).flatMap { precision in
      MuonKind.allCases.flatMap { muon in
        [(precision, false, muon), (precision, true, muon)]
      }
    }

  @Test(arguments: cases) func aStepTakesNoMemory(
    precision: Precision, additions: Bool, muon: MuonKind
  ) throws {
    let model = try ModelAdditionsTests.model(
      ModelAdditionsTests.configuration(additions ? ModelAdditions.fields.map(\.name) : []),
      precision: precision)
    var settings = OptimizerSettings()
    settings.muon = muon
    let optimizer = try OptimizerSet(model: model, settings: settings)
    let tokens = tinyTokens(2 * 19, vocabulary: 40, seed: 1)
    let all = tinyTokens(2 * 19, vocabulary: 40, seed: 2)
    // What fine-tuning gives: replies only.
    let replies = all.enumerated().map { $0.offset % 5 < 2 ? $0.element : -1 }

    // Expectations would take memory of their own, so they come after all steps.
    var losses = 0.0
    var norms: Float = 0
    func step(_ index: Int) {
      model.zeroGradients()
      var sum = LossSum()
      for targets in [all, replies] {
        sum += model.forwardBackward(
          tokens: tokens, targets: targets, batch: 2, sequence: 19, gradientScale: 1 / 60)
      }
      losses += sum.mean
      norms += model.gradientNorm()
      norms += optimizer.step(multiplier: 1, stepIndex: index, clip: 0.01)
    }

    step(0)
    let counter = AllocationCounter()
    watch(model.pool, with: counter)
    for index in 1..<6 { step(index) }
    leave(model.pool)
    if counter.count > 0 { counter.printFirst() }
    #expect(counter.count == 0)
    #expect(losses.isFinite && losses > 0 && norms.isFinite && norms > 0)
  }

  /// The test would say zero too if nothing were counted.
  @Test func workersAreCounted() throws {
    let pool = try ThreadPool(threads: 3)
    let counter = AllocationCounter()
    watch(pool, with: counter)
    together(pool) { withExtendedLifetime([Int](repeating: $0, count: 100 + $0)) {} }
    leave(pool)
    #expect(counter.count >= 3)
  }

  private func watch(_ pool: ThreadPool, with counter: AllocationCounter) {
    together(pool) { _ in counter.watchThread() }
  }

  private func leave(_ pool: ThreadPool) {
    together(pool) { _ in AllocationCounter.leaveThread() }
  }

  /// Runs `body` once on each thread of the pool: none goes on before all have come.
  private func together(_ pool: ThreadPool, _ body: (Int) -> Void) {
    let arrived = Atomic(0)
    pool.parallel(chunks: pool.threads) { chunk in
      body(chunk)
      arrived.add(1, ordering: .acquiringAndReleasing)
      while arrived.load(ordering: .acquiring) < pool.threads {}
    }
  }
}
