import BuildEngine
import JSON
import Testing

@Suite struct CollectionTests {
  func assets(_ number: Int) -> [AssetNode] {
    [join("a", [:], ["n": .int(number)]), join("b", ["in": .asset("a")])]
  }

  @Test func whatAProfileNeedsStays() throws {
    let lab = try EngineLab()
    for number in 1...4 { try lab.run(assets(number)) }
    try lab.run(assets(1), profile: "full")
    let engine = try lab.engine(assets(4))
    #expect(try engine.cacheStatistics().resultCount == 8)
    #expect(try engine.cacheStatistics().currentCount == 4)
    let dry = try engine.collectGarbage(CollectionRule(keepRuns: 0, dryRun: true))
    #expect(dry.results.count == 4)
    #expect(try engine.cacheStatistics().resultCount == 8)
    let report = try engine.collectGarbage(CollectionRule(keepRuns: 0))
    #expect(report.results.count == 4)
    #expect(try lab.run(assets(4)).executed.isEmpty)
    #expect(try lab.run(assets(1), profile: "full").executed.isEmpty)
    #expect(try lab.run(assets(1)).executed.isEmpty)
    #expect(try lab.run(assets(2)).executed == ["a", "b"])
    #expect(try lab.engine(assets(2)).verifyCache().isEmpty)
  }

  @Test func whatAKeptRunMadeStays() throws {
    let lab = try EngineLab()
    for number in 1...4 { try lab.run(assets(number)) }
    let report = try lab.engine(assets(4)).collectGarbage(CollectionRule(keepRuns: 2))
    #expect(report.results.count == 4)
    #expect(try lab.run(assets(3)).executed.isEmpty)
    #expect(try lab.run(assets(1)).executed == ["a", "b"])
  }

  @Test func aSizeLimitTakesTheOldestFirst() throws {
    let lab = try EngineLab()
    for number in 1...4 { try lab.run(assets(number)) }
    let engine = try lab.engine(assets(4))
    let total = try engine.cacheStatistics().resultBytes
    #expect(try engine.collectGarbage(CollectionRule(keepRuns: 0, maxSize: total)).results.isEmpty)
    let report = try engine.collectGarbage(CollectionRule(keepRuns: 0, maxSize: total - 1))
    #expect(report.results.count == 1)
    #expect(try lab.run(assets(2)).executed.isEmpty)
    #expect(try lab.run(assets(1)).executed == ["a"])
  }

  @Test func verificationTellsHowFarItIs() throws {
    let lab = try EngineLab()
    try lab.run(assets(1))
    let engine = try lab.engine(assets(1))
    let bytes = try engine.cacheStatistics().resultBytes
    var seen: [VerificationProgress] = []
    #expect(try engine.verifyCache { seen.append($0) }.isEmpty)
    #expect(seen.map(\.results) == [0, 1, 2])
    #expect(seen.allSatisfy { $0.totalResults == 2 && $0.totalBytes == bytes })
    #expect(seen.first?.bytes == 0 && seen.last?.bytes == bytes)
  }

  @Test func aRunIsNotDisturbed() throws {
    let lab = try EngineLab()
    let started = Counter()
    lab.toys.define("slow") { context in
      _ = started.next()
      for _ in 0..<200 where started.value == 1 { _ = usleepMilliseconds(5) }
      try Toys.put("x", context)
    }
    let node = AssetNode(name: "a", step: "slow")
    let run = Background { do { try lab.run([node]) } catch { Issue.record(error) } }
    while started.value == 0 { _ = usleepMilliseconds(1) }
    #expect(throws: BuildError.cacheInUse(path: lab.cache)) {
      try lab.engine([node]).collectGarbage()
    }
    _ = started.next()
    run.wait()
    #expect(try lab.engine([node]).collectGarbage(CollectionRule(keepRuns: 0)).results.isEmpty)
  }
}
