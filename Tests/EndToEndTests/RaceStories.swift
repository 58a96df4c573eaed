import Glibc
import TestSupport
import Testing

/// Sources that change while they are used, equal work, and what dead runs leave behind.
@Suite struct RaceStories {
  /// The first of six partitions that read one file rewrites it; the others' keys were made before.
  @Test func anEditDuringARunIsNoResultOfTheOldContent() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
          partitions: {p: 0..5}
          inputs: {f: f.txt}
          with:
            command: |
              cat $NB_INPUT_f > text
              [ -e $NB_ROOT/edited ] || { touch $NB_ROOT/edited; echo two > $NB_INPUT_f; }

      """)
    func expectAll(_ text: String, location: SourceLocation = #_sourceLocation) throws {
      for value in 0...5 {
        #expect(try project.result("a", "\(value)/text") == text, sourceLocation: location)
      }
      #expect(try project.run("status", "--check").status == 0, sourceLocation: location)
    }
    try project.write("f.txt", "one\n")
    #expect(try project.run("run", "-j", "1").status == 0)
    try expectAll("two\n")
    try project.write("f.txt", "one\n")
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("run").status == 0)
    try expectAll("one\n")
    try project.write("f.txt", "two\n")
    #expect(try project.run("run").status == 0)
    try expectAll("two\n")
  }

  /// The plan made the key of `b` from the old content; when `b` may start, another task has found the new.
  @Test func anEditBehindACheckIsNoResultOfTheOldContent() throws {
    func pipeline(_ version: Int) -> String {
      """
      nanobuild: 1
      assets:
        c:
          step: shell
          with: {command: "echo c > text"}
          checks: [shell: {command: "while [ ! -e $NB_ROOT/edited ]; do sleep 0.02; done; sleep 0.5; test \(version) -gt 0"}]
        a:
          step: shell
          inputs: {f: f.txt}
          with:
            command: |
              if [ -e $NB_ROOT/edited ]; then sleep 1.5
              else echo NEWER > $NB_ROOT/f.txt; touch $NB_ROOT/edited; fi
        b:
          step: shell
          inputs: {f: f.txt, c: c}
          with: {command: "cat $NB_INPUT_f > text"}

      """
    }
    let project = try TestProject(pipeline(1))
    try project.write("f.txt", "OLD\n")
    try project.write("edited", "")
    #expect(try project.run("run", "c").status == 0)
    try project.write("pipeline.yaml", pipeline(2))
    project.remove("edited")
    let end = try project.run("run", "-j", "2")
    #expect(end.status == 0, "\(end.error)")
    #expect(try project.result("b") == "NEWER\n")
    try project.write("f.txt", "OLD\n")
    #expect(try project.run("run", "b").status == 0)
    #expect(try project.result("b") == "OLD\n")
  }

  @Test func equalWorkIsDoneOnce() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, with: {command: "echo ran >> $NB_ROOT/ran; sleep 0.1; echo x > text"}}
        b: {step: shell, with: {command: "echo ran >> $NB_ROOT/ran; sleep 0.1; echo x > text"}}

      """)
    #expect(try project.run("run", "-j", "2").status == 0)
    #expect(try project.takeRan() == ["ran"])
    #expect(try project.result("b") == "x\n")
  }

  @Test func aLinkInPlaceOfTheResultIsRefused() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, with: {command: "rm -rf $NB_OUT; ln -s $NB_ROOT/data $NB_OUT"}}

      """)
    try project.write("data/f", "mine\n")
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("in the place of its result's folder"), "\(end.error)")
    #expect(access(project.file("data/f"), W_OK) == 0)
    var status = stat()
    #expect(stat(project.file("data/f"), &status) == 0 && status.st_mode & 0o222 != 0)
  }

  @Test func everyRunningJobIsHeldToItsMemory() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        small: {step: shell, resources: {memory: 100MiB}, with: {command: "sleep 3"}}
        large:
          step: shell
          resources: {memory: 100MiB}
          with: {command: "head -c 400000000 /dev/zero | tail | wc -c; sleep 2"}

      """)
    let end = try project.run("run", "-j", "2", "--keep-going")
    #expect(end.status == 1)
    #expect(end.error.contains("large  failed: it used"), "\(end.error)")
    #expect(project.exists("cache/current/default/small"))
  }

  @Test func aCleanUpAfterAKillLetsNoOrphanIntoTheNextResult() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
          with:
            command: |
              echo made >> $NB_OUT/text
              (sleep 2; echo orphan >> $NB_OUT/text) &
              [ -e $NB_ROOT/quick ] || { touch $NB_ROOT/started; sleep 30; }

      """)
    let run = try project.start("run")
    try eventually("the step starts") { project.exists("started") }
    run.signal(SIGKILL)
    _ = try run.wait()
    #expect(try project.run("cache", "gc").status == 0)
    try project.write("quick", "")
    #expect(try project.run("run").status == 0)
    usleep(2_500_000)
    #expect(try project.result("a") == "made\n")
    #expect(try project.run("-C", ".", "cache", "verify").status == 0)
  }

  @Test func whatAKeptRunRestoredIsKept() throws {
    let story = try Story()
    for words in ["one\n", "two\n", "one\n", "two\n"] {
      try story.project.write("words.txt", words)
      try story.bringUpToDate()
    }
    #expect(try story.project.run("cache", "gc", "--keep-runs", "2").status == 0)
    try story.project.write("words.txt", "one\n")
    #expect(try story.bringUpToDate().isEmpty)
  }
}
