import Glibc
import JSON
import TestSupport
import Testing

/// Mixtures of chats, task data sets and generated exercises, through the real program.
@Suite struct ConversationStories {
  private static let pipeline = """
    nanobuild: 1
    assets:
      tokenizer:
        step: tokenizer.train
        inputs: {text: data/shard_00004.parquet}
        with: {vocab_size: 400}
      sft_data:
        step: data.conversations
        inputs:
          tokenizer: tokenizer
          smoltalk: task/smoltalk.parquet
          mmlu: task/mmlu.parquet
          wrapped: task/mmlu-wrapped.parquet
          arc: task/arc.parquet
          gsm8k: task/gsm8k.parquet
          own: own.jsonl
          words: data/words.txt
        with:
          seed: 7
          size: 100
          sources:
            - {input: smoltalk, epochs: 2}
            - {input: mmlu}
            - {input: wrapped, limit: 1, seed: 3}
            - {input: arc}
            - {input: gsm8k}
            - {input: own, weight: 1}
            - {generator: arithmetic, count: 50, weight: 3}
            - {generator: spelling, count: 30, words: words, limit: 20}
            - {generator: spelling, count: 10, words: words, split: test}
            - {name: letters, generator: letter_counting, count: 10, words: words, epochs: 0.5}
      test_data:
        step: data.conversations
        inputs: {words: data/words.txt}
        with:
          sources:
            - {generator: spelling, count: 300, words: words, split: test}
      train_data:
        step: data.conversations
        inputs: {words: data/words.txt}
        with:
          sources:
            - {generator: spelling, count: 3000, words: words}

    """

  private static let own = """
    [{"role": "user", "content": "Who are\\tyou?\\u001b[2J"}, {"role": "assistant", "content": "A small model."}]
    {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": [{"type": "text", "text": "It is "}, {"type": "python", "text": "2+2"}, {"type": "python_output", "text": "4"}, {"type": "text", "text": "4."}]}]}

    """

  private func project() throws -> TestProject {
    let project = try TestProject(Self.pipeline)
    for name in ["smoltalk", "mmlu", "mmlu-wrapped", "arc", "gsm8k"] {
      try project.copy(
        fromRepository: "Tests/CorpusTests/Fixtures/\(name).parquet", to: "task/\(name).parquet")
    }
    for name in ["shard_00004.parquet", "words.txt"] {
      try project.copy(fromRepository: "data/\(name)")
    }
    try project.write("own.jsonl", Self.own)
    return project
  }

  private func result(_ project: TestProject, _ asset: String) throws -> String {
    try project.result(asset, "conversations.jsonl")
  }

  @Test func everySourceIsMixedAndCounted() throws {
    let project = try project()
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    let json = try JSONParser.parse(try project.run("metrics", "sft_data", "--json").output)
    let metrics = try #require(
      json["tasks"]?.arrayValue?.first?["metrics"]?.objectValue)
    // Without weight: 4 + 2 + 1 + 2 + 1 + 20 + 10 + 5; the other 55 of 100 are shared one to three.
    let expected = [
      "smoltalk": 4, "mmlu": 2, "wrapped": 1, "arc": 2, "gsm8k": 1, "own": 14, "arithmetic": 41,
      "spelling": 20, "spelling_2": 10, "letters": 5,
    ]
    for (name, count) in expected {
      #expect(metrics["\(name)_conversations"]?.intValue == count, "\(name): \(metrics)")
      let tokens = metrics["\(name)_tokens"]?.intValue ?? 0
      let trained = metrics["\(name)_trained_tokens"]?.intValue ?? 0
      #expect(trained > 0 && tokens > trained, "\(name): \(tokens), \(trained)")
    }
    for total in ["conversations", "tokens", "trained_tokens"] {
      let sum = expected.keys.reduce(0) { $0 + (metrics["\($1)_\(total)"]?.intValue ?? 0) }
      #expect(metrics[total]?.intValue == sum)
    }
    #expect(metrics["conversations"] == 100)
    #expect(try result(project, "sft_data").split(separator: "\n").count == 100)
    // A mark of the loss mask, since there is no terminal for colours.
    let shown = try project.run("show", "sft_data", "--sample", "100").output
    #expect(shown.contains("<|user_start|>"), "\(shown.prefix(2000))")
    let tool = "<|python_start|>2+2<|python_end|>"
    #expect(shown.contains(tool), "\(shown.prefix(2000))")
    // Data does not drive the terminal.
    #expect(shown.contains("Who are\tyou?\u{fffd}[2J"), "\(shown.prefix(2000))")
    #expect(!shown.contains("\u{1b}"))
    let sample = try JSONParser.parse(
      try project.run("show", "sft_data", "--sample", "3", "--json").output)
    #expect(sample["conversations"]?.arrayValue?.count == 3)
  }

  /// `trained` would have the metric `trained_tokens` of the whole, `x_trained` one of `x`.
  @Test func noMetricStandsForTwoThings() throws {
    let project = try project()
    try project.write(
      "pipeline.yaml",
      """
      nanobuild: 1
      assets:
        tokenizer:
          step: tokenizer.train
          inputs: {text: data/shard_00004.parquet}
          with: {vocab_size: 300}
        mix:
          step: data.conversations
          inputs: {tokenizer: tokenizer}
          with:
            sources:
              - {name: trained, generator: arithmetic, count: 3}
              - {name: x, generator: arithmetic, count: 4}
              - {name: x_trained, generator: arithmetic, count: 5}
      """)
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    let json = try JSONParser.parse(try project.run("metrics", "mix", "--json").output)
    let metrics = try #require(json["tasks"]?.arrayValue?.first?["metrics"]?.objectValue)
    let names = ["trained_2", "x", "x_trained_2"]
    #expect(metrics.count == 12 && metrics["conversations"] == 12)
    #expect(names.map { metrics["\($0)_conversations"] } == [3, 4, 5])
    for total in ["tokens", "trained_tokens"] {
      let sum = names.reduce(0) { $0 + (metrics["\($1)_\(total)"]?.intValue ?? 0) }
      #expect(metrics[total]?.intValue == sum && sum > 0)
    }
  }

  @Test func theSameInputsGiveTheSameBytesWhateverJ() throws {
    var found: [[String]] = []
    for jobs in ["1", "4"] {
      let project = try project()
      #expect(try project.run("run", "-j", jobs).status == 0)
      found.append(try ["sft_data", "test_data", "train_data"].map { try result(project, $0) })
    }
    #expect(found[0] == found[1])
    let project = try project()
    #expect(try project.run("run", "--set", "sft_data.seed=8").status == 0)
    #expect(try result(project, "sft_data") != found[0][0])
    #expect(try result(project, "train_data") == found[0][2])
  }

  @Test func whatIsHeldOutIsNotTrainedOn() throws {
    let project = try project()
    #expect(try project.run("run", "test_data", "train_data").status == 0)
    let test = Set(try result(project, "test_data").split(separator: "\n"))
    let train = Set(try result(project, "train_data").split(separator: "\n"))
    #expect(test.count > 50 && train.count > 500)
    #expect(test.isDisjoint(with: train))
  }

  /// Records that are a question in two formats: the same one in other words.
  @Test func whatIsHeldOutIsReadAsItsSourcesReadIt() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        train: &mix
          step: data.conversations
          inputs: {both: both.jsonl}
          with: {held_out: [both], sources: [{input: both, format: gsm8k}]}
        test:
          <<: *mix
          with: {held_out: [both], sources: [{input: both, format: gsm8k, split: test}]}
        two:
          <<: *mix
          with: {held_out: [both], sources: [{input: both}, {input: both, format: gsm8k}]}
        chats:
          <<: *mix
          with: {held_out: [both], sources: [{input: both}]}
      """)
    var records = ""
    for number in 0..<200 {
      let line: JSONValue = [
        "question": .string("Question \(number)?"), "answer": .string("Answer.\n#### \(number)"),
        "messages": [
          ["role": "user", "content": .string("Please say: \(number)")],
          ["role": "assistant", "content": .string("\(number)")],
        ],
      ]
      records += JSONWriter.text(line) + "\n"
    }
    try project.write("both.jsonl", records)
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    func lines(_ asset: String) throws -> Set<Substring> {
      Set(try project.result(asset, "conversations.jsonl").split(separator: "\n"))
    }
    let (train, test) = (try lines("train"), try lines("test"))
    #expect((10...30).contains(test.count) && train.count + test.count == 200)
    #expect(train.isDisjoint(with: test))
    // Read in both formats, neither's questions are trained on.
    #expect(try lines("two") == train.union(lines("chats")))
    let log = try project.run("log", "train").output
    #expect(log.contains("`both`: 200 questions read, \(test.count) different ones held out"))
    try project.write("both.jsonl", "\n")
    try project.write("chat.jsonl", Self.own)
    try project.write(
      "pipeline.yaml",
      """
      nanobuild: 1
      assets:
        mix:
          step: data.conversations
          inputs: {exam: both.jsonl, chat: chat.jsonl}
          with: {held_out: [exam], sources: [{input: chat}]}
      """)
    let empty = try project.run("run")
    #expect(empty.status == 1)
    #expect(
      empty.error.contains("`held_out` names the input `exam`, which holds no question"),
      "\(empty.error)")
  }

  @Test func wrongSourcesAreToldBeforeAnythingRuns() throws {
    let project = try project()
    try project.write(
      "pipeline.yaml",
      """
      nanobuild: 1
      assets:
        mix:
          step: data.conversations
          inputs: {own: own.jsonl}
          with:
            size: 10
            held_out: [exam]
            sources:
              - {input: ovn}
              - {generator: spelling, count: 3}
              - {generator: arithmetic}
              - {input: own, split: test, count: 3}
              - {limit: 3}
        shards:
          step: data.fetch
          partitions: {shard: 1..3}
          with:
            url: "http://127.0.0.1/{chard}.parquet"
            mirrors: ["ftp://127.0.0.1"]
            sha256: {"4": 00}
      """)
    let end = try project.run("run")
    #expect(end.status == 2)
    for text in [
      "pipeline.yaml:7:13: error: `size` is shared by the sources with a `weight`",
      "pipeline.yaml:8:18: error: `held_out` names the input `exam`, which the asset does not have",
      "pipeline.yaml:10:19: error: `input` names the input `ovn`", "help: its inputs are `own`",
      "pipeline.yaml:11:11: error: the generator `spelling` needs `words`",
      "pipeline.yaml:12:11: error: the generator `arithmetic` needs `count`",
      "pipeline.yaml:13:44: error: `count` is for generators",
      "pipeline.yaml:14:11: error: a source needs `input` or `generator`",
      "pipeline.yaml:19:12: error: `http://127.0.0.1/{chard}.parquet` uses `{chard}`",
      "pipeline.yaml:20:17: error: can't use the URL `ftp://127.0.0.1`",
      "pipeline.yaml:21:15: error: no entry of `sha256` is for a partition of this asset",
    ] {
      #expect(end.error.contains(text), "\(text)\n\(end.error)")
    }
    #expect(!project.exists("cache/staging"))
  }

  @Test func parametersWithoutEffectAreTold() throws {
    let project = try project()
    let wrong = [
      ("{input: own, maximum: 100}", 33, "`maximum` is for the generator `arithmetic`"),
      ("{input: own, words: words}", 31, "`words` is for the generators `spelling` and"),
      ("{input: own, seed: 3}", 30, "`seed` chooses what `limit` takes"),
      ("{generator: arithmetic, count: 3, words: words}", 52, "`words` is for the generators"),
      (
        "{generator: spelling, count: 3, words: words, maximum: 9}", 66,
        "`maximum` is for the generator `arithmetic`"
      ),
      (
        "{generator: arithmetic, count: 3, format: arc}", 53,
        "`format` is for sources with an `input`"
      ),
      (
        "{input: own, weight: 1, epochs: 1}", 43,
        "`epochs` does not count beside `weight` and `size`"
      ),
    ]
    func pipeline(_ size: Int, _ sources: [String]) -> String {
      """
      nanobuild: 1
      assets:
        mix:
          step: data.conversations
          inputs: {own: own.jsonl, words: data/words.txt}
          with:
            size: \(size)
            sources:
              - \(sources.joined(separator: "\n        - "))

      """
    }
    try project.write("pipeline.yaml", pipeline(9, wrong.map(\.0)))
    let end = try project.run("validate")
    #expect(end.status == 2)
    for (line, (_, column, text)) in wrong.enumerated() {
      let expected = "pipeline.yaml:\(line + 9):\(column): error: \(text)"
      #expect(end.error.contains(expected), "\(expected)\n\(end.error)")
    }
    #expect(end.error.contains("`size` stands here"), "\(end.error)")
    // Without a weight nothing could give the other seven.
    try project.write("pipeline.yaml", pipeline(9, ["{input: own}", "{input: own, weight: 0}"]))
    let unreachable = try project.run("validate")
    #expect(unreachable.status == 2)
    #expect(
      unreachable.error.contains(
        "pipeline.yaml:7:13: error: `size` is shared by the sources with a `weight`, and none has "
          + "one above 0"), "\(unreachable.error)")
  }

  /// What is given as `null` is not given; a size from above takes the place of `epochs`.
  @Test func whatHasAnEffectIsTaken() throws {
    let project = try project()
    try project.write(
      "pipeline.yaml",
      """
      nanobuild: 1
      assets:
        mix:
          step: data.conversations
          inputs: {own: own.jsonl, words: data/words.txt}
          with:
            sources:
              - {input: own, maximum: null, words: null, seed: null, format: messages}
              - {input: own, limit: 1, seed: 3, weight: 1, epochs: 2}
              - {generator: arithmetic, count: 5, maximum: 9, seed: 4, format: null, weight: 1}

      """)
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    #expect(try result(project, "mix").split(separator: "\n").count == 2 + 2 + 2)
    let sized = try project.run("run", "--set", "mix.size=12")
    #expect(sized.status == 0, "\(sized.error)")
    #expect(try result(project, "mix").split(separator: "\n").count == 12)
  }

  @Test func anEmptySourceAndABadLineAreNamed() throws {
    let project = try project()
    try project.write("own.jsonl", Self.own + "[{\"role\": \"bot\", \"content\": \"x\"}]\n")
    let end = try project.run("run", "sft_data")
    #expect(end.status == 1)
    #expect(end.error.contains("own.jsonl:3:2: unknown role `bot`"), "\(end.error)")
    try project.write("own.jsonl", "\n")
    let empty = try project.run("run", "sft_data")
    #expect(empty.status == 1)
    #expect(empty.error.contains("the source `own` has no conversation"), "\(empty.error)")
  }
}
