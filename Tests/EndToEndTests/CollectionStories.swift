import CSQLite
import Glibc
import JSON
import TestSupport
import Testing

/// `nanobuild cache gc`, by what it leaves.
@Suite struct CollectionStories {
  private static let pipeline = """
    nanobuild: 1
    assets:
      upper:
        step: shell
        inputs: {words: words.txt}
        with: {command: "echo upper >> $NB_ROOT/ran; tr a-z A-Z < $NB_INPUT_words > text"}
        checks:
          - shell: {name: filled, command: "echo check >> $NB_ROOT/ran; test -s $NB_RESULT/text"}

    """

  @Test func historyGoesWithItsRunsAndVerdictsWithTheirResults() throws {
    let project = try TestProject(Self.pipeline)
    for words in ["one", "two", "three", "four"] {
      try project.write("words.txt", words)
      #expect(try project.run("run").status == 0)
    }
    // The first result is in force again: its verdict and how it was made are of use.
    try project.write("words.txt", "one")
    #expect(try project.run("run").status == 0)
    #expect(try project.run("run", "--set", "upper.command=cat $NB_INPUT_words > text").status == 0)
    try project.write("words.txt", "one")
    #expect(try project.run("run").status == 0)
    #expect(try project.indexCount("tasks") == 7)
    #expect(try project.indexCount("checks") == 5)
    _ = try project.takeRan()

    #expect(try project.run("cache", "gc", "--keep-runs", "1", "--dry-run").status == 0)
    #expect(try project.indexCount("runs") == 7)
    #expect(try project.run("cache", "gc", "--keep-runs", "1").status == 0)

    // The newest run, and the first, which made what is in force.
    #expect(try project.indexCount("runs") == 2)
    #expect(try project.indexCount("tasks WHERE outcome = 'ran'") == 1)
    #expect(try project.indexCount("tasks") == 2)
    #expect(try project.indexCount("checks") == 1)
    #expect(
      try project.indexCount("numbers WHERE run NOT IN (SELECT run FROM tasks)") == 0)
    #expect(try project.run("status", "--check").status == 0)
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().isEmpty)
    let history = try project.run("history", "upper", "--json")
    #expect(try JSONParser.parse(history.output)["tasks"]?.arrayValue?.count == 2)
    let shown = try project.run("show", "upper", "--json")
    #expect(try JSONParser.parse(shown.output)["last_run"]?["outcome"] == "ran")
  }

  @Test func digestsOfFilesThatAreGoneAreForgotten() throws {
    let project = try TestProject(
      Self.pipeline.replacing("words.txt", with: "\"*.txt\"").replacing(
        "tr a-z A-Z < $NB_INPUT_words", with: "cat $NB_INPUT_words"))
    try project.write("a.txt", "a")
    try project.write("b.txt", "b")
    #expect(try project.run("run").status == 0)
    #expect(try project.indexCount("files") == 2)
    project.remove("b.txt")
    #expect(try project.run("cache", "gc").status == 0)
    #expect(try project.indexCount("files WHERE path LIKE '%/a.txt'") == 1)
    #expect(try project.indexCount("files") == 1)
  }

  @Test func anIndexOfTheVersionBeforeKeepsItsHistory() throws {
    let project = try TestProject(Self.pipeline)
    try project.write("words.txt", "one")
    #expect(try project.run("run").status == 0)
    var database: OpaquePointer?
    try #require(
      sqlite3_open_v2(
        project.file("cache/state.sqlite"), &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
    let statements = "ALTER TABLE checks DROP COLUMN result; PRAGMA user_version = 1"
    try #require(sqlite3_exec(database, statements, nil, nil, nil) == SQLITE_OK)
    sqlite3_close(database)
    project.remove("cache/snapshots")
    _ = try project.takeRan()
    #expect(try project.run("run").status == 0)
    #expect(try project.run("cache", "gc", "--keep-runs", "0").status == 0)
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().isEmpty)
    #expect(try project.indexCount("tasks") == 1)
    #expect(try project.indexCount("checks WHERE result IS NULL") == 1)
  }

  // MARK: Orphans

  private static let full = """
    nanobuild: 1
    profiles: {one: {}, two: {assets: {kept: {with: {n: 2}}}}}
    assets:
      kept: {step: shell, with: {n: 1, command: "echo kept >> $NB_ROOT/ran; echo $NB_PARAM_n > text"}}
      old: {step: shell, with: {command: "echo old >> $NB_ROOT/ran; echo old > text"}}
      parts: {step: shell, partitions: {p: [a, b]}, with: {command: "echo $NB_PARTITION_p > text"}}

    """
  private static let reduced = """
    nanobuild: 1
    profiles: {one: {}, two: {assets: {kept: {with: {n: 2}}}}}
    assets:
      kept: {step: shell, with: {n: 1, command: "echo kept >> $NB_ROOT/ran; echo $NB_PARAM_n > text"}}

    """

  @Test func whatLeftThePipelineGoesOnlyWhenAsked() throws {
    let project = try TestProject(Self.full)
    for profile in ["one", "two"] {
      #expect(try project.run("run", "--profile", profile).status == 0)
    }
    try project.write("pipeline.yaml", Self.reduced)
    #expect(try project.run("cache", "gc", "--keep-runs", "0").output.contains("removed 0 results"))
    #expect(project.exists("cache/current/one/old/text"))

    let dry = try project.run("cache", "gc", "--orphans", "--dry-run", "--profile", "one")
    for profile in ["one", "two"] {
      for asset in ["old", "parts"] {
        let name = "`\(asset)` of profile `\(profile)`"
        let line = "would remove \(name), which the pipeline no longer has"
        #expect(dry.lines.contains(line), "\(dry.output)")
      }
    }
    #expect(dry.output.contains("would remove 3 results"), "\(dry.output)")
    #expect(!dry.output.contains("`kept`"))
    #expect(project.exists("cache/current/one/old/text"))

    let end = try project.run("cache", "gc", "--orphans", "--json", "--profile", "one")
    let report = try JSONParser.parse(end.output)
    #expect(report["removed_orphans"]?.arrayValue?.count == 4)
    #expect(report["removed_results"]?.arrayValue?.count == 3)
    for profile in ["one", "two"] {
      #expect(!project.exists("cache/current/\(profile)/old"))
      #expect(!project.exists("cache/current/\(profile)/parts"))
    }
    #expect(try project.indexCount("current WHERE asset <> 'kept'") == 0)
    // Both profiles still have theirs.
    _ = try project.takeRan()
    for profile in ["one", "two"] {
      #expect(try project.run("status", "--check", "--profile", profile).status == 0)
      #expect(try project.run("run", "--profile", profile).status == 0)
    }
    #expect(try project.takeRan().isEmpty)
    // What is put back is made again.
    try project.write("pipeline.yaml", Self.full)
    #expect(try project.run("run", "--profile", "one").status == 0)
    #expect(try project.takeRan() == ["old"])
    #expect(try project.run("cache", "verify").status == 0)
  }

  @Test func aProfileThatLeftThePipelineIsAnOrphanToo() throws {
    let project = try TestProject(Self.full)
    for profile in ["one", "two"] {
      #expect(try project.run("run", "--profile", profile).status == 0)
    }
    try project.write(
      "pipeline.yaml", Self.full.replacing(", two: {assets: {kept: {with: {n: 2}}}}", with: ""))
    let end = try project.run("cache", "gc", "--orphans", "--keep-runs", "0", "--profile", "one")
    #expect(end.output.contains("removed `kept` of profile `two`"), "\(end.output)")
    // `old` and `parts` are in force under the other profile as well.
    #expect(end.output.contains("removed 1 results"), "\(end.output)")
    #expect(!project.exists("cache/current/two"))
    #expect(try project.run("status", "--check", "--profile", "one").status == 0)
  }

  // MARK: Staging

  @Test func whatAKilledRunLeftGoesUnlessItCanBeContinued() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        slow: {step: shell, with: {command: "echo half > text; touch $NB_ROOT/begun; sleep 60"}}
        text: {step: data.fetch, with: {url: words.txt}}

      """)
    try project.write("words.txt", "x")
    let run = try project.start("run", "slow")
    try eventually("the step has begun") { project.exists("begun") }
    run.signal(SIGKILL)
    #expect(try run.wait().status == 128 + SIGKILL)
    func staging() throws -> [String] {
      try TemporaryFolder.list(at: project.file("cache/staging")).sorted()
    }
    let left = try staging()
    #expect(left.contains { $0.hasSuffix(".out") } && left.contains { $0.hasSuffix(".lock") })
    // Of runs that were killed within moments no test can hit.
    for name in ["link-999999", "check-999999-3.out/text", "check-999999-3/request.json"] {
      try project.write("cache/staging/\(name)", "{}")
    }
    // Work of a step that resumes, as a killed download leaves it, and of one nobody knows.
    let download = String(repeating: "a", count: 32)
    let unknown = String(repeating: "b", count: 32)
    let slow = try #require(left.first { $0.hasSuffix(".out") }).dropLast(4)
    let request = try project.read("cache/staging/\(slow)/request.json")
    for (key, step) in [(download, "data.fetch"), (unknown, "site.step")] {
      try project.write(
        "cache/staging/\(key)/request.json",
        request.replacing("\"name\":\"shell\"", with: "\"name\":\"\(step)\""))
      try project.write("cache/staging/\(key).out/part", "half")
    }
    let kept = [download, "\(download).out", unknown, "\(unknown).out"]

    let before = try staging()
    #expect(try project.run("cache", "gc", "--dry-run").status == 0)
    #expect(try staging() == before)
    try eventually("what the killed run started has ended") {
      let end = try project.run("cache", "gc")
      #expect(end.status == 0, "\(end.error)")
      return try staging() == kept
    }
  }
}
