import Glibc
import TestSupport
import Testing

/// Several runs on one cache at once.
@Suite struct SharingStories {
  @Test func twoRunsOnOverlappingTargetsDoTheWorkOnce() throws {
    var pipeline = "nanobuild: 1\nassets:\n"
    for number in 0..<8 {
      pipeline += """
          part\(number):
            step: shell
            inputs: {words: words.txt}
            with: {command: "echo part\(number) >> $NB_ROOT/ran; sleep 0.04; sed s/^/\(number)/ $NB_INPUT_words > text"}

        """
    }
    for (name, parts) in [("left", 0..<6), ("right", 2..<8)] {
      let inputs = parts.map { "p\($0): part\($0)" }.joined(separator: ", ")
      let files = parts.map { "$NB_INPUT_p\($0)/text" }.joined(separator: " ")
      pipeline += """
          \(name):
            step: shell
            inputs: {\(inputs)}
            with: {command: "echo \(name) >> $NB_ROOT/ran; cat \(files) > text"}

        """
    }
    let project = try TestProject(pipeline)
    for round in 0..<3 {
      try project.write("words.txt", "word\(round)\n")
      let runs = [
        try project.start("run", "left"), try project.start("run", "right"),
        try project.start("run"),
      ]
      for run in runs {
        let end = try run.wait()
        #expect(end.status == 0, "\(end.error)")
      }
      let ran = try project.takeRan().sorted()
      #expect(ran == (["left", "right"] + (0..<8).map { "part\($0)" }).sorted())
      let left = (0..<6).map { "\($0)word\(round)\n" }.joined()
      let right = (2..<8).map { "\($0)word\(round)\n" }.joined()
      #expect(try project.result("left") == left)
      #expect(try project.result("right") == right)
      #expect(try project.run("status", "--check").status == 0)
    }
  }

  @Test func theSecondRunTakesOverWhenTheFirstIsKilled() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        slow:
          step: shell
          with: {command: "echo slow >> $NB_ROOT/ran; sleep 0.3; echo made > text"}
      """)
    let first = try project.start("run")
    try eventually("the first run starts the step") { project.exists("ran") }
    let second = try project.start("run")
    usleep(80_000)
    first.signal(9)
    _ = try first.wait()
    let end = try second.wait()
    #expect(end.status == 0, "\(end.error)")
    #expect(try project.result("slow") == "made\n")
    #expect(try project.run("status", "--check").status == 0)
  }
}
