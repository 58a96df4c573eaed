import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Several runs on one cache, and runs that are killed.
@Suite struct SharingTests {
  @Test func twoRunsAtOnceDoNothingTwice() throws {
    let lab = try EngineLab()
    let assets =
      (0..<12).map { number in
        shell(
          "a\(number)",
          "echo x >> $NB_ROOT/ran\(number % 12); sleep 0.05; echo \(number) > text")
      } + [join("last", ["in": .asset("a3")])]
    let other = Background {
      do {
        let report = try lab.run(assets)
        #expect(report.summary.status == .done)
      } catch { Issue.record(error) }
    }
    let report = try lab.run(assets)
    other.wait()
    #expect(report.summary.status == .done)
    for number in 0..<12 { #expect(try lab.read("ran\(number)") == "x\n") }
    #expect(try lab.run(assets).summary.fresh == 13)
  }

  @Test func twoRunsShareAStepThatMakesPartitionsTogether() throws {
    let lab = try EngineLab()
    let made = Counter()
    lab.toys.define("fetch") { context in
      for partition in context.partitions {
        _ = made.next()
        usleep(10_000)
        try Disk.makeFolders(partition.output)
        try Disk.writeWhole(Array(partition.value.utf8), to: partition.output + "/text")
        context.reporter.partitionDone(partition.value)
      }
    }
    @Sendable func node(_ values: [String]) -> AssetNode {
      var node = AssetNode(
        name: "text", step: "fetch", partitions: PartitionSet(key: "shard", values: values))
      node.makesPartitionsTogether = true
      return node
    }
    let other = Background {
      do { try lab.run([node(["0", "1", "2", "3"])]) } catch { Issue.record(error) }
    }
    try lab.run([node(["2", "3", "4", "5"])], profile: "full")
    other.wait()
    #expect(made.value == 6)
    #expect(try Disk.names(in: lab.layout.staging).isEmpty)
  }

  /// One asset describes one partition, the other two: the key of the first is the same.
  @Test func assetsThatDescribeDifferentPartitionsDoNotMakeOneTogether() throws {
    let lab = try EngineLab()
    let made = Counter()
    lab.toys.define("fetch") { context in
      for partition in context.partitions {
        _ = made.next()
        guard mkdir(partition.output, 0o755) == 0 else { throw LabError("somebody else is here") }
        usleep(50_000)
        try Disk.writeWhole(Array(partition.value.utf8), to: partition.output + "/text")
        context.reporter.partitionDone(partition.value)
      }
    }
    func node(_ name: String, _ values: [String]) -> AssetNode {
      let hashes = Dictionary(values.map { ($0, JSONValue.string("hash of \($0)")) }) { $1 }
      var node = AssetNode(
        name: name, step: "fetch", keyParameters: ["sha256": .object(hashes)],
        partitions: PartitionSet(key: "shard", values: values))
      node.makesPartitionsTogether = true
      node.partitionParameters = ["sha256"]
      node.resources.isNetworkBound = true
      return node
    }
    let report = try lab.run([node("one", ["a"]), node("both", ["a", "b"])])
    #expect(report.summary.status == .done, "\(report.failures)")
    #expect(made.value == 2)
    #expect(try lab.text("one", partition: "a") == "a")
    #expect(try lab.text("both", partition: "a") == "a")
  }

  /// Not a test of its own: what `aKilledTool…` starts in a process of its own.
  @Test(.enabled(if: getenv("NB_ENGINE_CHILD") != nil))
  func childRun() throws {
    guard let root = getenv("NB_ENGINE_CHILD").map({ String(cString: $0) }) else { return }
    let engine = try Engine(
      graph: try BuildGraph(assets: Self.killable),
      configuration: EngineConfiguration(
        projectRoot: root, cacheRoot: root + "/cache", profile: "quick",
        environment: ["PATH": "/usr/bin:/bin"], cores: 2))
    let summary = try engine.run(
      RunOptions(), launcher: ProcessLauncher(executable: "/bin/false"))
    #expect(summary.status == .done)
  }

  /// Each step writes its file in pieces, so that a kill leaves half of one.
  static let killable: [AssetNode] =
    (0..<4).map { number in
      shell("a\(number)", "for i in 1 2 3 4 5 6; do echo $i >> text; sleep 0.01; done")
    } + [
      shell(
        "sum", "cat $NB_INPUT_in0/text $NB_INPUT_in1/text > text; sleep 0.02; echo end >> text",
        ["in0": .asset("a0"), "in1": .asset("a3")])
    ]

  private func startChild(_ lab: EngineLab) throws -> pid_t {
    guard let executable = Disk.linkTarget("/proc/self/exe") else {
      throw LabError("no executable")
    }
    let arguments = [
      executable, "--testing-library", "swift-testing", "--filter", "SharingTests/childRun",
    ]
    var environment = ["NB_ENGINE_CHILD=\(lab.root)"]
    for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] {
      if let value = getenv(name) { environment.append("\(name)=\(String(cString: value))") }
    }
    var pid: pid_t = 0
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(
      &actions, 1, lab.root + "/child.log", O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var argumentList = arguments.map { strdup($0) } + [nil]
    var environmentList = environment.map { strdup($0) } + [nil]
    defer { for pointer in argumentList + environmentList { free(pointer) } }
    let code = posix_spawn(&pid, executable, &actions, nil, &argumentList, &environmentList)
    guard code == 0 else { throw LabError("posix_spawn: \(code)") }
    return pid
  }

  @Test func aKilledToolNeedsNoRepair() throws {
    for round in 0..<10 {
      let lab = try EngineLab(name: "kill")
      let child = try startChild(lab)
      // The staging folder says that the run is under way; from there the kill comes ever later.
      for _ in 0..<2_000 where !Disk.exists(lab.cache + "/staging") { usleep(2_000) }
      usleep(UInt32(round * 22_000))
      kill(child, SIGKILL)
      waitpid(child, nil, 0)
      let report = try lab.run(Self.killable)
      #expect(
        report.summary.status == .done, "\(report.failures) \((try? lab.read("child.log")) ?? "")")
      for number in 0..<4 { #expect(try lab.text("a\(number)") == "1\n2\n3\n4\n5\n6\n") }
      #expect(try lab.text("sum") == "1\n2\n3\n4\n5\n6\n1\n2\n3\n4\n5\n6\nend\n")
      #expect(try lab.run(Self.killable).summary.fresh == 5)
      #expect(try lab.engine(Self.killable).verifyCache().isEmpty)
    }
  }

  @Test func aKilledWorkerFailsOnceAndIsRightTheNextTime() throws {
    for round in 0..<10 {
      let lab = try EngineLab(name: "kill")
      let node = shell(
        "a", "echo $$ > $NB_ROOT/pid; for i in 1 2 3 4 5 6; do echo $i >> text; sleep 0.01; done")
      let killer = Background {
        var pid: Int32?
        for _ in 0..<5_000 where pid == nil {
          pid = (try? lab.read("pid")).flatMap { Int32($0.split(separator: "\n").first ?? "") }
          if pid == nil { usleep(500) }
        }
        usleep(UInt32(round * 8_000))
        if let pid { kill(pid, SIGKILL) }
      }
      let report = try lab.run([node])
      killer.wait()
      if report.summary.status == .failed {
        #expect(report.failures["a"]?.message.contains("SIGKILL") == true)
      }
      #expect(try lab.run([node]).summary.status == .done)
      #expect(try lab.text("a") == "1\n2\n3\n4\n5\n6\n")
    }
  }

  // MARK: Cache that can't be written

  @Test(.enabled(if: geteuid() == 0)) func aFullDiskFailsTheTaskAndLeavesNothingHalf() throws {
    let lab = try EngineLab()
    try Disk.makeFolders(lab.cache)
    guard system("mount -t tmpfs -o size=2m none '\(lab.cache)' 2>/dev/null") == 0 else { return }
    defer { _ = system("umount -l '\(lab.cache)'") }
    let small = shell("small", "echo x > text")
    // Late, so that it does not fill the disk while the small one is being recorded.
    let big = shell("big", "sleep 0.5; head -c 4000000 /dev/zero > text")
    let report = try lab.run([small, big], RunOptions(jobs: 1, keepGoing: true))
    #expect(report.summary.failed == 1)
    #expect(report.summary.ran == 1)
    #expect(report.failures["big"] != nil)
    #expect(try lab.run([small]).summary.fresh == 1)
    _ = system("mount -o remount,size=64m '\(lab.cache)'")
    #expect(try lab.run([small, big]).summary.status == .done)
    #expect(try lab.engine([small, big]).verifyCache().isEmpty)
  }

  @Test(.enabled(if: geteuid() == 0)) func aReadOnlyCacheAnswersAndRefusesToBuild() throws {
    let lab = try EngineLab()
    let assets = [join("a", [:], ["n": 1])]
    try lab.run(assets)
    guard
      system(
        "mount --bind '\(lab.cache)' '\(lab.cache)' 2>/dev/null && mount -o remount,ro,bind '\(lab.cache)'"
      ) == 0
    else { return }
    defer { _ = system("umount -l '\(lab.cache)'") }
    #expect(try lab.run(assets).summary.fresh == 1)
    #expect(try lab.engine(assets).status().map(\.state) == [.fresh])
    #expect(
      try lab.engine(assets).path(of: "a") == lab.layout.current(profile: "quick", asset: "a"))
    #expect(throws: BuildError.self) { try lab.run([join("a", [:], ["n": 2])]) }
    #expect(
      try lab.plan([join("a", [:], ["n": 2])]).tasks[0].action
        == .run([.parameterChanged(name: "n", old: "1", new: "2", origin: nil)]))
  }
}
