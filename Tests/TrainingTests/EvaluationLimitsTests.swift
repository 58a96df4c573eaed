import JSON
import LanguageModel
import Testing
import Training

/// Evaluation of models and passes that are very small or very large.
@Suite struct EvaluationLimitsTests {
  let workshop: Workshop

  init() throws {
    workshop = try Workshop()
    try workshop.train(.base, into: "base", Workshop.options(.base, steps: 1))
  }

  @Test func aModelWithRoomForOneTokenRepliesNothing() throws {
    let loaded = try EvaluationSuite.load(workshop.path + "/base", threads: 1)
    for length in 1...3 {
      let replies = try BatchGenerator(loaded, rows: 2, maximumLength: length)
        .generate([[256, 1, 2, 3], [256]], sampling: .greedy, maximumTokens: 5)
      #expect(replies.map(\.count).allSatisfy { $0 <= length - 1 }, "\(length): \(replies)")
    }
  }

  @Test func memoryIsComparedBeforeTheModelIsMade() throws {
    func check(rows: Int, sequence: Int?, limit: Int?) throws -> Recorder.Report {
      let recorder = Recorder()
      try EvaluationSuite.checkMemory(
        workshop.path + "/base", threads: 1, rows: rows, sequence: sequence, limit: limit,
        reporter: recorder)
      return recorder.current
    }
    let report = try check(rows: 2, sequence: nil, limit: nil)
    let planned = try #require(report.measurements["planned_memory_bytes"]?.intValue)
    #expect(report.log.contains { $0.contains("activations and scratch") })
    do {
      _ = try check(rows: 2, sequence: nil, limit: planned / 2)
      Issue.record("accepted")
    } catch TrainingError.memory(let needed, let limit, _) {
      #expect(needed > limit && limit == planned / 2)
    }
    // What is hardly missing is not rounded away.
    let short = TrainingError.memory(needed: 23_420_000_000, limit: 23_380_000_000, plan: "…")
    #expect("\(short)" == "this needs 23.42 GB of memory, but only 23.38 GB are allowed\n…")
    // More than any machine has.
    #expect(throws: TrainingError.self) { try check(rows: 4096, sequence: 1 << 20, limit: nil) }
    #expect(throws: TrainingError.self) { try check(rows: 65_536, sequence: 1 << 20, limit: nil) }
  }
}
