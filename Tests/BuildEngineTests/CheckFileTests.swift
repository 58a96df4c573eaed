import BuildEngine
import JSON
import Testing

/// Checks that look at files outside the pipeline.
@Suite struct CheckFileTests {
  @Test func anotherContentIsJudgedAnew() throws {
    let lab = try EngineLab()
    lab.toys.defineCheck("listed") { context in
      let list = try Toys.contents(context.projectRoot + "/list.txt")
      return CheckVerdict(passed: list.contains("good"), message: list)
    }
    let check = CheckNode(name: "listed", files: ["list.txt"])
    let assets = [join("a", [:], ["text": "hello"], checks: [check])]
    try lab.write("list.txt", "good")
    #expect(try lab.run(assets).executed == ["a", "check listed of a"])
    #expect(try lab.run(assets).executed.isEmpty)
    try lab.write("list.txt", "bad")
    let report = try lab.run(assets)
    #expect(report.executed == ["check listed of a"])
    #expect(report.summary.failedChecks == 1)
    try lab.write("list.txt", "good")
    #expect(try lab.run(assets).executed.isEmpty)
  }
}
