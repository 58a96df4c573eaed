import Glibc
import TestSupport
import Testing

/// Processes that die, at moments of all kinds.
@Suite struct KillStories {
  /// Writes its output slowly, in several pieces, so that a kill finds it half done.
  private func project() throws -> TestProject {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        slow:
          step: shell
          inputs: {words: words.txt}
          with:
            command: |
              echo $$ > $NB_ROOT/process
              echo slow >> $NB_ROOT/ran
              for i in 1 2 3 4 5 6; do cat $NB_INPUT_words >> text; sleep 0.015; done
        next:
          step: shell
          inputs: {slow: slow}
          with: {command: "echo next >> $NB_ROOT/ran; wc -l < $NB_INPUT_slow/text > text"}
      """)
    try project.write("words.txt", "word\n")
    return project
  }

  /// The results are whole and of the words as they are.
  private func expectRight(_ project: TestProject) throws {
    let words = try project.read("words.txt")
    #expect(try project.result("slow") == String(repeating: words, count: 6))
    #expect(try project.result("next") == "6\n")
  }

  @Test func aKilledStepFailsAndIsMadeAgain() throws {
    let project = try project()
    var numbers = SeededNumbers(seed: 1)
    var killed = 0
    for round in 0..<10 {
      try project.write("words.txt", "round \(round)\n")
      project.remove("process")
      let run = try project.start("run")
      try eventually("the step starts") {
        try project.exists("process") && project.read("process").hasSuffix("\n")
      }
      usleep(UInt32.random(in: 0..<110_000, using: &numbers))
      let process = Int32(try project.read("process").dropLast()) ?? 0
      try #require(process > 1)
      kill(process, SIGKILL)
      let end = try run.wait()
      if end.status != 0 {
        killed += 1
        #expect(end.status == 1)
        #expect(end.error.contains("SIGKILL"), "\(end.error)")
        #expect(try project.run("status", "--check").status == 1)
        #expect(try project.run("run").status == 0)
      }
      try expectRight(project)
      #expect(try project.run("status", "--check").status == 0)
    }
    #expect(killed >= 3)
  }

  @Test func aKilledProgramLeavesNothingWrong() throws {
    let project = try project()
    var numbers = SeededNumbers(seed: 2)
    var killed = 0
    for round in 0..<12 {
      try project.write("words.txt", "round \(round)\n")
      let run = try project.start("run")
      usleep(UInt32.random(in: 0..<130_000, using: &numbers))
      run.signal(SIGKILL)
      let end = try run.wait()
      if end.status != 0 { killed += 1 }
      // No unlocking, no flag: whatever `status` calls fresh now must be right.
      if try project.run("status", "--check").status == 0 { try expectRight(project) }
      let next = try project.run("run")
      #expect(next.status == 0, "\(next.error)")
      try expectRight(project)
      _ = try project.takeRan()
      #expect(try project.run("run").status == 0)
      #expect(try project.takeRan().isEmpty)
    }
    #expect(killed >= 3)
  }

  @Test func interruptedOnceTheRunEndsAndTheNextOneIsRight() throws {
    let project = try project()
    try project.write("words.txt", "first\n")
    let run = try project.start("run")
    try eventually("the step starts") { project.exists("ran") }
    run.signal(SIGINT)
    let end = try run.wait(seconds: 10)
    #expect(end.status == 130, "\(end.error)")
    #expect(!project.exists("cache/current/default/next"))
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("run").status == 0)
    try expectRight(project)
  }

  @Test func terminatedTheRunEndsToo() throws {
    let project = try project()
    let run = try project.start("run")
    try eventually("the step starts") { project.exists("ran") }
    run.signal(SIGTERM)
    #expect(try run.wait(seconds: 10).status == 130)
    #expect(try project.run("run").status == 0)
    try expectRight(project)
  }

  @Test func interruptedTwiceAStubbornStepIsKilled() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        stubborn:
          step: shell
          with:
            command: |
              trap '' INT TERM
              echo $$ > $NB_ROOT/process
              i=0
              while [ $i -lt 400 ]; do sleep 0.05; i=$((i+1)); [ -e $NB_ROOT/go ] && break; done
              echo done > text
      """)
    let run = try project.start("run")
    try eventually("the step starts") {
      try project.exists("process") && project.read("process").hasSuffix("\n")
    }
    run.signal(SIGINT)
    usleep(150_000)
    #expect(run.isRunning)
    run.signal(SIGINT)
    let end = try run.wait(seconds: 10)
    #expect(end.status == 130)
    let process = Int32(try project.read("process").dropLast()) ?? 0
    try eventually("the step is gone", seconds: 5) { kill(process, 0) != 0 }
    #expect(!project.exists("cache/current/default/stubborn"))
    try project.write("go", "")
    #expect(try project.run("run").status == 0)
    #expect(try project.result("stubborn") == "done\n")
  }

  @Test func aFailedStepLeavesTheOldResultInForceButNotFresh() throws {
    let project = try project()
    #expect(try project.run("run").status == 0)
    let good = try project.read("pipeline.yaml")
    try project.write(
      "pipeline.yaml", good.replacing("for i in", with: "echo half > text; exit 3; for i in"))
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("status 3"), "\(end.error)")
    #expect(try project.run("status", "--check").status == 1)
    // Nothing half made took the place of what was there.
    try expectRight(project)
    try project.write("pipeline.yaml", good)
    _ = try project.takeRan()
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().isEmpty)
    try expectRight(project)
  }
}
