import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Figures for docs/LOG.md, printed when `NB_ENGINE_BENCH` names a number of steps.
@Suite(.enabled(if: getenv("NB_ENGINE_BENCH") != nil)) struct SpeedTests {
  @Test func noOperationTimes() throws {
    guard let count = getenv("NB_ENGINE_BENCH").flatMap({ Int(String(cString: $0)) }) else {
      return
    }
    let lab = try EngineLab(name: "speed")
    try Disk.makeFolders(lab.root + "/src")
    for number in 0..<count {
      try Disk.writeWhole(Array("\(number)".utf8), to: "\(lab.root)/src/f\(number)")
    }
    try lab.write("pipeline.yaml", "x")
    var assets: [AssetNode] = []
    for number in 0..<count {
      assets.append(join("step\(number)", ["f": .path("src/f\(number)")]))
    }
    for half in 0..<2 {
      assets.append(
        AssetNode(
          name: "join\(half)", step: "constant",
          inputs: [
            AssetInput(
              "all",
              (0..<count).filter { $0 % 2 == half }.map { InputSource.asset("step\($0)") })
          ]))
    }
    func timed<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
      let start = Clock.seconds()
      let value = try body()
      print("engine \(count) \(name): \(((Clock.seconds() - start) * 10_000).rounded() / 10) ms")
      return value
    }
    let invocation = SnapshotInvocation(
      pipelinePath: lab.root + "/pipeline.yaml", profile: nil, overrides: [], targets: [],
      toolIdentifier: "1")
    try timed("first run") { _ = try lab.run(assets) }
    try timed("plan, stamps young") { _ = try lab.plan(assets) }
    let engine = try timed("graph and cache opened") { try lab.engine(assets) }
    let plan = try timed("plan") { try engine.plan() }
    #expect(plan.isAllFresh)
    try timed("plan again") { _ = try engine.plan() }
    let file = try #require(GuardedFile(path: invocation.pipelinePath))
    let isSaved = try timed("save") {
      try engine.saveSnapshot(invocation, pipelineFiles: [file])
    }
    #expect(isSaved)
    for _ in 0..<5 {
      let snapshot = timed("snapshot") {
        FreshnessSnapshot.load(cache: lab.cache, invocation: invocation, variable: { _ in nil })
      }
      #expect(snapshot != nil)
    }
    timed("snapshot, one thread") {
      _ = FreshnessSnapshot.load(
        cache: lab.cache, invocation: invocation, variable: { _ in nil }, threads: 1)
    }
    timed("snapshot and lines") {
      var bytes = 0
      FreshnessSnapshot.load(cache: lab.cache, invocation: invocation, variable: { _ in nil })?
        .forEachAsset { bytes += $0.name.utf8.count }
      if bytes == 0 { print("no lines") }
    }
  }

  @Test func hashingNewFiles() throws {
    let lab = try EngineLab(name: "hash")
    let block = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Disk.makeFolders(lab.root + "/big")
    for number in 0..<600 { try Disk.writeWhole(block, to: "\(lab.root)/big/f\(number)") }
    let engine = try lab.engine([join("a", ["f": .path("big")])])
    let start = Clock.seconds()
    _ = try engine.plan()
    let seconds = Clock.seconds() - start
    print("engine hashing 600 files of 1 MiB: \(600 / 1024 / seconds) GiB/s")
  }
}
