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
    request.peakSide = 128
    let report = try TrainBenchmark.run(request)
    #expect(report.stepSeconds.count == 2)
    #expect(report.tokensPerSecond > 0)
    #expect(report.peaks.best >= report.peaks.native && report.peaks.native > 0)
    #expect(report.flopsPerToken == 6 * Double(12 * 64 * 64 + 300 * 64) + 12 * 64 * 32)
    #expect(abs(report.finalLoss - log(300.0)) < 1)
    #expect(report.profile.contains { $0.part == "attention_forward" && $0.seconds > 0 })
  }

  @Test func inferenceReportsBothRates() throws {
    let report = try InferenceBenchmark.run(
      configuration: .depth(1, vocabularySize: 300, sequenceLength: 64), threads: 2, prompt: 20,
      generated: 5, rounds: 2)
    #expect(report.prefillTokensPerSecond > 0 && report.decodeTokensPerSecond > 0)
    #expect(report.weightBytes == 4 * (12 * 64 * 64 + 300 * 64))
  }
}
