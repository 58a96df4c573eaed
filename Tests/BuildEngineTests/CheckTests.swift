import BuildEngine
import JSON
import Testing

@Suite struct CheckTests {
  func lab() throws -> EngineLab {
    let lab = try EngineLab()
    lab.toys.defineCheck("longer") { context in
      let length = try Toys.contents(context.result + "/text").utf8.count
      let least = context.parameters["than"]?.intValue ?? 0
      return CheckVerdict(
        passed: length > least, message: "\(length) bytes", numbers: ["bytes": .int(length)])
    }
    lab.toys.defineCheck("same") { context in
      let other = context.otherResults["b"].map { $0 + "/text" } ?? ""
      return CheckVerdict(
        passed: try Toys.contents(context.result + "/text") == Toys.contents(other), message: "")
    }
    return lab
  }

  func assets(_ checks: [CheckNode], text: JSONValue = "hello") -> [AssetNode] {
    [join("a", [:], ["text": text], checks: checks), join("b", ["in": .asset("a")])]
  }

  func longer(_ than: Int, _ severity: CheckNode.Severity = .error, revision: Int = 1) -> CheckNode
  {
    CheckNode(
      name: "longer", revision: revision, parameters: ["than": .int(than)], severity: severity)
  }

  @Test func aPassingCheckRunsOnce() throws {
    let lab = try lab()
    let report = try lab.run(assets([longer(3)]))
    #expect(report.executed == ["a", "check longer of a", "b"])
    #expect(try lab.run(assets([longer(3)])).executed.isEmpty)
    let history = try lab.engine(assets([])).checkHistory(of: "a")
    #expect(history.map(\.verdict.message) == ["13 bytes"])
    #expect(try Disk.names(in: lab.layout.staging).isEmpty)
  }

  @Test func addingAndChangingAChecksRunsOnlyIt() throws {
    let lab = try lab()
    try lab.run(assets([]))
    #expect(try lab.run(assets([longer(3)])).executed == ["check longer of a"])
    #expect(try lab.run(assets([longer(4)])).executed == ["check longer of a"])
    #expect(try lab.run(assets([longer(3)])).executed.isEmpty)
    #expect(try lab.run(assets([longer(3, revision: 2)])).executed == ["check longer of a"])
    // The severity does not change what was found out.
    #expect(try lab.run(assets([longer(3, .warn)])).executed.isEmpty)
    #expect(try lab.run(assets([])).executed.isEmpty)
  }

  @Test func aFailedCheckBlocksWhatFollowsAndKeepsTheResult() throws {
    let lab = try lab()
    let report = try lab.run(assets([longer(100)]))
    #expect(report.executed == ["a", "check longer of a"])
    #expect(report.summary.status == .failed)
    #expect(report.summary.blocked == 1)
    #expect(report.summary.failedChecks == 1)
    #expect(try lab.text("a").contains("hello"))
    let again = try lab.run(assets([longer(100)]))
    #expect(again.executed.isEmpty)
    #expect(again.summary.status == .failed)
    #expect(try lab.plan(assets([longer(100)])).tasks[1].action == .blocked(by: "a"))
    let status = try lab.engine(assets([longer(100)])).status()
    #expect(status.map(\.state) == [.checkFailed, .blocked])
    #expect(try lab.run(assets([longer(3)])).executed == ["check longer of a", "b"])
  }

  @Test func aFailedCheckOnAFreshResultBlocksNothingThatIsMade() throws {
    let lab = try lab()
    try lab.run(assets([]))
    let report = try lab.run(assets([longer(100)]))
    #expect(report.summary.status == .failed)
    #expect(try lab.run(assets([longer(100)])).summary.status == .failed)
  }

  @Test func aWarningIsOnlyTold() throws {
    let lab = try lab()
    let report = try lab.run(assets([longer(100, .warn)]))
    #expect(report.executed.sorted() == ["a", "b", "check longer of a"])
    #expect(report.summary.status == .done)
    #expect(report.summary.warnings == 1)
    let again = try lab.run(assets([longer(100, .warn)]))
    #expect(again.summary.warnings == 1)
    #expect(
      try lab.engine(assets([longer(100, .warn)])).status()[0].warnings == ["longer: 13 bytes"])
  }

  @Test func anotherAssetsResultIsPartOfTheVerdict() throws {
    let lab = try lab()
    func assets(_ text: JSONValue) -> [AssetNode] {
      [
        join("a", [:], ["t": "x"], checks: [CheckNode(name: "same", otherAssets: ["b"])]),
        join("b", [:], ["t": text]),
      ]
    }
    #expect(try lab.run(assets("x")).summary.status == .done)
    let other = try lab.run(assets("y"))
    #expect(other.executed == ["b", "check same of a"])
    #expect(other.summary.status == .failed)
    let third = try lab.run(assets("x")).executed
    #expect(third == [])
    #expect(try lab.plan(assets("x")).isAllFresh)
  }

  @Test func aCheckThatBreaksIsAskedAgain() throws {
    let lab = try lab()
    lab.toys.defineCheck("odd") { _ in throw StepFailure("cannot judge") }
    let report = try lab.run(assets([CheckNode(name: "odd")]))
    #expect(report.summary.failedChecks == 1)
    #expect(try lab.run(assets([CheckNode(name: "odd")])).executed == ["check odd of a"])
  }

  @Test func shellChecksJudgeByExitStatus() throws {
    let lab = try lab()
    func check(_ command: String) -> CheckNode {
      CheckNode(name: "shell", parameters: ["command": .string(command)])
    }
    #expect(try lab.run(assets([check("grep -q hello $NB_RESULT/text")])).summary.status == .done)
    let report = try lab.run(assets([check("echo too short; exit 4")]))
    #expect(report.summary.status == .failed)
    let verdicts = try lab.engine(assets([])).checkHistory(of: "a").map(\.verdict.message)
    #expect(verdicts.contains("the command exited with status 4: too short"))
  }

  @Test func checksRunWithoutRebuilding() throws {
    let lab = try lab()
    try lab.run(assets([]))
    let stale = assets([longer(3)], text: "other")
    lab.toys.resetRuns()
    let engine = try lab.engine(stale)
    let summary = try engine.runChecks(options: RunOptions(), launcher: lab.toys.launcher)
    #expect(lab.toys.runs == ["check longer of a"])
    #expect(summary.status == .done)
  }
}
