import BuildEngine
import CommandLineTool
import JSON
import Testing

@Suite struct PlanTextTests {
  private func task(_ asset: String, _ action: Plan.Action, partition: String? = nil) -> Plan.Task {
    Plan.Task(
      asset: asset, partition: partition, step: "shell", action: action, key: nil, since: nil,
      byteCount: 0)
  }

  @Test func onlyWhatIsNotFreshGetsALine() {
    let digest = Digest(of: "x")
    let plan = Plan(
      tasks: [
        task("a", .fresh(digest)), task("b", .restore(digest)),
        task("c", .run([.neverRun]), partition: "00001"),
        task("d", .pending(on: ["c"], reasons: [])), task("e", .blocked(by: "b")),
      ],
      checks: [
        Plan.Check(asset: "a", check: CheckNode(name: "shell"), state: .toRun),
        Plan.Check(asset: "c", check: CheckNode(name: "shell"), state: .pending),
      ])
    #expect(
      PlanText.lines(plan, color: false) == [
        "restore  b         the right result is in the cache",
        "run      c[00001]  it was never made",
        "pending  d         it depends on `c`",
        "blocked  e         a blocking check of `b` failed",
        "check    a         shell",
        "5 tasks: 4 to do, 1 fresh",
      ])
  }

  @Test func aChangedParameterIsToldWithItsPlace() {
    let reason = StaleReason.parameterChanged(
      name: "depth", old: "4", new: "5", origin: "pipeline.yaml:14:7")
    #expect(
      PlanText.reasons(.run([reason])) == ["parameter `depth` changed: 4 → 5 (pipeline.yaml:14:7)"])
  }

  @Test func theJSONFormIsVersioned() {
    let plan = Plan(
      tasks: [task("c", .run([.forced]), partition: "7")],
      checks: [
        Plan.Check(
          asset: "c", check: CheckNode(name: "shell"),
          state: .known(CheckVerdict(passed: false, message: "no")))
      ])
    let expected: JSONValue = [
      "version": 1,
      "tasks": [
        [
          "asset": "c", "partition": "7", "step": "shell", "action": "run",
          "reasons": ["it is forced"],
        ]
      ],
      "checks": [["asset": "c", "check": "shell", "state": "failed"]],
    ]
    #expect(PlanText.json(plan) == expected)
  }
}
