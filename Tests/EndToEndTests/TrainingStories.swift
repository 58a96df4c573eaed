import Glibc
import TestSupport
import Testing

/// The shipped pipeline on the shipped data, with models of a size that trains in a moment.
@Suite(.serialized) struct TrainingStories {
  /// Every length and shape that costs time, made small.
  private static let tiny = [
    "tokenizer.vocab_size=512", "pretrain.depth=1", "pretrain.sequence_length=64",
    "pretrain.steps=2", "midtrain.steps=2", "sft.steps=2", "pretrain.batch_rows=2",
    "midtrain.batch_rows=2", "sft.batch_rows=2", "pretrain.evaluation_tokens=1024",
    "midtrain.evaluation_tokens=1024", "sft.evaluation_tokens=1024", "chat_scores.limit=8",
  ].flatMap { ["--set", $0] }

  private func shipped() throws -> TestProject {
    let project = try TestProject()
    for name in ["pipeline.yaml", "profiles", "data"] { try project.copy(fromRepository: name) }
    // Another profile, inline, that differs from the default in one number.
    let quick = try project.read("profiles/quick.yaml")
    let other = quick.replacing(
      "  pretrain:\n    with:\n", with: "  pretrain:\n    with:\n      seed: 7\n")
    try #require(other != quick)
    let inline = other.split(separator: "\n").map { "      \($0)\n" }.joined()
    let pipeline = try project.read("pipeline.yaml")
    try project.write(
      "pipeline.yaml", pipeline.replacing("\nprofiles:\n", with: "\nprofiles:\n  other:\n\(inline)")
    )
    return project
  }

  /// Runs, and gives the assets whose step ran, sorted.
  private func run(_ project: TestProject, _ arguments: [String] = []) throws -> [String] {
    let end = try project.run(arguments: ["run", "--json"] + arguments + Self.tiny, seconds: 50)
    #expect(end.status == 0, "\(end.error)")
    var ran: Set<String> = []
    for line in end.lines where line.contains("\"outcome\":\"ran\"") {
      guard let start = line.firstRange(of: "\"asset\":\"") else { continue }
      ran.insert(String(line[start.upperBound...].prefix { $0 != "\"" }))
    }
    return ran.sorted()
  }

  @Test func fromTextToAConversationAndBack() throws {
    let project = try shipped()
    let first = try project.run(arguments: ["run"] + Self.tiny, seconds: 50)
    #expect(first.status == 0, "\(first.error)")
    #expect(first.output.contains("0 failed"), "\(first.output)")
    for (asset, file) in [
      ("tokenizer", "tokenizer.json"), ("pretrain", "model.safetensors"),
      ("sft", "model.safetensors"), ("report", "report.html"),
    ] {
      #expect(try !project.result(asset, file, profile: "quick").isEmpty)
    }

    // The second run finds everything fresh, in no time. The fastest of three: tests run beside.
    var fastest = 1.0
    for _ in 0..<3 {
      let start = ContinuousClock.now
      let end = try project.run(arguments: ["run"] + Self.tiny)
      fastest = min(fastest, (ContinuousClock.now - start) / .seconds(1))
      #expect(end.status == 0)
      #expect(end.output.contains("0 ran, 0 restored"), "\(end.output)")
    }
    #expect(fastest < 0.1)

    // The model answers; what it says after six steps is nobody's business.
    let answer = try project.run(
      arguments: ["chat", "-p", "What is the capital of France?"] + Self.tiny)
    #expect(answer.status == 0, "\(answer.error)")
    #expect(!answer.output.isEmpty)

    // To the other profile, and back, and there again.
    let model = try project.bytes("cache/current/quick/sft/model.safetensors")
    let other = try run(project, ["--profile", "other"])
    #expect(other == ["base_loss", "chat_scores", "midtrain", "pretrain", "report", "sft"])
    #expect(try project.bytes("cache/current/other/sft/model.safetensors") != model)
    #expect(try run(project).isEmpty)
    #expect(try run(project, ["--profile", "other"]).isEmpty)
    #expect(try project.bytes("cache/current/quick/sft/model.safetensors") == model)

    // One parameter of fine-tuning.
    let pipeline = try project.read("pipeline.yaml")
    let edited = pipeline.replacing(
      "    step: train.sft\n", with: "    step: train.sft\n    with: {clip: 0.125}\n")
    try #require(edited != pipeline)
    try project.write("pipeline.yaml", edited)
    #expect(try run(project) == ["chat_scores", "report", "sft"])
    #expect(try project.bytes("cache/current/quick/sft/model.safetensors") != model)
    try project.write("pipeline.yaml", pipeline)
    #expect(try run(project).isEmpty)
    #expect(try project.bytes("cache/current/quick/sft/model.safetensors") == model)
  }

  @Test func trainingThatIsKilledEndsInTheSameModel() throws {
    let long =
      ["pretrain"] + Self.tiny + ["--set", "pretrain.steps=600", "--set", "pretrain.save_every=5"]
    let steady = try shipped()
    #expect(try steady.run(arguments: ["run"] + long).status == 0)
    let model = try steady.bytes("cache/current/quick/pretrain/model.safetensors")

    let project = try shipped()
    #expect(
      try project.run(arguments: ["run", "tokens", "validation_tokens"] + Self.tiny).status == 0)
    var numbers = SeededNumbers(seed: 3)
    var killed = 0
    for round in 0..<5 {
      let run = try project.start(arguments: ["run"] + long)
      usleep(UInt32.random(in: 60_000..<350_000, using: &numbers))
      if round % 2 == 0 {
        run.signal(SIGKILL)
      } else {
        for child in children(of: run.process) { kill(child, SIGKILL) }
      }
      if try run.wait().status != 0 { killed += 1 }
    }
    #expect(killed >= 2)
    // Ctrl-C, too: the checkpoint is written and the run says how it ended.
    let interrupted = try project.start(arguments: ["run"] + long)
    usleep(120_000)
    interrupted.signal(SIGINT)
    let end = try interrupted.wait()
    #expect(end.status == 130 || end.status == 0, "\(end.error)")
    #expect(try project.run(arguments: ["run"] + long).status == 0)
    #expect(try project.bytes("cache/current/quick/pretrain/model.safetensors") == model)
  }

  /// The seed project's stages read keys that nothing wrote, and wrote keys that nothing read.
  @Test func aParameterThatNoStageReadsIsRefused() throws {
    let project = try shipped()
    for (asset, key) in [("pretrain", "eval_steps"), ("sft", "quick_mode"), ("pretrain", "smeer")] {
      let end = try project.run("run", "--set", "\(asset).\(key)=1")
      #expect(end.status == 2)
      #expect(end.error.contains("`\(key)`"), "\(end.error)")
    }
    #expect(!project.exists("cache/runs"))
  }

  @Test func trainingInterruptedAgainAndAgainEndsInTheSameModel() throws {
    let long =
      ["pretrain"] + Self.tiny + [
        "--set", "pretrain.steps=700", "--set", "pretrain.save_every=200",
      ]
    let steady = try shipped()
    #expect(try steady.run(arguments: ["run"] + long).status == 0)
    let model = try steady.bytes("cache/current/quick/pretrain/model.safetensors")

    let project = try shipped()
    #expect(
      try project.run(arguments: ["run", "tokens", "validation_tokens"] + Self.tiny).status == 0)
    var interrupted = 0
    for round in 0..<6 {
      let run = try project.start(arguments: ["run"] + long)
      usleep(110_000 + UInt32(round) * 15_000)
      run.signal(SIGINT)
      if round % 2 == 1 {
        // Impatient: the second one ends it at once, without a checkpoint.
        usleep(UInt32(round) * 1_000)
        run.signal(SIGINT)
      }
      let end = try run.wait(seconds: 20)
      if end.status == 0 { break }
      interrupted += 1
      #expect(end.status == 130, "\(end.error)")
      #expect(!project.exists("cache/current/quick/pretrain"))
      #expect(try project.run(arguments: ["status", "--check"] + long).status == 1)
    }
    #expect(interrupted >= 2)
    #expect(try project.run(arguments: ["run"] + long).status == 0)
    #expect(try project.bytes("cache/current/quick/pretrain/model.safetensors") == model)
  }

  @Test func aCorruptShardIsNamedWithItsPage() throws {
    let project = try shipped()
    var bytes = try project.bytes("data/shard_00004.parquet")
    for place in bytes.count / 2..<bytes.count / 2 + 8 { bytes[place] ^= 0xff }
    try project.write("data/shard_00004.parquet", bytes: bytes)
    for _ in 0..<2 {
      let end = try project.run(arguments: ["run", "validation_tokens"] + Self.tiny)
      #expect(end.status == 1)
      #expect(
        end.error.contains("shard_00004.parquet: row group 0, column `text`, page"), "\(end.error)")
      #expect(!project.exists("cache/current/quick/validation_tokens"))
      #expect(try project.run(arguments: ["status", "--check"] + Self.tiny).status == 1)
    }
    // A step that reads it without a check before it says the same.
    try project.write(
      "direct.yaml",
      "nanobuild: 1\nassets: {t: {step: tokenizer.train, inputs: {text: data/shard_00004.parquet}}}\n"
    )
    let direct = try project.run("run", "-f", "direct.yaml")
    #expect(direct.status == 1)
    #expect(direct.error.contains("shard_00004.parquet: row group 0, column `text`, page"))
    #expect(try project.run("data", "data/shard_00004.parquet", "--head", "100000").status == 2)
    // The good file again: everything goes on.
    try project.copy(fromRepository: "data/shard_00004.parquet")
    #expect(try project.run(arguments: ["run", "validation_tokens"] + Self.tiny).status == 0)
  }
}
