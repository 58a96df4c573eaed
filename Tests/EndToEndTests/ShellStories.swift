import TestSupport
import Testing

/// What a command of a `shell` step sees, and what its end means.
@Suite struct ShellStories {
  @Test func aCommandSeesWhatItIsToldAndNothingElse() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        parts:
          step: shell
          partitions: {part: [x, "07"]}
          with: {command: "echo $NB_PARTITION_part > $NB_OUT/value"}
        all:
          step: shell
          inputs: {parts: parts, word: word.txt, many: [word.txt, "more/*.md"]}
          with:
            environment: [GIVEN, ABSENT]
            version: 3.10
            code: 00010
            on: true
            list: [a b, 01]
            table: {n: 1.5}
            command: |
              env | sort > environment
              ls $NB_INPUT_parts > parts
              cat $NB_INPUT_parts/07/value $NB_INPUT_word > contents
              printf '%s\\n' "$NB_INPUT_many" | wc -l > many
              [ "$PWD" = "$NB_OUT" ] && echo here > where
              case $0 in sh) echo sh;; esac > shell

      """)
    try project.write("word.txt", "word\n")
    try project.write("more/a.md", "a")
    try project.write("more/b.md", "b")
    project.environment = ["GIVEN": "given", "SECRET": "secret", "TMPDIR": "/tmp"]
    #expect(try project.run("run").status == 0)
    let lines = try project.result("all", "environment").split(separator: "\n")
    var variables: [String: String] = [:]
    for line in lines {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
    }
    #expect(variables["GIVEN"] == "given")
    #expect(variables["SECRET"] == nil && variables["ABSENT"] == nil && variables["LANG"] == nil)
    #expect(variables["PATH"] != nil && variables["HOME"] != nil)
    #expect(variables["NB_ROOT"] == project.path)
    #expect(variables["NB_INPUT_word"] == project.file("word.txt"))
    #expect(variables["NB_PARAM_version"] == "3.10")
    #expect(variables["NB_PARAM_code"] == "00010")
    #expect(variables["NB_PARAM_on"] == "true")
    #expect(variables["NB_PARAM_table"] == "{\"n\":1.5}")
    #expect(lines.contains("NB_PARAM_list=a b") && lines.contains("01"))
    #expect(try project.result("all", "parts") == "07\nx\n")
    #expect(try project.result("all", "contents") == "07\nword\n")
    #expect(try project.result("all", "many") == "3\n")
    #expect(try project.result("all", "where") == "here\n")
    #expect(try project.result("all", "shell") == "sh\n")
  }

  @Test(arguments: [
    "false; echo on > text", "echo $NOBODY_SET_THIS > text", "exit 3", "kill -9 $$",
  ])
  func aCommandThatFailsGivesNothing(command: String) throws {
    let project = try TestProject(
      "nanobuild: 1\nassets: {a: {step: shell, with: {command: '\(command)'}}}\n")
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("✗ a  failed: "), "\(end.error)")
    #expect(end.error.contains("log: "))
    #expect(!project.exists("cache/current/default/a"))
    #expect(try project.run("path", "a").status == 1)
  }

  @Test func aFailureShowsTheLastLinesOfItsLogAndWhereTheRestIs() throws {
    let project = try TestProject(
      "nanobuild: 1\nassets: {a: {step: shell, with: {command: 'seq 100; echo reason >&2; exit 1'}}}\n"
    )
    let end = try project.run("run")
    #expect(end.error.contains("│ 99\n") && end.error.contains("│ reason\n"), "\(end.error)")
    #expect(!end.error.contains("│ 50\n"))
    let line = try #require(end.error.split(separator: "\n").first { $0.contains("log: ") })
    let path = try #require(line.split(separator: " ").last)
    let log = String(decoding: try TemporaryFolder.read(at: String(path)), as: UTF8.self)
    #expect(log.hasPrefix("1\n2\n") && log.hasSuffix("reason\n"))
    #expect(try project.run("log", "a").output == log)
  }

  @Test func independentBranchesFinishWithKeepGoing() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        bad: {step: shell, with: {command: "exit 1"}}
        after: {step: shell, inputs: {bad: bad}, with: {command: "true"}}
        last: {step: shell, inputs: {after: after}, with: {command: "true"}}
        good: {step: shell, with: {command: "echo good > text"}}
        best: {step: shell, inputs: {good: good}, with: {command: "cp $NB_INPUT_good/text ."}}

      """)
    let first = try project.run("run", "-j", "1")
    #expect(first.status == 1)
    #expect(
      first.output.hasPrefix(
        "5 assets: 0 ran, 0 restored, 0 fresh, 1 failed, 2 blocked, 2 not started"),
      "\(first.output)")
    let going = try project.run("run", "-j1", "--keep-going")
    #expect(going.status == 1)
    #expect(
      going.output.hasPrefix("5 assets: 2 ran, 0 restored, 0 fresh, 1 failed, 2 blocked in "),
      "\(going.output)")
    #expect(going.error.contains("after, last  blocked by `bad`"), "\(going.error)")
    #expect(try project.result("best") == "good\n")
  }

  @Test func parametersThatWouldBeOneVariableAreRefused() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, with: {command: "true", a-b: one, a_b: two}}

      """)
    let end = try project.run("run")
    #expect(end.status == 2)
    #expect(end.error.contains("`a-b` and `a_b` would both be `NB_PARAM_a_b`"), "\(end.error)")
    try project.write(
      "pipeline.yaml",
      "nanobuild: 1\nassets: {a: {step: shell, with: {command: 'echo $NB_PARAM_q > text', q: 2, "
        + "parameters: {q: 1}}}}\n")
    #expect(try project.run("run").error.contains("`q` and `q` would both be `NB_PARAM_q`"))
  }

  @Test func aFailureIsShownByStatusAndItsOutputCantDriveTheTerminal() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, with: {command: 'printf "\\033[2Jgone\\n"; exit 3'}}

      """)
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(!end.error.contains("\u{1b}[2J"))
    #expect(end.error.contains("[2Jgone"))
    let status = try project.run("status").output
    #expect(status.contains("it failed: the command exited with status 3"), "\(status)")
  }

  @Test func theLogOfEachPartitionIsFound() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, partitions: {p: 0..249}, with: {command: "echo log of $NB_PARTITION_p"}}

      """)
    #expect(try project.run("run").status == 0)
    #expect(try project.run("log", "a[0]").output == "log of 0\n")
    #expect(try project.run("log", "a[249]", "--run", "last").output == "log of 249\n")
    for command in ["log", "path"] {
      let end = try project.run(command, "a[250]")
      #expect(end.status == 64)
      #expect(end.error.contains("`a` has no partition `250`"), "\(end.error)")
    }
  }

  @Test func retriesAndForceAndOnly() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        flaky:
          step: shell
          retries: 2
          with: {command: "echo flaky >> $NB_ROOT/ran; [ -e $NB_ROOT/go ] || { touch $NB_ROOT/go; exit 1; }; echo 1 > text"}
        next: {step: shell, inputs: {flaky: flaky}, with: {command: "echo next >> $NB_ROOT/ran; cp $NB_INPUT_flaky/text ."}}
        last: {step: shell, inputs: {next: next}, with: {command: "echo last >> $NB_ROOT/ran; cp $NB_INPUT_next/text ."}}

      """)
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    #expect(end.error.contains("flaky failed: the command exited with status 1; next try in 1.0 s"))
    #expect(try project.takeRan() == ["flaky", "flaky", "next", "last"])
    // Forced, it runs; its result is the same, so nothing follows.
    #expect(try project.run("run", "--force", "flaky").status == 0)
    #expect(try project.takeRan() == ["flaky"])
    // What the targets don't need can't be forced along with them.
    let outside = try project.run("run", "next", "--force", "last")
    #expect(outside.status == 64)
    #expect(outside.error.contains("add `last` to the targets"), "\(outside.error)")
    #expect(try project.takeRan().isEmpty)
    let good = try project.read("pipeline.yaml")
    try project.write(
      "pipeline.yaml",
      good.replacing("echo 1 >", with: "echo 2 >").replacing(
        "cp $NB_INPUT_next/text .", with: "cat $NB_INPUT_next/text > text"))
    // Only the target, from what is there.
    #expect(try project.run("run", "--only", "last").status == 0)
    #expect(try project.takeRan() == ["last"])
    #expect(try project.result("last") == "1\n")
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan() == ["flaky", "next", "last"])
    #expect(try project.result("last") == "2\n")
    #expect(try project.run("run", "--only").status == 64)
  }
}
