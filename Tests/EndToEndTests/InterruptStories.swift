import Glibc
import TestSupport
import Testing

/// Ctrl-C while commands run that take it in their own way.
@Suite struct InterruptStories {
  /// Ends with status 0 when it is asked to stop, with half its work done.
  private static let polite = """
    nanobuild: 1
    assets:
      polite:
        step: shell
        with:
          command: |
            echo half > text
            trap 'exit 0' TERM INT
            touch $NB_ROOT/started
            i=0
            while [ $i -lt 400 ] && [ ! -e $NB_ROOT/go ]; do sleep 0.05; i=$((i+1)); done
            echo whole > text
      next: {step: shell, inputs: {polite: polite}, with: {command: "cp $NB_INPUT_polite/text ."}}

    """

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func halfAResultIsNone(signal: Int32) throws {
    let project = try TestProject(Self.polite)
    let run = try project.start("run")
    try eventually("the step starts") { project.exists("started") }
    run.signal(signal)
    let end = try run.wait(seconds: 10)
    #expect(end.status == 130, "\(end.error)")
    #expect(!project.exists("cache/current/default/polite"))
    #expect(try project.run("status", "--check").status == 1)
    try project.write("go", "")
    #expect(try project.run("run").status == 0)
    #expect(try project.result("next") == "whole\n")
  }

  @Test func aCheckThatWasInterruptedHasNotJudged() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
          with: {command: "echo a > text"}
          checks:
            - shell:
                command: |
                  trap 'exit 1' TERM
                  touch $NB_ROOT/started
                  i=0
                  while [ $i -lt 400 ] && [ ! -e $NB_ROOT/go ]; do sleep 0.05; i=$((i+1)); done

      """)
    let run = try project.start("run")
    try eventually("the check starts") { project.exists("started") }
    run.signal(SIGINT)
    #expect(try run.wait(seconds: 10).status == 130)
    #expect(try project.run("status").output.contains("unchecked"))
    try project.write("go", "")
    #expect(try project.run("run").status == 0)
    #expect(try project.run("status", "--check").status == 0)
  }

  @Test func aTimeoutLeavesNothing() throws {
    let project = try TestProject(
      Self.polite.replacing(
        "    step: shell\n    with:", with: "    step: shell\n    timeout: 300ms\n    with:"))
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("timeout of"), "\(end.error)")
    #expect(end.error.contains("next  blocked by `polite`"), "\(end.error)")
    #expect(!project.exists("cache/current/default/polite"))
    try project.write("go", "")
    #expect(try project.run("run").status == 0)
    #expect(try project.result("next") == "whole\n")
  }

  @Test func whoStopsReadingDoesNotStopTheRun() throws {
    let project = try TestProject(Self.polite)
    try project.write("go", "")
    let shell = try RunningProgram(
      "/bin/sh", ["-c", "'\(TestProject.program)' run --json 2>&1 | head -n 1"],
      folder: project.path, environment: ["PATH": "/usr/bin:/bin"])
    _ = try shell.wait()
    try eventually("the run goes on to its end") {
      try project.run("status", "--check").status == 0
    }
    #expect(try project.result("next") == "whole\n")
  }

  /// Hashing a huge source, before anything runs.
  @Test func whatIsLookedAtBeforeARunIsLeftAtOnce() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, inputs: {x: huge}, with: {command: "echo a > text"}}

      """)
    try project.write("huge", "")
    try #require(truncate(project.file("huge"), 1 << 40) == 0)
    let run = try project.start("run")
    usleep(300_000)
    #expect(run.isRunning)
    run.signal(SIGINT)
    #expect(try run.wait(seconds: 5).status == 130)
    project.remove("huge")
    try project.write("huge", "small\n")
    #expect(try project.run("run").status == 0)
  }
}
