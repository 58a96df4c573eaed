import TestSupport
import Testing

/// Names that Unicode takes for equal are different files, and different texts to a command.
@Suite struct NamesStories {
  private static let composed = "caf\u{e9}.txt"
  private static let decomposed = "cafe\u{301}.txt"

  @Test func bothOfTwoEquivalentNamesCount() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        all: {step: shell, inputs: {f: in}, with: {command: "cat $NB_INPUT_f/* > text"}}

      """)
    try project.write("in/" + Self.composed, "a\n")
    try project.write("in/" + Self.decomposed, "b\n")
    try #require(try project.list("in").count == 2, "this file system takes them for one")
    #expect(try project.run("run").status == 0)
    #expect(try project.run("run").status == 0)
    for name in [Self.composed, Self.decomposed] {
      try project.write("in/" + name, "changed \(name.utf8.count)\n")
      #expect(try project.run("status", "--check").status == 1)
      #expect(try project.run("run").status == 0)
      let text = try project.result("all")
      #expect(text.contains("changed \(name.utf8.count)"), "\(text)")
      #expect(try project.run("status", "--check").status == 0)
    }
  }

  @Test func textsKeepTheirBytesFromStartToStart() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        a:
          step: shell
          description: "\(Self.composed)"
          inputs: {f: "./\(Self.decomposed)"}
          with: {command: "cp $NB_INPUT_f text; echo '\(Self.composed)' '\(Self.decomposed)' > names"}

      """)
    try project.write(Self.decomposed, "one\n")
    for round in 0..<4 {
      try project.write(Self.decomposed, "round \(round)\n")
      let end = try project.run("run")
      #expect(end.status == 0, "\(end.error)")
      #expect(try project.result("a") == "round \(round)\n")
      let names = Array(try project.result("a", "names").utf8)
      #expect(names == Array("\(Self.composed) \(Self.decomposed)\n".utf8))
    }
  }
}
