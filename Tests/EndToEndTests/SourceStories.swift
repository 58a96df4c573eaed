import Glibc
import TestSupport
import Testing

/// How sources are named, and sources that are not there.
@Suite struct SourceStories {
  private func written(_ path: String) -> String {
    Story.pipeline.replacing("words: words.txt", with: "words: '\(path)'")
  }

  @Test func anotherWayToWriteAPathRunsNothing() throws {
    let story = try Story()
    let project = story.project
    try story.bringUpToDate()
    try project.folder.makeFolder("sub")
    for path in ["./words.txt", "sub/../words.txt", project.file("words.txt"), ".//words.txt"] {
      try project.write("pipeline.yaml", written(path))
      #expect(try story.bringUpToDate().isEmpty, "\(path)")
    }
    try project.write("words.txt", "three\n")
    #expect(try project.run("explain", "upper").output.contains("file `.//words.txt` changed ("))
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
  }

  @Test func aMovedSourceRunsNothingButANewNameDoes() throws {
    let story = try Story()
    let project = story.project
    try story.bringUpToDate()
    try project.write("deep/er/words.txt", "one two\n")
    try project.write("pipeline.yaml", written("deep/er/words.txt"))
    #expect(try story.bringUpToDate().isEmpty)
    // A command may look at the name: `cc -c x.c` is not `cc -c x.S`.
    try project.write("deep/er/words.md", "one two\n")
    try project.write("pipeline.yaml", written("deep/er/words.md"))
    #expect(try story.bringUpToDate() == ["count", "upper"])
  }

  @Test func aMovedProjectRunsNothing() throws {
    let story = try Story(name: "here")
    let project = story.project
    try project.write("pipeline.yaml", written("./words.txt"))
    try story.bringUpToDate()
    let there = project.folder.file("there")
    try #require(rename(project.path, there) == 0)
    let end = try RunningProgram(
      TestProject.program, ["run", "-C", there], folder: project.folder.path,
      environment: ["PATH": "/usr/bin:/bin"]
    ).wait()
    #expect(end.output.contains("0 ran, 0 restored, 3 fresh"), "\(end.output)\(end.error)")
    #expect(!project.folder.exists("there/ran"))
    try #require(rename(there, project.path) == 0)
  }

  @Test func absentFilesAreAllToldWithTheirPlaces() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, inputs: {x: gone.txt}, with: {command: "echo a >> $NB_ROOT/ran"}}
        b: {step: shell, inputs: {g: "no/*.md"}, with: {command: "true"}}
        p:
          step: shell
          partitions: {p: 00..09}
          inputs: {x: "parts/{p}.txt"}
          with: {command: "true"}
        good: {step: shell, with: {command: "echo good > text"}}

      """)
    try project.write("parts/00.txt", "0")
    for command in ["validate", "run", "status", "plan", "graph"] {
      let end = try project.run(command)
      #expect(end.status == 2, "\(command)")
      for part in [
        "pipeline.yaml:3:32: error: input `x` of `a`: there is no file `gone.txt`",
        "^^^^^^^^", "paths are relative to the folder of the pipeline file",
        "pipeline.yaml:4:32: error: input `g` of `b`: no file matches `no/*.md`",
        "pipeline.yaml:8:17: error: input `x` of `p`: there is no file `parts/01.txt`",
        "`parts/03.txt`, and 6 more",
      ] {
        #expect(end.error.contains(part), "\(command): \(end.error)")
      }
    }
    #expect(!project.exists("ran"))
    // What a target does not need does not stop it.
    #expect(try project.run("run", "good").status == 0)
    let one = try project.run("run", "a")
    #expect(one.status == 2)
    #expect(!one.error.contains("no/*.md"))
  }

  @Test func absentFilesAreToldTogetherWithOtherFaults() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a: {step: shell, inputs: {x: ./gone.txt}, with: {command: "true"}, retires: 3}

      """)
    let end = try project.run("run")
    #expect(end.status == 2)
    #expect(end.error.contains("unknown key `retires`"))
    #expect(end.error.contains("there is no file `./gone.txt`"), "\(end.error)")
  }

  @Test func aLinkThatComesAliveIsSeen() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        all:
          step: shell
          inputs: {files: "in/*.txt"}
          with: {command: "cat $NB_INPUT_files > text"}

      """)
    try project.write("in/a.txt", "a\n")
    symlink("../elsewhere/b.txt", project.file("in/b.txt"))
    for _ in 0..<2 { #expect(try project.run("run").status == 0) }
    #expect(try project.result("all") == "a\n")
    #expect(try project.run("status", "--check").status == 0)
    // No folder that was looked into changes.
    try project.write("elsewhere/b.txt", "b\n")
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("run").status == 0)
    #expect(try project.result("all") == "a\nb\n")
  }

  @Test func whichOfTwoFilesOfOneNameChangedIsTold() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        both:
          step: shell
          inputs: {files: [left/x.txt, right/x.txt]}
          with: {command: "cat $NB_INPUT_files > text"}

      """)
    try project.write("left/x.txt", "l\n")
    try project.write("right/x.txt", "r\n")
    #expect(try project.run("run").status == 0)
    try project.write("right/x.txt", "R\n")
    let end = try project.run("explain", "both")
    #expect(end.output.contains("file `right/x.txt` changed ("), "\(end.output)")
    #expect(!end.output.contains("left/x.txt"))
    #expect(try project.run("run").status == 0)
    chmod(project.file("left/x.txt"), 0o755)
    let mode = try project.run("explain", "both")
    #expect(mode.output.contains("file `left/x.txt` became executable"), "\(mode.output)")
  }

  @Test(arguments: ["pipe", "folder", "/dev/zero"]) func pipesAndDevicesAreNoSources(
    path: String
  ) throws {
    let project = try TestProject(
      "nanobuild: 1\nassets: {a: {step: shell, inputs: {x: ./\(path)}, with: {command: 'true'}}}\n"
        .replacing(".//", with: "/"))
    try project.folder.makeFolder("folder")
    for name in ["pipe", "folder/pipe"] { mkfifo(project.file(name), 0o644) }
    for command in ["run", "validate"] {
      let end = try project.run(command, seconds: 5)
      #expect(end.status == 2)
      #expect(end.error.contains("is neither a file nor a folder"), "\(end.error)")
    }
  }

  /// Another content for a moment, put back before the step ends: what the step made of it must not
  /// stand for the content that is there before and after.
  @Test func aSourceThatWasAnotherForAMomentIsReadAgain() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
          inputs: {x: x.txt}
          with:
            command: |
              echo a >> $NB_ROOT/ran
              if [ -e $NB_ROOT/once ]; then cat $NB_INPUT_x > text; exit; fi
              touch $NB_ROOT/once
              echo bbbb > $NB_INPUT_x
              cat $NB_INPUT_x > text
              echo aaaa > $NB_INPUT_x

      """)
    try project.write("x.txt", "aaaa\n")
    #expect(try project.run("run").status == 0)
    #expect(try project.result("a") == "aaaa\n")
    #expect(try project.takeRan() == ["a", "a"])
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().isEmpty)
  }

  @Test func aStepThatTouchesItsSourceEnds() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
          inputs: {x: x.sh}
          with: {command: "echo a >> $NB_ROOT/ran; chmod +x $NB_INPUT_x; cat $NB_INPUT_x > text"}

      """)
    try project.write("x.sh", "aaaa\n")
    chmod(project.file("x.sh"), 0o755)
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan() == ["a", "a"])
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().isEmpty)
  }
}
