import TestSupport
import Testing

/// Pipeline files that are wrong, sources that are not there, targets that nobody declared.
@Suite struct WrongPipelineStories {
  struct Fault: CustomTestStringConvertible {
    var name: String
    /// The assets, or the whole file when it begins with `nanobuild`.
    var text: String
    /// Each must stand in the message.
    var expected: [String]

    var testDescription: String { name }
  }

  static let faults = [
    Fault(
      name: "unknown key",
      text: "  a:\n    step: shell\n    inptus: {x: words.txt}\n    with: {command: 'true'}\n",
      expected: [
        "pipeline.yaml:5:5: error: unknown key `inptus`", "^^^^^^", "did you mean `inputs`?",
      ]),
    Fault(
      name: "unknown step", text: "  a:\n    step: shel\n    with: {command: 'true'}\n",
      expected: ["pipeline.yaml:4:11: error: unknown step `shel`", "did you mean `shell`?"]),
    Fault(
      name: "unknown parameter", text: "  a:\n    step: shell\n    with: {comand: 'true'}\n",
      expected: [
        "pipeline.yaml:5:12: error: unknown parameter `comand`", "did you mean `command`?",
      ]),
    Fault(
      name: "wrong type", text: "  a:\n    step: shell\n    with: {command: [1, 2]}\n",
      expected: ["pipeline.yaml:5:21: error: `command` of `shell` must be text, found a list"]),
    Fault(
      name: "out of range",
      text:
        "  t:\n    step: tokenizer.train\n    inputs: {text: words.txt}\n    with: {vocab_size: 3}\n",
      expected: ["pipeline.yaml:6:24: error: `vocab_size`", "found `3`"]),
    Fault(
      name: "two lengths",
      text: """
          s:
            step: train.sft
            inputs: {model: words.txt, conversations: words.txt}
            with: {steps: 3, epochs: 2}

        """,
      expected: [
        "pipeline.yaml:6:30: error: `steps` and `epochs` both say how long to train",
        "help: leave one out, or make it `null`", "pipeline.yaml:6:19: note: `steps` stands here",
      ]),
    Fault(
      name: "a mixture that no memory holds",
      text: """
          m:
            step: data.conversations
            with:
              size: 1000000000000
              sources: [{generator: arithmetic, count: 9, weight: 1}]

        """,
      expected: ["pipeline.yaml:6:13: error: `size`", "100000000"]),
    Fault(
      name: "missing input",
      text: "  a:\n    step: shell\n    inputs: {x: nothing}\n    with: {command: 'true'}\n",
      expected: ["pipeline.yaml:5:17: error: `nothing` is neither an asset nor a file"]),
    Fault(
      name: "wrong kind",
      text: """
          t:
            step: tokenizer.train
            inputs: {text: words.txt}
          p:
            step: train.base
            inputs: {tokens: t, tokenizer: t}

        """,
      expected: ["pipeline.yaml:8:22: error: the input `tokens`", "takes tokens"]),
    Fault(
      name: "cycle",
      text: """
          a: {step: shell, inputs: {x: b}, with: {command: 'true'}}
          b: {step: shell, inputs: {x: c}, with: {command: 'true'}}
          c: {step: shell, inputs: {x: a}, with: {command: 'true'}}

        """,
      expected: ["pipeline.yaml:3:", "`a` → `b` → `c` → `a`", "pipeline.yaml:5:"]),
    Fault(
      name: "two assets of one name",
      text:
        "  a: {step: shell, with: {command: 'true'}}\n  a: {step: shell, with: {command: 'false'}}\n",
      expected: [
        "pipeline.yaml:4:3: error: two assets have the name `a`",
        "pipeline.yaml:3:3: note: first here",
      ]),
    Fault(
      name: "bad partitions",
      text: "  a:\n    step: shell\n    partitions: {n: 9..1}\n    with: {command: 'true'}\n",
      expected: ["pipeline.yaml:5:21: error: `9..1`", "ends before it begins"]),
    Fault(
      name: "tab", text: "  a:\n\tstep: shell\n", expected: ["pipeline.yaml:4:1: error: a tab"]),
    Fault(
      name: "unknown profile",
      text: "nanobuild: 1\nprofile: fast\nassets: {a: {step: shell, with: {command: 'true'}}}\n",
      expected: ["pipeline.yaml:2:10: error: there is no profile `fast`"]),
    Fault(
      name: "format of the future",
      text: "nanobuild: 7\nassets: {a: {step: shell, with: {command: 'true'}}}\n",
      expected: ["pipeline.yaml:1:12: error:", "version 1", "`7`"]),
    Fault(
      name: "wrong duration",
      text: "  a:\n    step: shell\n    timeout: soon\n    with: {command: 'true'}\n",
      expected: ["pipeline.yaml:5:14: error: `timeout`", "`soon`"]),
    Fault(
      name: "numbers that don't go together",
      text: """
          t: {step: tokenizer.train, inputs: {text: words.txt}}
          n: {step: tokenizer.encode, inputs: {text: words.txt, tokenizer: t}}
          p:
            step: train.base
            inputs: {tokens: n, tokenizer: t}
            with: {depth: 5, tokens_per_step: 100}

        """,
      expected: [
        "pipeline.yaml:8:19: error: depth 5 gives a width", "4 and 6",
        "pipeline.yaml:8:39: error: `tokens_per_step` is 100",
      ]),
  ]

  @Test(arguments: faults) func isToldWithItsPlace(_ fault: Fault) throws {
    let text =
      fault.text.hasPrefix("nanobuild") ? fault.text : "nanobuild: 1\nassets:\n" + fault.text
    let project = try TestProject(text)
    try project.write("words.txt", "words\n")
    for command in ["run", "status", "validate"] {
      let end = try project.run(command)
      #expect(end.status == 2, "\(command)")
      #expect(end.output.isEmpty)
      for part in fault.expected {
        #expect(end.error.contains(part), "\(command): \(end.error)")
      }
    }
    #expect(!project.exists("cache/results"))
  }

  @Test func allFaultsAreToldAtOnce() throws {
    let project = try TestProject(
      "nanobuild: 1\nassets:\n"
        + Self.faults.prefix(4).enumerated().map { number, fault in
          fault.text.replacing("  a:", with: "  a\(number):")
        }.joined())
    let end = try project.run("validate")
    #expect(end.status == 2)
    #expect(end.error.contains("4 errors"), "\(end.error)")
  }

  @Test func validateLooksAtEveryProfileAndTellsAFaultOnce() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      profile: a
      profiles: {a: {}, b: {assets: {t: {with: {parallel: 0}}}}}
      assets:
        t: {step: data.fetch, with: {url: x, paralel: 1}}

      """)
    let end = try project.run("validate")
    #expect(end.status == 2)
    let places = end.error.split(separator: "\n").filter { $0.contains(": error: ") }
      .map { $0.split(separator: ":")[1] }
    #expect(places.sorted() == ["3", "5"], "\(end.error)")
  }

  @Test func anAbsentSourceIsToldBeforeAnythingRuns() throws {
    let story = try Story()
    story.project.remove("words.txt")
    for command in ["run", "status"] {
      let end = try story.project.run(command)
      #expect(end.status == 2, "\(end.error)")
      #expect(end.error.contains("words.txt"))
    }
    #expect(try story.project.takeRan().isEmpty)
  }

  @Test func aSourceThatGoesAwayMakesNothingFresh() throws {
    let story = try Story()
    try story.bringUpToDate()
    try story.bringUpToDate()
    story.project.remove("words.txt")
    #expect(try story.project.run("status", "--check").status == 2)
    #expect(try story.project.run("run").status == 2)
  }

  /// The one that is given last is where the mistake is told; the one that would count may stand in
  /// another file.
  @Test func twoParametersThatSayOneThingAreBothFound() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      profiles: {long: long.yaml, short: {}}
      assets:
        s:
          step: train.sft
          inputs: {model: words.txt, conversations: words.txt}
          with: {steps: 3, batch_rows: 2}

      """)
    try project.write("words.txt", "words\n")
    try project.write("long.yaml", "assets:\n  s: {with: {epochs: 2}}\n")
    let file = try project.run("validate", "--profile", "long")
    let told = "error: `steps` and `epochs` both say how long to train"
    #expect(
      file.error.contains(
        """
        long.yaml:2:22: \(told)
         2 |   s: {with: {epochs: 2}}
           |                      ^
        help: leave one out, or make it `null`: `steps` would count alone
        pipeline.yaml:7:19: note: `steps` stands here
         7 |     with: {steps: 3, batch_rows: 2}
           |                   ^

        """), "\(file.error)")
    let argument = try project.run(
      "validate", "--profile", "short", "--set", "s.steps=4", "--set", "s.epochs=2")
    #expect(argument.error.contains("--set s.epochs=2: \(told)\n"), "\(argument.error)")
    #expect(argument.error.contains("--set s.steps=4: note: `steps` stands here\n"))
    // So are numbers that don't go together.
    let number = try project.run(
      "validate", "--profile", "short", "--set", "s.sequence_length=64", "--set",
      "s.tokens_per_step=100")
    #expect(
      number.error.contains("--set s.tokens_per_step=100: error: `tokens_per_step`"),
      "\(number.error)")
  }

  @Test func aSecretFromTheCommandLineIsNotRepeated() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        h:
          step: data.fetch
          with:
            url: "http://127.0.0.1:1/x"
            headers:
              A B: x
      """)
    for setting in [
      "h.token=Kq7xValue", "h.headers.Ok=Kq7xValue", "h.token=\"Kq7xValue", "h.headers=Kq7xValue",
      "h.headers.A.b=Kq7xValue", "h.tokn=Kq7xValue", "h.token=${en:Kq7xValue}", "H.token=Kq7xValue",
      "token=Kq7xValue",
      "h.token:Kq7xValue", "h.headers={A: *Kq7xValue}",
    ] {
      for command in ["validate", "show h", "status", "explain h"] {
        let end = try project.run(
          arguments: command.split(separator: " ").map(String.init) + ["--set", setting])
        #expect(!(end.output + end.error).contains("Kq7xValue"), "\(command): \(end.error)")
      }
    }
    let end = try project.run("validate", "--set", "h.headers.Ok=Kq7xValue")
    #expect(end.error.contains("pipeline.yaml:8:"), "\(end.error)")
    #expect(
      end.error.contains("--set h.headers.Ok: warning: the secret `headers.Ok`"), "\(end.error)")
    let member = try project.run("validate", "--set", "h.headers.A B=Kq7x\u{1}Value")
    #expect(member.error.contains("--set h.headers.A B: error: `headers` has"), "\(member.error)")
  }

  @Test func anUnknownTargetIsWrongUsage() throws {
    let story = try Story()
    for command in ["run", "status", "explain", "path"] {
      let end = try story.project.run(command, "uper")
      #expect(end.status == 64, "\(command)")
      #expect(end.error.contains("`uper`") && end.error.contains("upper"), "\(end.error)")
    }
    #expect(try story.project.run("run", "--no-such-option").status == 64)
    let unknown = try story.project.run("stauts")
    #expect(unknown.status == 64)
    #expect(
      unknown.error == """
        error: there is no command `stauts`
        help: did you mean `status`?

        """)
    #expect(try story.project.run("dance").error.contains("help: the commands are bench, "))
    #expect(try story.project.takeRan().isEmpty)
  }

  @Test func withoutAPipelineFileTheMessageSaysWhere() throws {
    let project = try TestProject()
    let end = try project.run("run")
    #expect(end.status == 2)
    #expect(end.error.contains("pipeline.yaml"), "\(end.error)")
  }

  @Test func anAliasBombIsRefusedQuickly() throws {
    var text = "nanobuild: 1\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
    for level in 1..<10 {
      let aliases = [String](repeating: "*x\(level - 1)", count: 10).joined(separator: ", ")
      text += "x\(level): &x\(level) [\(aliases)]\n"
    }
    let end = try TestProject(text + "assets: {}\n").run("run", seconds: 10)
    #expect(end.status == 2)
    #expect(end.error.contains("pipeline.yaml:") && end.error.contains("aliases"), "\(end.error)")
  }

  @Test func aFileOfFiveThousandLinesWorks() throws {
    func pipeline(changed: Int?) -> String {
      var text = "nanobuild: 1\nassets:\n"
      for number in 0..<250 {
        text += "  step\(number):\n    step: shell\n    description: |\n"
        for line in 0..<10 { text += "      line \(line) of what step \(number) does\n" }
        text +=
          number > 0 && number % 50 != 0
          ? "    inputs:\n      before: step\(number - 1)\n" : "    # first\n    # of its chain\n"
        text += "    retries: 0\n    timeout: 1m\n    with:\n      command: |\n"
        text += "        echo step\(number) >> $NB_ROOT/ran\n"
        let word = changed == number ? "changed" : "word"
        text += "        echo \(word)\(number) > text\n"
      }
      return text
    }
    let text = pipeline(changed: nil)
    #expect(text.count { $0 == "\n" } >= 5000)
    let project = try TestProject(text)
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().count == 250)
    #expect(try project.run("run").output.contains("250 fresh"))
    try project.write("pipeline.yaml", pipeline(changed: 147))
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan() == ["step147", "step148"])
    #expect(try project.result("step147") == "changed147\n")
    #expect(try project.result("step249") == "word249\n")
    // A mistake in the last line is found there.
    try project.write("pipeline.yaml", pipeline(changed: nil) + "    tiemout: 1s\n")
    let end = try project.run("run")
    #expect(end.status == 2)
    #expect(end.error.contains(":\(text.count { $0 == "\n" } + 1):5: error: unknown key `tiemout`"))
  }
}
