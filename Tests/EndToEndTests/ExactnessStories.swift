import Glibc
import TestSupport
import Testing

/// Training through the real program gives the same bytes, whatever happens on the way.
///
/// The ordinary run kills each stage once; `NANOBUILD_EXACTNESS=1` kills each five times, in single
/// precision and (where the processor has it) in bf16.
@Suite(.serialized) struct ExactnessStories {
  private static let isFull = getenv("NANOBUILD_EXACTNESS") != nil
  private static let stages = ["base", "mid", "sft"]

  /// Three stages on the shipped data; a step takes some ten milliseconds.
  private static func pipeline(precision: String, steps: Int) -> String {
    let loop = """
      steps: \(steps), batch_rows: 4, evaluate_every: 10, evaluation_tokens: 1024,
            sample_every: 12, sample_tokens: 3, save_every: 4, keep_checkpoints: 3,
            precision: \(precision)
      """
    return """
      nanobuild: 1
      assets:
      \(SampleData.assets(vocabulary: 512, conversations: 300))
        base:
          step: train.base
          inputs: {tokens: tokens, validation: tokens, tokenizer: tokenizer}
          with:
            {layers: 2, width: 64, heads: 2, key_value_heads: 1, sequence_length: 128,
            tokens_per_step: 1024, \(loop)}
        mid:
          step: train.mid
          inputs: {model: base, conversations: chats, tokens: tokens, validation: chats}
          with: {text_fraction: 0.3, \(loop)}
        sft:
          step: train.sft
          inputs: {model: mid, conversations: chats, validation: chats}
          with: {tokens_per_step: 1024, \(loop)}

      """
  }

  private func project(precision: String = "fp32", steps: Int) throws -> TestProject {
    let project = try SampleData.project(Self.pipeline(precision: precision, steps: steps))
    #expect(try project.run("run", "tokens", "chats").status == 0)
    return project
  }

  /// The bytes of a stage's result, by file.
  private func result(_ project: TestProject, _ stage: String) throws -> [String: [UInt8]] {
    let folder = "cache/current/default/" + stage
    var files: [String: [UInt8]] = [:]
    for name in try project.list(folder) { files[name] = try project.bytes(folder + "/" + name) }
    return files
  }

  private func expectSame(_ project: TestProject, as other: TestProject) throws {
    for stage in Self.stages {
      let (found, expected) = (try result(project, stage), try result(other, stage))
      #expect(found.keys.sorted() == expected.keys.sorted(), "\(stage)")
      for (name, bytes) in expected { #expect(found[name] == bytes, "\(stage)/\(name)") }
    }
  }

  @Test(arguments: ["fp32", "bf16"]) func killedAnywhereTheStagesEndInTheSameBytes(
    precision: String
  ) throws {
    if precision == "bf16", try !multipliesBF16() { return }
    let steps = Self.isFull ? 160 : 40
    let kills = Self.isFull ? 5 : 1
    let steady = try project(precision: precision, steps: steps)
    for stage in Self.stages {
      let end = try steady.run(arguments: ["run", stage])
      #expect(end.status == 0, "\(end.error)")
    }

    let killed = try project(precision: precision, steps: steps)
    var numbers = SeededNumbers(seed: precision == "fp32" ? 11 : 12)
    for stage in Self.stages {
      var left = kills
      while left > 0 {
        let run = try killed.start("run", stage)
        // By steps and not by the clock: how fast the trainer is depends on the machine.
        let part = steps / (kills + 1)
        let step = (kills - left) * part + Int.random(in: 0..<part, using: &numbers)
        try eventually("the trainer is at step \(step)") {
          let saved = try checkpoints(killed).last.map(Self.number) ?? 0
          return !children(of: run.process).isEmpty && saved + 4 > step || !run.isRunning
        }
        usleep(UInt32.random(in: 0..<40_000, using: &numbers))
        guard run.isRunning else { break }
        if left % 2 == 0 {
          run.signal(SIGKILL)
        } else {
          // The trainer alone: the program must see it and fail.
          for child in children(of: run.process) { kill(child, SIGKILL) }
        }
        #expect(try run.wait().status != 0)
        left -= 1
      }
      #expect(left == 0, "\(stage) ended before it was killed \(kills) times")
      let end = try killed.run(arguments: ["run", stage])
      #expect(end.status == 0, "\(end.error)")
    }
    try expectSame(killed, as: steady)
  }

  @Test func theNumberOfJobsChangesNoByte() throws {
    let steps = Self.isFull ? 80 : 12
    let one = try project(steps: steps), two = try project(steps: steps)
    #expect(try one.run("run", "-j", "1").status == 0)
    #expect(try two.run("run", "-j", "2").status == 0)
    try expectSame(two, as: one)
  }

  @Test func interruptedATrainingKeepsWhatItHasLearnt() throws {
    let project = try project(steps: 2000)
    let run = try project.start("run", "base")
    try eventually("a checkpoint is written") { try !checkpoints(project).isEmpty }
    usleep(300_000)
    let before = try checkpoints(project)
    run.signal(SIGINT)
    let end = try run.wait(seconds: 20)
    #expect(end.status == 130, "\(end.error)")
    let after = try checkpoints(project)
    let last = try #require(after.last)
    #expect(last >= before.last ?? "")
    // Goes on from there, and not from the beginning.
    let next = try project.start("run", "base")
    try eventually("it goes on") {
      try logs(project).contains { $0.contains("continuing from step \(Self.number(last)) of") }
    }
    next.signal(SIGTERM)
    #expect(try next.wait(seconds: 20).status == 130)
  }

  @Test func interruptedTwiceATrainingInALongStepIsKilled() throws {
    // One pass takes seconds, and inside a pass nothing can be left.
    let project = try project(steps: 50)
    let arguments = [
      "run", "base", "--set", "base.layers=4", "--set", "base.width=256",
      "--set", "base.batch_rows=128", "--set", "base.tokens_per_step=16384",
      "--set", "base.save_every=0",
    ]
    let run = try project.start(arguments: arguments)
    try eventually("training begins") {
      try logs(project).contains { $0.contains("memory: ") }
    }
    usleep(400_000)
    run.signal(SIGINT)
    usleep(100_000)
    #expect(run.isRunning)
    let workers = children(of: run.process)
    #expect(!workers.isEmpty)
    run.signal(SIGINT)
    #expect(try run.wait(seconds: 10).status == 130)
    for worker in workers {
      try eventually("the trainer is gone", seconds: 5) { kill(worker, 0) != 0 }
    }
  }

  @Test func aLossThatExplodesStopsWithTheLastGoodCheckpoint() throws {
    let project = try project(steps: 200)
    let wild = ["matrix_rate=10", "embedding_rate=10", "head_rate=10", "warmup_ratio=0.5"]
      .flatMap { ["--set", "base." + $0] }
    let end = try project.run(
      arguments: ["run", "base", "--set", "base.explosion_margin=1"] + wild)
    #expect(end.status == 1)
    #expect(end.error.contains("the loss exploded to") || end.error.contains("is no number"))
    let words = end.error.split { $0 == " " || $0 == ";" || $0 == "\n" }
    let path = try #require(words.first { $0.contains("/checkpoints/step_") }, "\(end.error)")
    #expect(access(path + "/model.safetensors", R_OK) == 0)
    #expect(end.error.contains("lower the learning rates or clip harder"))
    #expect(!project.exists("cache/current/default/base"))
  }

  // MARK: Looking inside

  private func multipliesBF16() throws -> Bool {
    String(decoding: try TemporaryFolder.read(at: "/proc/cpuinfo"), as: UTF8.self)
      .contains("avx512_bf16")
  }

  /// Names of the complete checkpoints of the one training under way.
  private func checkpoints(_ project: TestProject) throws -> [String] {
    guard project.exists("cache/staging") else { return [] }
    for stage in try project.list("cache/staging") {
      let folders = try findCheckpoints(project, "cache/staging/" + stage)
      if !folders.isEmpty { return folders }
    }
    return []
  }

  private func findCheckpoints(_ project: TestProject, _ folder: String) throws -> [String] {
    guard let names = try? project.list(folder) else { return [] }
    if folder.hasSuffix("/checkpoints") {
      return names.filter { $0.hasPrefix("step_") && !$0.hasSuffix(".partial") }.sorted()
    }
    for name in names {
      let found = try findCheckpoints(project, folder + "/" + name)
      if !found.isEmpty { return found }
    }
    return []
  }

  private static func number(_ checkpoint: String) -> Int {
    Int(checkpoint.dropFirst("step_".count)) ?? -1
  }

  /// The texts of all logs of the asset `base`.
  private func logs(_ project: TestProject) throws -> [String] {
    guard project.exists("cache/runs") else { return [] }
    return try project.list("cache/runs").compactMap {
      try? project.read("cache/runs/\($0)/logs/base.log")
    }
  }

  private func children(of process: Int32) -> [Int32] {
    let threads = (try? TemporaryFolder.list(at: "/proc/\(process)/task")) ?? []
    return threads.flatMap { thread in
      let path = "/proc/\(process)/task/\(thread)/children"
      let text = String(decoding: (try? TemporaryFolder.read(at: path)) ?? [], as: UTF8.self)
      return text.split(separator: " ").compactMap { Int32($0) }
    }
  }
}
