import Testing

/// Messages exactly as the user sees them.
@Suite struct DiagnosticTextTests {
  @Test func misspeltKeyOfAnAsset() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          inptus: {}
          with: {url: a}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:5:5: error: unknown key `inptus` in the asset `text`
         5 |     inptus: {}
           |     ^^^^^^
        help: did you mean `inputs`?

        """)
  }

  @Test func unknownTopLevelKey() {
    let files = TestFiles(
      """
      nanobuild: 1
      asset: {}
      assets:
        text: {step: data.fetch, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:2:1: error: unknown key `asset` in a pipeline file
         2 | asset: {}
           | ^^^^^
        help: did you mean `assets`?

        """)
  }

  @Test func wrongVersion() {
    let files = TestFiles(
      """
      nanobuild: 2
      assets:
        text: {step: data.fetch, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:1:12: error: this program reads format version 1, found `2`
         1 | nanobuild: 2
           |            ^

        """)
  }

  @Test func missingVersionAndAssets() {
    let files = TestFiles(
      """
      name: x

      """)
    #expect(
      files.report() == """
        pipeline.yaml:1:1: error: the file has no `nanobuild`
         1 | name: x
           | ^
        help: begin it with `nanobuild: 1`

        pipeline.yaml:1:1: error: the file has no `assets`
         1 | name: x
           | ^
        help: add `assets:` with at least one asset

        """)
  }

  @Test func emptyFile() {
    let files = TestFiles(
      """
      # nothing

      """)
    #expect(
      files.report() == """
        pipeline.yaml:1:1: error: the file is empty
         1 | # nothing
           | ^

        """)
  }

  @Test func twoAssetsWithOneName() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: a}}
        other: {step: data.fetch, with: {url: b}}
        text: {step: data.fetch, with: {url: c}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:5:3: error: two assets have the name `text`
         5 |   text: {step: data.fetch, with: {url: c}}
           |   ^^^^
        pipeline.yaml:3:3: note: first here
         3 |   text: {step: data.fetch, with: {url: a}}
           |   ^^^^

        """)
  }

  @Test func duplicateKey() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          with: {url: a, url: b}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:5:20: error: duplicate key `url`
         5 |     with: {url: a, url: b}
           |                    ^^^
        pipeline.yaml:5:12: note: first here
         5 |     with: {url: a, url: b}
           |            ^^^

        """)
  }

  @Test func unknownStep() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fecth, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:16: error: unknown step `data.fecth`
         3 |   text: {step: data.fecth, with: {url: a}}
           |                ^^^^^^^^^^
        help: did you mean `data.fetch`?

        """)
  }

  @Test func missingStep() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:3: error: the asset `text` has no `step`
         3 |   text: {with: {url: a}}
           |   ^^^^
        help: add `step:` with a step's name

        """)
  }

  @Test func unknownParameter() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: a, paralel: 3}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:43: error: unknown parameter `paralel` of `data.fetch`
         3 |   text: {step: data.fetch, with: {url: a, paralel: 3}}
           |                                           ^^^^^^^
        help: did you mean `parallel`?

        """)
  }

  @Test func parameterOutOfRange() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        tok: {step: tokenizer.train, inputs: {text: ./a.txt}, with: {vocab_size: 12}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:76: error: `vocab_size` of `tokenizer.train` must be a whole number from 259 to 1,000,000, found `12`
         3 |   tok: {step: tokenizer.train, inputs: {text: ./a.txt}, with: {vocab_size: 12}}
           |                                                                            ^^

        """)
  }

  @Test func quotedNumber() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        tok: {step: tokenizer.train, inputs: {text: ./a.txt}, with: {vocab_size: "4096"}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:76: error: `vocab_size` of `tokenizer.train` must be a whole number from 259 to 1,000,000, found the text `4096`
         3 |   tok: {step: tokenizer.train, inputs: {text: ./a.txt}, with: {vocab_size: "4096"}}
           |                                                                            ^^^^^^
        help: remove the quotes

        """)
  }

  @Test func wrongChoice() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        tok: {step: tokenizer.train, inputs: {text: ./a.txt}, with: {pattern: gtp4}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:73: error: `pattern` of `tokenizer.train` must be `gpt2`, `gpt4` or `nanochat`, found `gtp4`
         3 |   tok: {step: tokenizer.train, inputs: {text: ./a.txt}, with: {pattern: gtp4}}
           |                                                                         ^^^^
        help: did you mean `gpt4`?

        """)
  }

  @Test func missingParameter() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch}
        more:
          step: data.fetch
          with: {parallel: 2}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:16: error: `data.fetch` needs the parameter `url`
         3 |   text: {step: data.fetch}
           |                ^^^^^^^^^^
        help: add `url` under `with`: text

        pipeline.yaml:4:3: error: `data.fetch` needs the parameter `url`
         4 |   more:
           |   ^^^^
        help: add `url` under `with`: text

        """)
  }

  @Test func missingInput() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        tok:
          step: tokenizer.train

      """)
    #expect(
      files.report() == """
        pipeline.yaml:4:11: error: `tokenizer.train` needs the input `text`
         4 |     step: tokenizer.train
           |           ^^^^^^^^^^^^^^^
        help: add `text` under `inputs`: files

        """)
  }

  @Test func unknownInput() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        tok: {step: tokenizer.train, inputs: {txt: ./a.txt}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:41: error: unknown input `txt` of `tokenizer.train`
         3 |   tok: {step: tokenizer.train, inputs: {txt: ./a.txt}}
           |                                         ^^^
        help: did you mean `text`?

        """)
  }

  @Test func inputNamesNothing() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: a}}
        tok: {step: tokenizer.train, inputs: {text: txt}}
        enc: {step: tokenizer.encode, inputs: {text: [text, unheard-of], tokenizer: tok}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:4:47: error: `txt` is neither an asset nor a file
         4 |   tok: {step: tokenizer.train, inputs: {text: txt}}
           |                                               ^^^
        help: did you mean `text`?

        pipeline.yaml:5:55: error: `unheard-of` is neither an asset nor a file
         5 |   enc: {step: tokenizer.encode, inputs: {text: [text, unheard-of], tokenizer: tok}}
           |                                                       ^^^^^^^^^^
        help: begin the path of a file that does not exist yet with `./`

        """)
  }

  @Test func inputOfTheWrongKind() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: a}}
        model: {step: train.base, inputs: {tokens: text, tokenizer: ./gpt2.tiktoken}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:4:46: error: the input `tokens` of `train.base` takes tokens, but `text` makes files
         4 |   model: {step: train.base, inputs: {tokens: text, tokenizer: ./gpt2.tiktoken}}
           |                                              ^^^^

        pipeline.yaml:4:63: error: the input `tokenizer` of `train.base` takes a tokenizer, but `./gpt2.tiktoken` is a file
         4 |   model: {step: train.base, inputs: {tokens: text, tokenizer: ./gpt2.tiktoken}}
           |                                                               ^^^^^^^^^^^^^^^

        """)
  }

  @Test func listForASingleInput() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a: {step: shell, with: {command: "true"}}
        model: {step: train.base, inputs: {tokens: [a, a]}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:4:46: error: the input `tokens` of `train.base` takes one value
         4 |   model: {step: train.base, inputs: {tokens: [a, a]}}
           |                                              ^^^^^^
        help: make a step that joins the files, or choose one

        """)
  }

  @Test func cycle() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a: {step: shell, inputs: {x: c}, with: {command: "true"}}
        b: {step: shell, inputs: {x: a}, with: {command: "true"}}
        c:
          step: shell
          inputs: {y: ./file, x: [b]}
          with: {command: "true"}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:32: error: `a` needs itself: `a` → `c` → `b` → `a`
         3 |   a: {step: shell, inputs: {x: c}, with: {command: "true"}}
           |                                ^
        help: break the loop by removing one of these
        pipeline.yaml:7:29: note: `c` needs `b` here
         7 |     inputs: {y: ./file, x: [b]}
           |                             ^
        pipeline.yaml:4:32: note: `b` needs `a` here
         4 |   b: {step: shell, inputs: {x: a}, with: {command: "true"}}
           |                                ^

        """)
  }

  @Test func assetThatNeedsItself() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a: {step: shell, inputs: {x: a}, with: {command: "true"}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:32: error: `a` needs itself: `a` → `a`
         3 |   a: {step: shell, inputs: {x: a}, with: {command: "true"}}
           |                                ^
        help: break the loop by removing one of these

        """)
  }

  @Test func cycleThroughACheck() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        tokens: {step: shell, with: {command: "true"}}
        model:
          step: train.base
          inputs: {tokens: tokens}
          checks:
            - train.beats: {asset: loss}
        loss: {step: eval.loss, inputs: {checkpoint: model}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:8:9: error: `model` needs itself: `model` → `loss` → `model`
         8 |       - train.beats: {asset: loss}
           |         ^^^^^^^^^^^
        help: break the loop by removing one of these
        pipeline.yaml:9:48: note: `loss` needs `model` here
         9 |   loss: {step: eval.loss, inputs: {checkpoint: model}}
           |                                                ^^^^^

        """)
  }

  @Test func badPartitions() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a: {step: data.fetch, partitions: {shard: 00003..00000}, with: {url: a}}
        b: {step: data.fetch, partitions: {shard: 0..9999999}, with: {url: a}}
        c: {step: data.fetch, partitions: {shard: [x, y, x]}, with: {url: a}}
        d: {step: data.fetch, partitions: {shard: []}, with: {url: a}}
        e: {step: data.fetch, partitions: {shard: [a/b]}, with: {url: a}}
        f: {step: data.fetch, partitions: {shard: 1, lang: en}, with: {url: a}}
        g: {step: data.fetch, partitions: {shard: 5}, with: {url: a}}
        h: {step: data.fetch, partitions: [x, y], with: {url: a}}
        i: {step: data.fetch, partitions: {shard: a..b}, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:45: error: `00003..00000` is no range: it ends before it begins
         3 |   a: {step: data.fetch, partitions: {shard: 00003..00000}, with: {url: a}}
           |                                             ^^^^^^^^^^^^
        help: a range is two whole numbers, such as `00000..00003`

        pipeline.yaml:4:45: error: more than 1,000,000 partitions
         4 |   b: {step: data.fetch, partitions: {shard: 0..9999999}, with: {url: a}}
           |                                             ^^^^^^^^^^

        pipeline.yaml:5:52: error: the partition `x` stands here twice
         5 |   c: {step: data.fetch, partitions: {shard: [x, y, x]}, with: {url: a}}
           |                                                    ^

        pipeline.yaml:6:45: error: there are no partitions here
         6 |   d: {step: data.fetch, partitions: {shard: []}, with: {url: a}}
           |                                             ^^

        pipeline.yaml:7:46: error: `a/b` can't be a partition: it may not contain `/`
         7 |   e: {step: data.fetch, partitions: {shard: [a/b]}, with: {url: a}}
           |                                              ^^^

        pipeline.yaml:8:48: error: an asset has one partition key
         8 |   f: {step: data.fetch, partitions: {shard: 1, lang: en}, with: {url: a}}
           |                                                ^^^^
        help: write `{shard: 00000..00003}`

        pipeline.yaml:9:45: error: `shard` must be a range such as `00000..00003` or a list, found `5`
         9 |   g: {step: data.fetch, partitions: {shard: 5}, with: {url: a}}
           |                                             ^

        pipeline.yaml:10:37: error: `partitions` must be a mapping or an asset's name, found a list
         10 |   h: {step: data.fetch, partitions: [x, y], with: {url: a}}
            |                                     ^^^^^^
        help: for example `{shard: 00000..00003}`

        pipeline.yaml:11:45: error: `a..b` is no range: both ends must be whole numbers
         11 |   i: {step: data.fetch, partitions: {shard: a..b}, with: {url: a}}
            |                                             ^^^^
        help: a range is two whole numbers, such as `00000..00003`

        """)
  }

  @Test func followingNothing() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: a}}
        a: {step: data.fetch, partitions: text, with: {url: a}}
        b: {step: data.fetch, partitions: txt, with: {url: a}}
        c: {step: data.fetch, partitions: d, with: {url: a}}
        d: {step: data.fetch, partitions: c, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:4:37: error: the asset `text` has no partitions to follow
         4 |   a: {step: data.fetch, partitions: text, with: {url: a}}
           |                                     ^^^^
        help: give `text` partitions, or remove this line

        pipeline.yaml:5:37: error: `partitions` names no asset: `txt`
         5 |   b: {step: data.fetch, partitions: txt, with: {url: a}}
           |                                     ^^^
        help: did you mean `text`?

        pipeline.yaml:6:37: error: partitions follow each other: `c` → `d` → `c`
         6 |   c: {step: data.fetch, partitions: d, with: {url: a}}
           |                                     ^

        """)
  }

  @Test func unknownCheck() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          with: {url: a}
          checks: [data.parquet_readible, tokenizer.compression]

      """)
    #expect(
      files.report() == """
        pipeline.yaml:6:14: error: unknown check `data.parquet_readible`
         6 |     checks: [data.parquet_readible, tokenizer.compression]
           |              ^^^^^^^^^^^^^^^^^^^^^
        help: did you mean `data.parquet_readable`?

        pipeline.yaml:6:37: error: the check `tokenizer.compression` looks at a tokenizer, but this asset is files
         6 |     checks: [data.parquet_readible, tokenizer.compression]
           |                                     ^^^^^^^^^^^^^^^^^^^^^

        """)
  }

  @Test func malformedChecks() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          with: {url: a}
          checks:
            - severity: warn
            - data.parquet_readable:
              shell: {command: "true"}
            - data.parquet_readable: {}
              severity: warning
            - shell: {}
            - [data.parquet_readable]

      """)
    #expect(
      files.report() == """
        pipeline.yaml:7:9: error: this item names no check
         7 |       - severity: warn
           |         ^
        help: write `- name: {parameter: value}`

        pipeline.yaml:9:9: error: one item names one check, found `data.parquet_readable` and `shell`
         9 |         shell: {command: "true"}
           |         ^^^^^
        help: begin each check with its own `- `

        pipeline.yaml:11:19: error: `severity` must be `error` or `warn`, found `warning`
         11 |         severity: warning
            |                   ^^^^^^^

        pipeline.yaml:12:9: error: `shell` needs the parameter `command`
         12 |       - shell: {}
            |         ^^^^^
        help: add `command` beside the check's name: text

        pipeline.yaml:13:9: error: a check must be a name or a mapping, found a list
         13 |       - [data.parquet_readable]
            |         ^^^^^^^^^^^^^^^^^^^^^^^

        """)
  }

  @Test func settingsOfTheWrongType() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          with: {url: a}
          retries: often
          timeout: 30 minutes
          resources: {cpu: most, memory: lots, network: yes, gpu: 1}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:6:14: error: `retries` must be a whole number from 0 to 100, found `often`
         6 |     retries: often
           |              ^^^^^

        pipeline.yaml:7:14: error: `timeout` must be a duration such as `90s`, `30m` or `2h`, found `30 minutes`
         7 |     timeout: 30 minutes
           |              ^^^^^^^^^^

        pipeline.yaml:8:22: error: `cpu` must be `all` or a whole number from 1 to 4096, found `most`
         8 |     resources: {cpu: most, memory: lots, network: yes, gpu: 1}
           |                      ^^^^

        pipeline.yaml:8:36: error: `memory` must be a size such as `512MiB` or `2GiB`, found `lots`
         8 |     resources: {cpu: most, memory: lots, network: yes, gpu: 1}
           |                                    ^^^^

        pipeline.yaml:8:51: error: `network` must be `true` or `false`, found `yes`
         8 |     resources: {cpu: most, memory: lots, network: yes, gpu: 1}
           |                                                   ^^^

        pipeline.yaml:8:56: error: unknown key `gpu` in `resources`
         8 |     resources: {cpu: most, memory: lots, network: yes, gpu: 1}
           |                                                        ^^^
        help: did you mean `cpu`?

        """)
  }

  @Test func unknownProfile() {
    let files = TestFiles(
      """
      nanobuild: 1
      profile: fast
      profiles: {quick: {}, full: {}}
      assets:
        text: {step: data.fetch, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:2:10: error: there is no profile `fast`
         2 | profile: fast
           |          ^^^^
        help: profiles: `quick`, `full`

        """)
  }

  @Test func unknownProfileOnTheCommandLine() {
    let files = TestFiles(
      """
      nanobuild: 1
      profiles: {quick: {}, full: {}}
      assets:
        text: {step: data.fetch, with: {url: a}}

      """)
    #expect(
      files.report(profile: "quik") == """
        --profile quik: error: there is no profile `quik`
        help: did you mean `quick`?

        """)
  }

  @Test func profileFileWithErrors() {
    let files = TestFiles(
      """
      nanobuild: 1
      profiles: {quick: profiles/quick.yaml}
      assets:
        text: {step: data.fetch, with: {url: a}}

      """,
      [
        "profiles/quick.yaml": """
        assets:
          txt: {with: {parallel: 1}}
          text:
            step: shell
            with: {parallel: 100}
        only: [tokens]

        """
      ])
    #expect(
      files.report(profile: "quick") == """
        profiles/quick.yaml:2:3: error: a profile can't add the asset `txt`
         2 |   txt: {with: {parallel: 1}}
           |   ^^^
        help: did you mean `text`?

        profiles/quick.yaml:4:5: error: a profile can't change `step` of an asset
         4 |     step: shell
           |     ^^^^
        help: a profile overlays `with`, `partitions`, `checks`, `resources`, `retries` and `timeout`

        profiles/quick.yaml:5:22: error: `parallel` of `data.fetch` must be a whole number from 1 to 64, found `100`
         5 |     with: {parallel: 100}
           |                      ^^^

        profiles/quick.yaml:6:8: error: `only` names no asset: `tokens`
         6 | only: [tokens]
           |        ^^^^^^

        """)
  }

  @Test func unreadableProfile() {
    let files = TestFiles(
      """
      nanobuild: 1
      profile: quick
      profiles: {quick: profiles/quick.yaml}
      assets:
        text: {step: data.fetch, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:19: error: can't read `profiles/quick.yaml`: there is no such file
         3 | profiles: {quick: profiles/quick.yaml}
           |                   ^^^^^^^^^^^^^^^^^^^

        """)
  }

  @Test func profileThatRenamesAPartitionKey() {
    let files = TestFiles(
      """
      nanobuild: 1
      profile: quick
      profiles:
        quick: {assets: {text: {partitions: {part: 0..1}}}}
      assets:
        text: {step: data.fetch, partitions: {shard: 0..9}, with: {url: a}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:4:40: error: the partition key is `shard`, found `part`
         4 |   quick: {assets: {text: {partitions: {part: 0..1}}}}
           |                                        ^^^^

        """)
  }

  @Test func overrides() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        pretrain: {step: train.base, inputs: {tokens: ./t, tokenizer: ./x}}

      """)
    #expect(
      files.report([
        "pretrain.depht=3", "pretrian.depth=3", "pretrain.depth=many", "depth=3", "pretrain=3",
        "pretrain.optimizer.nmae=muon", "pretrain.depth.x=1", "pretrain.mixture=[{source: a}, {]",
      ]) == """
        pipeline.yaml:3:49: error: the input `tokens` of `train.base` takes tokens, but `./t` is a file
         3 |   pretrain: {step: train.base, inputs: {tokens: ./t, tokenizer: ./x}}
           |                                                 ^^^

        pipeline.yaml:3:65: error: the input `tokenizer` of `train.base` takes a tokenizer, but `./x` is a file
         3 |   pretrain: {step: train.base, inputs: {tokens: ./t, tokenizer: ./x}}
           |                                                                 ^^^

        --set depth: error: expected `asset.parameter=value`
        help: for example `--set pretrain.depth=6`

        --set pretrain: error: expected `asset.parameter=value`
        help: for example `--set pretrain.depth=6`

        --set pretrian.depth: error: `pretrian` names no asset
        help: did you mean `pretrain`?

        --set pretrain.depht=3: error: unknown parameter `depht` of `train.base`
        help: did you mean `depth`?

        --set pretrain.depth=many: error: `depth` of `train.base` must be a whole number from 1 to 64, found `many`

        --set pretrain.optimizer.nmae=muon: error: unknown key `nmae` in `optimizer`
        help: did you mean `name`?

        --set pretrain.depth.x=1: error: `depth` has no keys, so `x` names nothing

        --set pretrain.mixture=[{source: a}, {]: error: expected a value here

        """)
  }

  @Test func secretInAnOrdinaryParameter() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: "https://x/${env:HF_TOKEN}", token: "${env:1x}"}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:40: error: `${env:…}` can't be used here: `url` is not a secret parameter
         3 |   text: {step: data.fetch, with: {url: "https://x/${env:HF_TOKEN}", token: "${env:1x}"}}
           |                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^
        help: secrets go into parameters that the step marks as secret

        pipeline.yaml:3:76: error: the value of `token` has `${` in it, but is no reference to a variable
         3 |   text: {step: data.fetch, with: {url: "https://x/${env:HF_TOKEN}", token: "${env:1x}"}}
           |                                                                            ^^^^^^^^^^^
        help: write `${env:NAME}`

        """)
  }

  @Test func secretInClearIsAWarning() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: a, token: hf_abc}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:50: warning: the secret `token` stands here in clear
         3 |   text: {step: data.fetch, with: {url: a, token: hf_abc}}
           |                                                  ^^^^^^
        help: write `${env:NAME}`

        """)
  }

  @Test func nestedParameters() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        t: {step: shell, with: {command: "true"}}
        model:
          step: train.base
          inputs: {tokens: t}
          with:
            optimizer: {matrix_rat: 1, betas: {first: 2}}
            mixture: [{source: a}, {weight: 1}, {source: b, weight: heavy}]
            compile: yes
            checkpoint_every: often
            steps: 1e6
            memory: 2G
            limit: 3 weeks

      """)
    #expect(
      files.report() == """
        pipeline.yaml:8:19: error: unknown key `matrix_rat` in `optimizer`
         8 |       optimizer: {matrix_rat: 1, betas: {first: 2}}
           |                   ^^^^^^^^^^
        help: did you mean `matrix_rate`?

        pipeline.yaml:8:49: error: `optimizer.betas.first` of `train.base` must be a number from 0 to 1, found `2`
         8 |       optimizer: {matrix_rat: 1, betas: {first: 2}}
           |                                                 ^

        pipeline.yaml:9:63: error: `mixture[2].weight` of `train.base` must be a number from 0 to 100, found `heavy`
         9 |       mixture: [{source: a}, {weight: 1}, {source: b, weight: heavy}]
           |                                                               ^^^^^

        pipeline.yaml:10:16: error: `compile` of `train.base` must be `true` or `false`, found `yes`
         10 |       compile: yes
            |                ^^^
        help: write `true`

        pipeline.yaml:11:25: error: `checkpoint_every` of `train.base` must be a whole number from 1 to 1,000,000, or a duration such as `30s`, `10m` or `2h`, found `often`
         11 |       checkpoint_every: often
            |                         ^^^^^

        pipeline.yaml:12:14: error: `steps` of `train.base` must be a whole number of at least 1, found `1e6`
         12 |       steps: 1e6
            |              ^^^
        help: write `1000000`

        pipeline.yaml:13:15: error: `memory` of `train.base` must be a size such as `512`, `64KiB` or `2GiB`, found `2G`
         13 |       memory: 2G
            |               ^^
        help: write `2GiB` or `2GB`

        pipeline.yaml:14:14: error: `limit` of `train.base` must be a duration such as `30s`, `10m` or `2h`, found `3 weeks`
         14 |       limit: 3 weeks
            |              ^^^^^^^

        """)
  }

  @Test func badNames() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a/b: {step: data.fetch, with: {url: a}}
        .hidden: {step: data.fetch, with: {url: a}}
        -dash: {step: data.fetch, with: {url: a}}
        two words: {step: data.fetch, with: {url: a}}
        größe: {step: data.fetch, with: {url: a}}
      profiles: {../x: {}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:3: error: `a/b` is no name for an asset: it may not contain `/`
         3 |   a/b: {step: data.fetch, with: {url: a}}
           |   ^^^

        pipeline.yaml:4:3: error: `.hidden` is no name for an asset: it may not begin with `.`
         4 |   .hidden: {step: data.fetch, with: {url: a}}
           |   ^^^^^^^

        pipeline.yaml:5:3: error: `-dash` is no name for an asset: it may not begin with `-`
         5 |   -dash: {step: data.fetch, with: {url: a}}
           |   ^^^^^

        pipeline.yaml:6:3: error: `two words` is no name for an asset: use letters, digits, `_`, `-` and `.`
         6 |   two words: {step: data.fetch, with: {url: a}}
           |   ^^^^^^^^^

        pipeline.yaml:8:12: error: `../x` is no name for a profile: it may not begin with `.`
         8 | profiles: {../x: {}}
           |            ^^^^

        """)
  }

  @Test func wrongShapes() {
    let files = TestFiles(
      """
      nanobuild: 1
      profiles: [quick]
      assets:
        a: data.fetch
        b: {step: [x], inputs: ./file}
        c: {step: shell, with: sort, inputs: {x-y: ./a, z: {}, w: []}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:2:11: error: `profiles` must be a mapping, found a list
         2 | profiles: [quick]
           |           ^^^^^^^

        pipeline.yaml:4:6: error: the asset `a` must be a mapping with `step`, found `data.fetch`
         4 |   a: data.fetch
           |      ^^^^^^^^^^

        pipeline.yaml:5:13: error: `step` must be text, found a list
         5 |   b: {step: [x], inputs: ./file}
           |             ^^^

        pipeline.yaml:5:26: error: `inputs` must be a mapping, found `./file`
         5 |   b: {step: [x], inputs: ./file}
           |                          ^^^^^^

        pipeline.yaml:6:13: error: `shell` needs the parameter `command`
         6 |   c: {step: shell, with: sort, inputs: {x-y: ./a, z: {}, w: []}}
           |             ^^^^^
        help: add `command` under `with`: text

        pipeline.yaml:6:26: error: `with` must be a mapping, found `sort`
         6 |   c: {step: shell, with: sort, inputs: {x-y: ./a, z: {}, w: []}}
           |                          ^^^^

        pipeline.yaml:6:41: error: `x-y` can't name an input of a command
         6 |   c: {step: shell, with: sort, inputs: {x-y: ./a, z: {}, w: []}}
           |                                         ^^^
        help: use letters, digits and `_`, not a digit first

        pipeline.yaml:6:54: error: the input `z` must be an asset, a file or a glob, found a mapping
         6 |   c: {step: shell, with: sort, inputs: {x-y: ./a, z: {}, w: []}}
           |                                                      ^^

        pipeline.yaml:6:61: error: the input `w` is an empty list
         6 |   c: {step: shell, with: sort, inputs: {x-y: ./a, z: {}, w: []}}
           |                                                             ^^

        """)
  }

  @Test func badEnvironmentName() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a: {step: shell, with: {command: "true", environment: [LANG, "A B"]}}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:64: error: `A B` is no name of an environment variable
         3 |   a: {step: shell, with: {command: "true", environment: [LANG, "A B"]}}
           |                                                                ^^^^^
        help: use letters, digits and `_`, not a digit first

        """)
  }

  @Test func yamlSyntax() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a: {step: shell
        b: {step: shell}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:4:4: error: expected `,` or `}` here
         4 |   b: {step: shell}
           |    ^
        pipeline.yaml:3:6: note: the `{` is here
         3 |   a: {step: shell
           |      ^

        """)
  }

  @Test func tab() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
      \ta: {}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:3:1: error: a tab can't indent or separate here
         3 |     a: {}
           | ^^^^
        help: use spaces

        """)
  }

  @Test func unclosedQuote() {
    let files = TestFiles(
      """
      nanobuild: 1
      name: "abc
      assets:
        a: {}

      """)
    #expect(
      files.report() == """
        pipeline.yaml:2:7: error: this quoted text has no closing quote
         2 | name: "abc
           |       ^

        """)
  }

  @Test func misalignedKey() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
         b: 1

      """)
    #expect(
      files.report() == """
        pipeline.yaml:5:4: error: this line doesn't fit the indentation of the lines before it
         5 |    b: 1
           |    ^
        help: align it with the keys beside it; check quotes and brackets above
        pipeline.yaml:3:3: note: the mapping begins here
         3 |   a:
           |   ^

        """)
  }

  @Test func colonInText() {
    let files = TestFiles(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
          description: one: two

      """)
    #expect(
      files.report() == """
        pipeline.yaml:5:21: error: a `key: value` pair can't stand here
         5 |     description: one: two
           |                     ^
        help: put quotes around a text that contains `: `, or start the pair on its own line

        """)
  }
}
