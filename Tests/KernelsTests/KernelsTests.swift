import Kernels
import Testing

@Suite struct RandomSourceTests {
  @Test func theSameSeedGivesTheSameNumbersForEver() {
    var random = RandomSource(seed: 42)
    #expect((0..<3).map { _ in random.next() } == Self.golden)
  }

  static let golden: [UInt64] = [
    15_021_278_609_987_233_951, 5_881_210_131_331_364_753, 18_149_643_915_985_481_100,
  ]

  @Test func normalNumbersHaveTheMomentsOfTheNormalDistribution() {
    var random = RandomSource(seed: 1)
    let numbers = (0..<100_000).map { _ in random.normal() }
    let mean = numbers.reduce(0, +) / 100_000
    let square = numbers.reduce(0) { $0 + $1 * $1 } / 100_000
    let fourth = numbers.reduce(0) { $0 + $1 * $1 * $1 * $1 } / 100_000
    #expect(abs(mean) < 0.02)
    #expect(abs(square - 1) < 0.02)
    #expect(abs(fourth - 3) < 0.15)
  }
}

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 5]) func everyChunkRunsOnce(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    let counts = try Tensor(shape: [97])
    for _ in 0..<200 { pool.parallel(chunks: 97) { counts.pointer[$0] += 1 } }
    #expect(counts.buffer.allSatisfy { $0 == 200 })
  }
}

@Suite struct BLASTests {
  @Test func theLoadedLibraryMultiplies() throws {
    let info = try BLAS.load()
    #expect(!info.core.isEmpty)
    var c: [Float] = [0, 0, 0, 0]
    BLAS.multiply(into: &c, [1, 2, 3, 4], [5, 6, 7, 8], m: 2, n: 2, k: 2)
    #expect(c == [19, 22, 43, 50])
  }
}
