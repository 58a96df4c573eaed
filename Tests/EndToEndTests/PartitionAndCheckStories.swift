import TestSupport
import Testing

/// Partitions that come, go and change.
@Suite struct PartitionStories {
  private func pipeline(_ values: String) -> String {
    """
    nanobuild: 1
    assets:
      part:
        step: shell
        partitions: {n: \(values)}
        inputs: {own: "in/{n}.txt"}
        with: {command: "echo part$NB_PARTITION_n >> $NB_ROOT/ran; cat $NB_INPUT_own > text"}
      doubled:
        step: shell
        partitions: part
        inputs: {part: part}
        with: {command: "echo doubled$NB_PARTITION_n >> $NB_ROOT/ran; cat $NB_INPUT_part/*/text $NB_INPUT_part/*/text > text"}
      whole:
        step: shell
        inputs: {doubled: doubled}
        with: {command: "echo whole >> $NB_ROOT/ran; cat $NB_INPUT_doubled/*/text > text"}
    """
  }

  private func project(_ values: String) throws -> TestProject {
    let project = try TestProject(pipeline(values))
    for number in 1...5 { try project.write("in/\(number).txt", "\(number)\n") }
    return project
  }

  private func ran(_ project: TestProject) throws -> [String] {
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    #expect(try project.run("status", "--check").status == 0)
    return try project.takeRan().sorted()
  }

  @Test func anAddedPartitionRunsAndWhatNeedsTheSet() throws {
    let project = try project("1..3")
    #expect(try ran(project).count == 7)
    try project.write("pipeline.yaml", pipeline("1..4"))
    #expect(try ran(project) == ["doubled4", "part4", "whole"])
    #expect(try project.result("whole") == "1\n1\n2\n2\n3\n3\n4\n4\n")
  }

  @Test func aRemovedPartitionLeavesTheSet() throws {
    let project = try project("1..3")
    #expect(try ran(project).count == 7)
    try project.write("pipeline.yaml", pipeline("[1, 3]"))
    #expect(try ran(project) == ["whole"])
    #expect(try project.result("whole") == "1\n1\n3\n3\n")
    #expect(try project.list("cache/current/default/part") == ["1", "3"])
    try project.write("pipeline.yaml", pipeline("1..3"))
    #expect(try ran(project).isEmpty)
    #expect(try project.result("whole") == "1\n1\n2\n2\n3\n3\n")
  }

  @Test func aChangedPartitionRunsAlone() throws {
    let project = try project("1..3")
    #expect(try ran(project).count == 7)
    try project.write("in/2.txt", "two\n")
    #expect(try ran(project) == ["doubled2", "part2", "whole"])
    #expect(try project.result("whole") == "1\n1\ntwo\ntwo\n3\n3\n")
    #expect(try project.result("doubled", "2/text") == "two\ntwo\n")
    try project.write("in/2.txt", "2\n")
    #expect(try ran(project).isEmpty)
    #expect(try project.result("whole") == "1\n1\n2\n2\n3\n3\n")
  }

  @Test func aMissingFileOfOnePartitionIsNamed() throws {
    let project = try project("1..6")
    let end = try project.run("run")
    #expect(end.status == 2)
    #expect(end.error.contains("in/6.txt"), "\(end.error)")
    #expect(try project.takeRan().isEmpty)
  }
}

/// Checks that come, change and fail.
@Suite struct CheckStories {
  private func pipeline(_ checks: String) -> String {
    """
    nanobuild: 1
    assets:
      made:
        step: shell
        inputs: {words: words.txt}
        with: {command: "echo made >> $NB_ROOT/ran; cat $NB_INPUT_words > text"}
        checks: [\(checks)]
      next:
        step: shell
        inputs: {made: made}
        with: {command: "echo next >> $NB_ROOT/ran; cat $NB_INPUT_made/text > text"}
    """
  }

  private func project(_ checks: String) throws -> TestProject {
    let project = try TestProject(pipeline(checks))
    try project.write("words.txt", "good\n")
    return project
  }

  private func check(_ command: String, severity: String = "error") -> String {
    "{shell: {command: \"\(command)\", name: judge}, severity: \(severity)}"
  }

  private let grepGood = "echo check >> $NB_ROOT/ran; grep -q good $NB_RESULT/text"

  @Test func anAddedCheckRunsAlone() throws {
    let project = try project("")
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan() == ["made", "next"])
    try project.write("pipeline.yaml", pipeline(check(grepGood)))
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan() == ["check"])
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().isEmpty)
    try project.write("pipeline.yaml", pipeline(""))
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().isEmpty)
    #expect(try project.result("next") == "good\n")
  }

  @Test func aChangedCheckRunsAlone() throws {
    let project = try project(check(grepGood))
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().sorted() == ["check", "made", "next"])
    try project.write("pipeline.yaml", pipeline(check(grepGood + " && true")))
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan() == ["check"])
  }

  @Test func aFailingCheckBlocksWhatFollows() throws {
    let project = try project(check(grepGood))
    #expect(try project.run("run").status == 0)
    _ = try project.takeRan()
    try project.write("words.txt", "bad\n")
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("judge"), "\(end.error)")
    #expect(try project.takeRan().sorted() == ["check", "made"])
    // The result is kept to look at, and is no reason to call anything fresh.
    #expect(try project.result("made") == "bad\n")
    #expect(try project.result("next") == "good\n")
    #expect(try project.run("status", "--check").status == 1)
    let again = try project.run("run")
    #expect(again.status == 1)
    #expect(
      again.output.contains("2 assets: 0 ran, 0 restored, 1 fresh, 0 failed, 1 blocked"),
      "\(again.output)")
    #expect(try project.takeRan().isEmpty)
    try project.write("words.txt", "good again\n")
    #expect(try project.run("run").status == 0)
    #expect(try project.result("next") == "good again\n")
  }

  @Test func aHangingCheckIsEndedByTheTimeout() throws {
    let project = try project(check("sleep 60"))
    try project.write(
      "pipeline.yaml",
      pipeline(check("sleep 60")).replacing(
        "step: shell", with: "step: shell\n    timeout: 1s", maxReplacements: 1))
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("it ran longer than its timeout of 1"), "\(end.error)")
  }

  /// What is judged again may be judged otherwise: what was proved fresh before is so no longer.
  @Test func aVerdictGivenAgainCounts() throws {
    let project = try project(check("test -e $NB_ROOT/mark"))
    try project.write("mark", "")
    for _ in 0..<3 { #expect(try project.run("run").status == 0) }
    #expect(try project.run("status", "--check").status == 0)
    project.remove("mark")
    #expect(try project.run("check", "--again").status == 1)
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("run").status == 1)
    try project.write("mark", "")
    #expect(try project.run("check", "--again").status == 0)
    #expect(try project.run("status", "--check").status == 0)
  }

  @Test func aFailingWarningIsToldEveryTimeAndBlocksNothing() throws {
    let project = try project(check(grepGood, severity: "warn"))
    try project.write("words.txt", "bad\n")
    for round in 0..<3 {
      let end = try project.run("run")
      #expect(end.status == 0)
      #expect(
        end.error.contains("warning") && end.error.contains("judge"), "\(round): \(end.error)")
      #expect(try project.result("next") == "bad\n")
    }
    #expect(try project.takeRan().count == 3)
    #expect(try project.run("status", "--check").status == 0)
    try project.write("pipeline.yaml", pipeline(check(grepGood)))
    #expect(try project.run("run").status == 1)
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.takeRan().isEmpty)
  }
}
