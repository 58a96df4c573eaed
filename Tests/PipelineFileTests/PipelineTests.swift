import Diagnostics
import JSON
import PipelineFile
import Testing

/// What a right file means.
@Suite struct PipelineTests {
  private let example = TestFiles(
    """
    nanobuild: 1
    name: nanochat
    profile: quick
    profiles:
      quick: profiles/quick.yaml
      full:
        assets:
          text: {partitions: {shard: 00000..00007}}
          pretrain: {with: {depth: 12, steps: 1_000}}
    assets:
      text:
        step: data.fetch
        description: Training text
        group: ingestion
        partitions: {shard: 00000..00003}
        with: {url: "data/{shard}.parquet", token: "${env:HF_TOKEN}", max_total_size: 1.5GB}
        checks:
          - data.parquet_readable
      tokenizer:
        step: tokenizer.train
        inputs: {text: [text, "extra/*.txt"]}
        checks:
          - tokenizer.compression: {min_bytes_per_token: 3}
            severity: warn
          - shell: {command: "test -s $NB_RESULT/tokenizer.json", name: has a file}
      tokens:
        step: tokenizer.encode
        partitions: text
        inputs: {text: text, tokenizer: tokenizer}
      pretrain:
        step: train.base
        inputs: {tokens: tokens, tokenizer: tokenizer}
        with:
          depth: 4
          steps: 400
          optimizer: {name: adamw, betas: {first: 0.8}}
        resources: {cpu: all, memory: 2GiB}
        retries: 1
        timeout: 30m
    """,
    [
      "profiles/quick.yaml": """
      assets:
        tokenizer:
          checks:
            - tokenizer.compression: {min_bytes_per_token: 2}
        pretrain:
          with: {steps: 50, optimizer: {matrix_rate: 0.1}}
          resources: {memory: 1GiB}
          timeout: 90s
          checks:
            - train.beats: {asset: pretrain_other}
              severity: warn
        pretrain_other: {}
      only: [pretrain]
      """
    ])

  private var withOther: TestFiles {
    var files = example
    files.files["pipeline.yaml", default: ""] +=
      "\n  pretrain_other: {step: train.base, inputs: {tokens: tokens}}\n"
    return files
  }

  @Test func readsNamesProfilesAndFiles() throws {
    let loaded = try withOther.load()
    #expect(loaded.pipeline.name == "nanochat")
    #expect(loaded.pipeline.profile == "quick")
    #expect(loaded.profiles == ["quick", "full"])
    #expect(loaded.defaultProfile == "quick")
    #expect(loaded.files.map(\.path) == ["pipeline.yaml", "profiles/quick.yaml"])
    #expect(
      loaded.files.map { String(decoding: $0.bytes, as: UTF8.self) }[0].hasPrefix("nanobuild"))
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.pipeline.only == ["pretrain"])
    let text = try #require(loaded.pipeline["text"])
    #expect(text.description == "Training text")
    #expect(text.group == "ingestion")
    #expect(text.location == SourceLocation(file: "pipeline.yaml", line: 11, column: 3))
    #expect(loaded.pipeline["nothing"] == nil)
  }

  @Test func laterLayersWinKeyByKey() throws {
    let asset = try #require(
      try withOther.pipeline(["pretrain.optimizer.betas.first=0.7"])["pretrain"])
    #expect(asset.parameters["depth"] == 4)
    #expect(asset.parameters["steps"] == 50)
    #expect(asset.parameters["dropout"] == 0.0)
    #expect(
      asset.parameters["optimizer"]
        == ["name": "adamw", "matrix_rate": 0.1, "betas": ["first": 0.7]])
    #expect(asset.parameters["mixture"] == nil)
    #expect(asset.resources == .init(cpu: .all, memory: 1 << 30, network: nil))
    #expect(asset.retries == 1)
    #expect(asset.timeout == 90)
  }

  @Test func everyParameterKnowsWhereItCameFrom() throws {
    let pipeline = try withOther.pipeline(["pretrain.dropout=0.5"])
    let asset = try #require(pipeline["pretrain"])
    #expect(asset.origin(of: "compile") == .stepDefault)
    #expect(
      asset.origin(of: "depth")
        == .file(SourceLocation(file: "pipeline.yaml", line: 34, column: 7)))
    #expect(
      asset.origin(of: "steps")
        == .file(SourceLocation(file: "profiles/quick.yaml", line: 6, column: 12)))
    #expect(asset.origin(of: "dropout") == .commandLine("pretrain.dropout=0.5"))
    #expect(asset.key(of: "depth") == "pretrain.with.depth")
  }

  @Test func anotherProfileGivesOtherValues() throws {
    let pipeline = try withOther.pipeline(profile: "full")
    #expect(pipeline.profile == "full")
    #expect(pipeline["pretrain"]?.parameters["depth"] == 12)
    #expect(pipeline["pretrain"]?.parameters["steps"] == 1000)
    #expect(pipeline["pretrain"]?.timeout == 1800)
    #expect(pipeline["text"]?.partitions?.values.count == 8)
    #expect(pipeline["tokens"]?.partitions?.values.last == "00007")
    #expect(pipeline.only == nil)
    let bare = try withOther.pipeline(profile: "default")
    #expect(bare.profile == "default")
    #expect(bare["pretrain"]?.parameters["steps"] == 400)
  }

  @Test func inputsAreAssetsOrFiles() throws {
    let pipeline = try withOther.pipeline()
    let tokenizer = try #require(pipeline["tokenizer"])
    #expect(
      tokenizer.references(of: "text").map(\.target) == [.asset("text"), .path("extra/*.txt")])
    #expect(tokenizer.inputs.map(\.isList) == [true])
    #expect(tokenizer.inputAssets == ["text"])
    #expect(
      tokenizer.references(of: "text")[1].location
        == SourceLocation(file: "pipeline.yaml", line: 21, column: 27))
    #expect(pipeline["tokens"]?.references(of: "nothing").isEmpty == true)
  }

  @Test func followedPartitionsPairUp() throws {
    let pipeline = try withOther.pipeline()
    let tokens = try #require(pipeline["tokens"])
    #expect(tokens.partitions?.key == "shard")
    #expect(tokens.partitions?.values == ["00000", "00001", "00002", "00003"])
    #expect(tokens.partitions?.follows == "text")
    #expect(tokens.references(of: "text").map(\.isPartitionByPartition) == [true])
    #expect(tokens.references(of: "tokenizer").map(\.isPartitionByPartition) == [false])
    #expect(
      pipeline["tokenizer"]?.references(of: "text").map(\.isPartitionByPartition) == [false, false])
    #expect(pipeline["pretrain"]?.references(of: "tokens")[0].isPartitionByPartition == false)
  }

  @Test func partitionsFollowThroughOthersAndBetweenSiblings() throws {
    let pipeline = try TestFiles(
      """
      nanobuild: 1
      assets:
        last: {step: shell, partitions: left, inputs: {a: left, b: right, c: other}, with: {command: x}}
        left: {step: shell, partitions: base, inputs: {a: base}, with: {command: x}}
        right: {step: shell, partitions: base, inputs: {a: base}, with: {command: x}}
        other: {step: shell, partitions: {n: 8..11}, with: {command: x}}
        base: {step: shell, partitions: {n: [b, 08..10, 'x y']}, with: {command: x}}
      """
    ).pipeline()
    #expect(pipeline["last"]?.partitions?.values == ["b", "08", "09", "10", "x y"])
    #expect(pipeline["other"]?.partitions?.values == ["8", "9", "10", "11"])
    let inputs = try #require(pipeline["last"]).inputs
    #expect(inputs.map { $0.references[0].isPartitionByPartition } == [true, true, false])
  }

  @Test func checksHaveParametersSeverityAndTitles() throws {
    let pipeline = try withOther.pipeline()
    let checks = try #require(pipeline["tokenizer"]).checks
    #expect(checks.map(\.title) == ["tokenizer.compression", "shell: has a file"])
    #expect(checks.map(\.severity) == [.warn, .error])
    #expect(checks[0].parameters == ["min_bytes_per_token": 2.0])
    #expect(checks[0].location == SourceLocation(file: "pipeline.yaml", line: 23, column: 9))
    let beats = try #require(pipeline["pretrain"]).checks
    #expect(beats.map(\.assets) == [["pretrain_other"]])
    #expect(beats[0].parameters["metric"] == "loss")
  }

  @Test func secretsStayReferences() throws {
    let text = try #require(try withOther.pipeline()["text"])
    #expect(text.parameters["token"] == "${env:HF_TOKEN}")
    #expect(text.parameters["max_total_size"] == 1_500_000_000)
  }

  @Test func assetsAreOrderedByNeed() throws {
    let pipeline = try withOther.pipeline()
    let order = pipeline.order.map { pipeline.assets[$0].name }
    #expect(order.sorted() == pipeline.assets.map(\.name).sorted())
    for asset in pipeline.assets {
      for name in asset.inputAssets {
        #expect((order.firstIndex(of: name) ?? 99) < (order.firstIndex(of: asset.name) ?? 0))
      }
    }
  }

  @Test func everyTypeOfParameterIsRead() throws {
    let asset = try #require(
      try TestFiles(
        """
        nanobuild: 1
        assets:
          t: {step: shell, with: {command: true, environment: [LANG, HOME]}}
          m:
            step: train.base
            inputs: {tokens: t}
            with:
              depth: 0x10
              dropout: 1e-1
              compile: true
              mixture: [{source: a.jsonl, weight: 2}, {source: b.jsonl}]
              checkpoint_every: 10m
              memory: 64KiB
              limit: 1.5h
              extra: {a: [1, 2.5, true, ~, text]}
        """
      ).pipeline()["m"])
    #expect(asset.parameters["depth"] == 16)
    #expect(asset.parameters["dropout"] == 0.1)
    #expect(asset.parameters["compile"] == true)
    #expect(
      asset.parameters["mixture"] == [
        ["source": "a.jsonl", "weight": 2.0], ["source": "b.jsonl", "weight": 1.0],
      ])
    #expect(asset.parameters["checkpoint_every"] == 600.0)
    #expect(asset.parameters["memory"] == 65536)
    #expect(asset.parameters["limit"] == 5400.0)
    #expect(asset.parameters["extra"] == ["a": [1, 2.5, true, nil, "text"]])
  }

  @Test func shellStepsKeepTheirEnvironment() throws {
    let asset = try #require(
      try TestFiles(
        """
        nanobuild: 1
        assets:
          words: {step: shell, inputs: {words: words.txt, list: [./a, ./b]}, with: {command: "sort", environment: [LANG]}}
        """
      ).pipeline()["words"])
    #expect(asset.environment == ["LANG"])
    #expect(asset.inputs.map(\.name) == ["words", "list"])
    #expect(asset.inputs.map(\.isList) == [false, true])
    #expect(asset.parameters["command"] == "sort")
  }

  @Test func aWrittenNullTakesTheDefaultAgain() throws {
    let pipeline = try TestFiles(
      """
      nanobuild: 1
      profiles: {p: {assets: {m: {with: {depth: null, memory: ~}}}}}
      assets:
        t: {step: shell, with: {command: x}}
        m: {step: train.base, inputs: {tokens: t}, with: {depth: 9, memory: 1GiB}}
      """
    ).pipeline(profile: "p")
    #expect(pipeline["m"]?.parameters["depth"] == 4)
    #expect(pipeline["m"]?.parameters["memory"] == nil)
    #expect(pipeline["m"]?.origin(of: "depth") == .stepDefault)
  }

  @Test func aBareWordIsAFileWhenOneIsThere() throws {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a: {step: shell, inputs: {x: Makefile}, with: {command: x}}
      """, ["Makefile": ""])
    #expect(try files.pipeline()["a"]?.references(of: "x").map(\.target) == [.path("Makefile")])
  }

  @Test func aProfileMayGiveWhatTheFileLeavesOut() throws {
    let files = TestFiles(
      """
      nanobuild: 1
      profiles: {a: {assets: {t: {with: {url: x}}}}, b: {}}
      assets:
        t: {step: data.fetch}
      """)
    #expect(try files.pipeline(profile: "a")["t"]?.parameters["url"] == "x")
    #expect(files.report(profile: "b").contains("needs the parameter `url`"))
    #expect(try files.pipeline(profile: "b", ["t.url=y=z"])["t"]?.parameters["url"] == "y=z")
  }

  @Test func overridesTakeTextAsItIs() throws {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a.b: {step: shell, with: {command: x}}
        a: {step: data.fetch, with: {url: x}}
      """)
    let pipeline = try files.pipeline([
      "a.b.command=echo: [hi", "a.with.url='quo ted'", "a.sha256.00000=ab", "a.mirrors=[p, q]",
      "a.max_total_size=1KiB",
    ])
    #expect(pipeline["a.b"]?.parameters["command"] == "echo: [hi")
    #expect(pipeline["a"]?.parameters["url"] == "quo ted")
    #expect(pipeline["a"]?.parameters["sha256"] == ["00000": "ab"])
    #expect(pipeline["a"]?.parameters["mirrors"] == ["p", "q"])
    #expect(pipeline["a"]?.parameters["max_total_size"] == 1024)
  }

  @Test func namesComeFromTheFolderWhenTheFileGivesNone() throws {
    let loader = PipelineLoader(
      catalog: TestCatalog.catalog,
      files: FileReader(
        read: { _ in Array("nanobuild: 1\nassets: {a: {step: shell, with: {command: x}}}".utf8) },
        exists: { _ in false }))
    #expect(try loader.load("/somewhere/project/pipeline.yaml").pipeline.name == "project")
    #expect(try loader.load("pipeline.yaml").pipeline.name == "pipeline")
  }
}
