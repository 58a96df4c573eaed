import BuildEngine
import JSON
import Testing

@Suite struct LineageTests {
  /// A step that writes down what it is told of the assets above it.
  private func lab() throws -> EngineLab {
    let lab = try EngineLab()
    lab.toys.defineCheck("fine") { _ in CheckVerdict(passed: false, message: "not quite") }
    lab.toys.define("tell") { context in
      let lines = context.lineage.map { asset in
        let checks = asset.checks.map { "\($0.name) \($0.verdict.passed) \($0.verdict.message)" }
        let bytes = (asset.byteCount ?? 0) > 0
        return "\(asset.name) <- \(asset.inputs) \(JSONWriter.text(.object(asset.parameters))) "
          + "\(checks) \(bytes) \(asset.seconds != nil)"
      }
      try Toys.put(([context.profile] + lines).joined(separator: "\n"), context)
    }
    return lab
  }

  private func assets(wantsLineage: Bool) -> [AssetNode] {
    let partitions = PartitionSet(key: "n", values: ["1", "2"])
    var report = AssetNode(
      name: "report", step: "tell", inputs: [AssetInput("b", [.asset("b")])])
    report.wantsLineage = wantsLineage
    return [
      join("a", [:], ["text": "x"], partitions: partitions),
      join(
        "b", ["in": .asset("a")], checks: [CheckNode(name: "fine", severity: .warn)]),
      join("elsewhere"), report,
    ]
  }

  @Test func aStepThatAsksIsToldOfEveryAssetAboveIt() throws {
    let lab = try lab()
    // The verdict on `b` may come after its users began: a warning holds nobody up.
    try lab.run(Array(assets(wantsLineage: true).dropLast()))
    try lab.run(assets(wantsLineage: true))
    #expect(
      try lab.text("report") == """
        quick
        a <- [] {"text":"x"} [] true true
        b <- ["a"] {} ["fine false not quite"] true true
        """)
  }

  @Test func othersAreToldNothingAndNoKeyChanges() throws {
    let lab = try lab()
    try lab.run(assets(wantsLineage: false))
    #expect(try lab.text("report") == "quick")
    #expect(try lab.plan(assets(wantsLineage: true)).isAllFresh)
  }
}
