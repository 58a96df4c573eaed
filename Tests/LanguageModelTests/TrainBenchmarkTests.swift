import Kernels
import LanguageModel
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct TrainBenchmarkTests {
  @Test func aSmallRunReportsItsSteps() throws {
    var request = try TrainBenchmark.Request(depth: 1, sequence: 32, vocabulary: 300, threads: 2)
    request.tokensPerStep = 256
    request.batch = 4
    request.steps = 2
    let report = try TrainBenchmark.run(request)
    #expect(report.stepSeconds.count == 2)
    #expect(report.tokensPerSecond > 0)
    #expect(report.peaks.best >= report.peaks.native && report.peaks.native > 0)
    #expect(report.flopsPerToken == 6 * Double(12 * 64 * 64 + 300 * 64) + 12 * 64 * 32)
    #expect(abs(report.finalLoss - log(300.0)) < 1)
    #expect(report.profile.contains { $0.part == "attention_forward" && $0.seconds > 0 })
  }

  /// `NANOBUILD_BENCH_DECODE=4` prints decoding speed; off in ordinary runs.
  @Test(.enabled(if: getenv("NANOBUILD_BENCH_DECODE") != nil)) func decoding() throws {
    let depth = getenv("NANOBUILD_BENCH_DECODE").flatMap { Int(String(cString: $0)) } ?? 4
    let report = try InferenceBenchmark.run(
      configuration: .depth(depth, vocabularySize: 10_240, sequenceLength: 512))
    print("decode", depth, report)
  }
}
