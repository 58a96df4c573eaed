import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct SnapshotTests {
  let shards = PartitionSet(key: "shard", values: ["0", "1"])

  func assets() -> [AssetNode] {
    var a = join("a", ["words": .path("words.txt"), "more": .path("data/*.txt")])
    a.environment = ["LANG"]
    return [a, join("b", ["in": .asset("a")], partitions: shards)]
  }

  struct Setting {
    var lab: EngineLab
    var invocation: SnapshotInvocation

    func load(environment: [String: String] = [:]) -> FreshnessSnapshot? {
      FreshnessSnapshot.load(
        cache: lab.cache, invocation: invocation, variable: { environment[$0] })
    }
  }

  /// Everything made, and a snapshot of it saved.
  func saved() throws -> Setting {
    let lab = try EngineLab()
    try lab.write("words.txt", "hello", settled: false)
    try lab.write("pipeline.yaml", "nanobuild: 1", settled: false)
    try lab.write("data/one.txt", "1")
    let invocation = SnapshotInvocation(
      pipelinePath: lab.root + "/pipeline.yaml", profile: nil, overrides: [], targets: [],
      toolIdentifier: "1")
    let setting = Setting(lab: lab, invocation: invocation)
    try lab.run(assets())
    #expect(try save(setting))
    #expect(setting.load() != nil)
    return setting
  }

  func save(_ setting: Setting) throws -> Bool {
    let path = setting.invocation.pipelinePath
    let file = try #require(GuardedFile(path: path, bytes: try Disk.read(path)))
    return try setting.lab.engine(assets()).saveSnapshot(setting.invocation, pipelineFiles: [file])
  }

  @Test func itTellsWhatStatusNeeds() throws {
    let setting = try saved()
    let snapshot = try #require(setting.load())
    #expect(snapshot.profile == "quick")
    #expect(snapshot.taskCount == 3)
    var lines: [AssetStatus] = []
    #expect(snapshot.forEachAsset { lines.append($0) })
    #expect(lines == (try setting.lab.engine(assets()).status()))
    #expect(lines.map(\.partitionCount) == [nil, 2])
  }

  @Test func nothingIsSavedWhileSomethingIsStale() throws {
    let setting = try saved()
    try setting.lab.write("words.txt", "world")
    #expect(try save(setting) == false)
    #expect(setting.load() == nil)
  }

  @Test func aPipelineFileCountsByItsContent() throws {
    let setting = try saved()
    utimes(setting.invocation.pipelinePath, nil)
    #expect(setting.load() != nil, "touched")
    try setting.lab.remove("pipeline.yaml")
    try setting.lab.write("pipeline.yaml", "nanobuild: 1", settled: false)
    #expect(setting.load() != nil, "written anew")
    try setting.lab.write("pipeline.yaml", "nanobuild: 2", settled: false)
    #expect(setting.load() == nil, "edited to the same size")
    try setting.lab.write("pipeline.yaml", "nanobuild: 1", settled: false)
    #expect(setting.load() != nil, "put back")
  }

  @Test func everyKindOfChangeIsSeen() throws {
    typealias Change = (EngineLab) throws -> Void
    let changes: [(String, Change)] = [
      ("source edited", { try $0.write("words.txt", "world", settled: false) }),
      ("source touched", { utimes($0.root + "/words.txt", nil) }),
      ("source removed", { try $0.remove("words.txt") }),
      ("file added to a glob", { try $0.write("data/two.txt", "2", settled: false) }),
      ("file removed from a glob", { try $0.remove("data/one.txt") }),
      ("pipeline edited", { try $0.write("pipeline.yaml", "nanobuild: 2", settled: false) }),
      ("pipeline removed", { try $0.remove("pipeline.yaml") }),
      (
        "result edited",
        { lab in
          let file = lab.layout.current(profile: "quick", asset: "a") + "/text"
          chmod(file, 0o644)
        }
      ),
      (
        "result removed",
        { lab in
          let link = lab.layout.current(profile: "quick", asset: "a")
          try Disk.removeTree(
            lab.cache + "/results/" + Path.lastComponent(Disk.linkTarget(link) ?? ""))
        }
      ),
      (
        "file added to a result",
        { lab in
          try Disk.writeWhole([1], to: lab.layout.current(profile: "quick", asset: "a") + "/new")
        }
      ),
      ("link removed", { unlink($0.layout.current(profile: "quick", asset: "a")) }),
      (
        "partition's link removed",
        { lab in
          unlink(lab.layout.current(profile: "quick", asset: "b", partition: "0"))
        }
      ),
      (
        "link led elsewhere",
        { lab in
          try Disk.replaceLink(
            lab.layout.current(profile: "quick", asset: "a"), target: "/tmp",
            spare: lab.root + "/spare")
        }
      ),
      ("cache removed", { try $0.remove("cache/results") }),
    ]
    for (name, change) in changes {
      let setting = try saved()
      try change(setting.lab)
      #expect(setting.load() == nil, "\(name)")
    }
  }

  @Test func environmentAndInvocationCount() throws {
    let setting = try saved()
    #expect(setting.load(environment: ["LANG": "C"]) == nil)
    #expect(setting.load(environment: ["OTHER": "C"]) != nil)
    for change in [
      { (i: inout SnapshotInvocation) in i.profile = "full" },
      { $0.targets = ["a"] }, { $0.overrides = ["a.x=1"] }, { $0.toolIdentifier = "2" },
      { $0.pipelinePath += "x" },
    ] as [(inout SnapshotInvocation) -> Void] {
      var other = setting
      change(&other.invocation)
      #expect(other.load() == nil)
    }
  }

  @Test func aDamagedSnapshotIsIgnored() throws {
    let setting = try saved()
    let folder = setting.lab.layout.snapshots
    let path = folder + "/" + (try Disk.names(in: folder)[0])
    let good = try Disk.read(path)
    for place in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[place] ^= 0x10
      try Disk.writeWhole(bad, to: path)
      #expect(setting.load() == nil, "byte \(place)")
    }
    for length in stride(from: 0, to: good.count, by: 41) {
      try Disk.writeWhole(Array(good[..<length]), to: path)
      #expect(setting.load() == nil, "length \(length)")
    }
    try Disk.writeWhole(good, to: path)
    #expect(setting.load() != nil)
  }

  @Test func anEditWithinTheGrainBeforeSavingIsNotHidden() throws {
    for round in 0..<20 {
      let lab = try EngineLab()
      try lab.write("data/one.txt", "1", settled: false)
      try lab.write("pipeline.yaml", "nanobuild: 1", settled: false)
      try lab.write("words.txt", "hello", settled: false)
      try lab.run(assets())
      let setting = Setting(
        lab: lab,
        invocation: SnapshotInvocation(
          pipelinePath: lab.root + "/pipeline.yaml", profile: nil, overrides: [], targets: [],
          toolIdentifier: "1"))
      _ = try save(setting)
      let file = open(lab.root + "/words.txt", O_WRONLY)
      write(file, "j", 1)
      close(file)
      #expect(setting.load() == nil, "round \(round)")
    }
  }
}
