import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct StalenessTests {
  /// file → a → b → c
  func chain(_ depth: JSONValue = 4, revision: Int = 1) -> [AssetNode] {
    [
      join("a", ["words": .path("words.txt")], revision: revision),
      join("b", ["in": .asset("a")], ["depth": depth]),
      join("c", ["in": .asset("b")]),
    ]
  }

  @Test func aSecondRunDoesNothing() throws {
    let lab = try EngineLab()
    try lab.write("words.txt", "hello")
    let first = try lab.run(chain())
    #expect(first.executed == ["a", "b", "c"])
    #expect(first.summary.status == .done)
    let second = try lab.run(chain())
    #expect(second.executed.isEmpty)
    #expect(second.summary.fresh == 3)
    #expect(second.summary.id == nil)
    #expect(try lab.plan(chain()).isAllFresh)
    #expect(try lab.text("b").contains("depth=4"))
    #expect(try lab.text("c").contains("hello"))
  }

  @Test func aChangedParameterRunsItsTaskAndWhatFollows() throws {
    let lab = try EngineLab()
    try lab.write("words.txt", "hello")
    try lab.run(chain())
    let plan = try lab.plan(chain(6))
    #expect(plan.tasks[0].action.isFresh)
    #expect(
      plan.tasks[1].action
        == .run([.parameterChanged(name: "depth", old: "4", new: "6", origin: nil)]))
    #expect(plan.tasks[2].action == .pending(on: ["b"], reasons: []))
    #expect(try lab.run(chain(6)).executed == ["b", "c"])
    let back = try lab.run(chain(4))
    #expect(back.executed.isEmpty)
    #expect(back.summary.restored == 2)
    #expect(try lab.text("b").contains("depth=4"))
  }

  @Test func aChangedFileRunsWhatReadsIt() throws {
    let lab = try EngineLab()
    try lab.write("words.txt", "hello")
    try lab.run(chain())
    try lab.write("words.txt", "world")
    #expect(
      try lab.plan(chain()).tasks[0].action
        == .run([.fileChanged(input: "words", path: "words.txt")]))
    #expect(try lab.run(chain()).executed == ["a", "b", "c"])
    #expect(try lab.text("c").contains("world"))
  }

  @Test func theSameBytesStopTheWave() throws {
    let lab = try EngineLab()
    try lab.write("words.txt", "hello")
    let assets = [
      AssetNode(
        name: "a", step: "constant", inputs: [AssetInput("words", [.path("words.txt")])]),
      join("b", ["in": .asset("a")]),
    ]
    try lab.run(assets)
    try lab.write("words.txt", "world")
    let report = try lab.run(assets)
    #expect(report.executed == ["a"])
    #expect(report.summary.fresh == 1)
  }

  @Test func shellCommandsSeeTheirInputs() throws {
    let lab = try EngineLab()
    try lab.write("words.txt", "b\na\n")
    let assets = [
      shell(
        "sorted", "sort $NB_INPUT_words > text; test $PWD = $NB_OUT", ["words": .path("words.txt")])
    ]
    let report = try lab.run(assets)
    #expect(report.summary.status == .done, "\(report.failures)")
    #expect(try lab.text("sorted") == "a\nb\n")
    let failing = try lab.run([shell("broken", "echo one; echo two; exit 3")])
    #expect(failing.summary.status == .failed)
    #expect(failing.failures["broken"]?.message == "the command exited with status 3")
    #expect(failing.failures["broken"]?.logTail == ["one", "two"])
  }
}

extension Plan.Action {
  var isFresh: Bool { if case .fresh = self { true } else { false } }
}
