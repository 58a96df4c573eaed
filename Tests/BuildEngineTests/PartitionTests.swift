import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct PartitionTests {
  func shards(_ values: String, follows: String? = nil) -> PartitionSet {
    PartitionSet(
      key: "shard", values: values.split(separator: " ").map(String.init), followed: follows)
  }

  /// text (partitioned) → tokens (the same partitions) → all
  func pipeline(_ values: String, _ parameters: [String: JSONValue] = [:]) -> [AssetNode] {
    [
      join("text", [:], parameters, partitions: shards(values)),
      join("tokens", ["text": .asset("text")], partitions: shards(values, follows: "text")),
      join("all", ["tokens": .asset("tokens")]),
    ]
  }

  @Test func everyPartitionIsATask() throws {
    let lab = try EngineLab()
    let report = try lab.run(pipeline("0 1"))
    #expect(
      Set(report.executed) == ["text[0]", "text[1]", "tokens[0]", "tokens[1]", "all"])
    #expect(try lab.text("tokens", partition: "1") == "1 text:1{text{1 }}\n")
    #expect(
      try lab.text("all")
        == "tokens:0{text{0 text:0{text{0 }}\n}}1{text{1 text:1{text{1 }}\n}}\n")
  }

  @Test func anAddedPartitionRunsItselfAndWhatReadsTheSet() throws {
    let lab = try EngineLab()
    try lab.run(pipeline("0 1"))
    let report = try lab.run(pipeline("0 1 2"))
    #expect(report.executed == ["text[2]", "tokens[2]", "all"])
    #expect(report.reasons["all"] == [.partitionAdded(input: "tokens", value: "2")])
    #expect(report.summary.fresh == 4)
  }

  @Test func aRemovedPartitionTakesItsLinkWithIt() throws {
    let lab = try EngineLab()
    try lab.run(pipeline("0 1 2"))
    let report = try lab.run(pipeline("0 2"))
    #expect(report.executed == ["all"])
    #expect(report.reasons["all"] == [.partitionRemoved(input: "tokens", value: "1")])
    #expect(
      try Disk.names(in: "\(lab.layout.current(profile: "quick", asset: "text"))") == ["0", "2"])
    #expect(try lab.run(pipeline("0 1 2")).summary.restored == 3)
  }

  @Test func aChangedPartitionStaysInItsLane() throws {
    let lab = try EngineLab()
    try lab.write("0.txt", "zero")
    try lab.write("1.txt", "one")
    func assets() -> [AssetNode] {
      [
        AssetNode(
          name: "text", step: "pick", inputs: [AssetInput("f", [.path("*.txt")])],
          partitions: shards("0 1")),
        join("tokens", ["text": .asset("text")], partitions: shards("0 1", follows: "text")),
      ]
    }
    lab.toys.define("pick") { context in
      let value = context.partitions[0].value
      let input = context.inputs["f"]?.first { $0.name == "\(value).txt" }
      try Toys.put(try Toys.contents(input?.path ?? ""), context)
    }
    try lab.run(assets())
    try lab.write("1.txt", "uno")
    let report = try lab.run(assets())
    #expect(Set(report.executed) == ["text[0]", "text[1]", "tokens[1]"])
    let reasons = try #require(report.reasons["tokens[1]"])
    guard reasons.count == 1, case .partitionChanged("text", "1", let from?, let to?) = reasons[0]
    else {
      Issue.record("\(reasons)")
      return
    }
    #expect(from != to)
  }

  @Test func theEventFileSaysWhatTheEventsSay() throws {
    let lab = try EngineLab()
    let report = try lab.run([join("text", partitions: shards("a b c"))])
    let run = try #require(report.summary.id)
    let lines = try lab.read("cache/runs/\(run)/events.jsonl").split(separator: "\n")
    let found = try lines.map { line in
      var object = try JSONParser.parse(String(line)).objectValue ?? [:]
      #expect(object.removeValue(forKey: "time")?.doubleValue ?? 0 > 1e9)
      #expect(JSONWriter.text(try JSONParser.parse(String(line))) == line)
      return JSONValue.object(object)
    }
    #expect(found == report.events.map(\.json))
    #expect(found.count { $0["event"] == "finished" } == 3)
  }

  @Test func partitionsMadeTogetherArePublishedOneByOne() throws {
    let lab = try EngineLab()
    lab.toys.define("fetch") { context in
      for partition in context.partitions {
        if partition.value == "bad" {
          context.reporter.partitionFailed("bad", "404 not found")
        } else {
          try Disk.makeFolders(partition.output)
          try Disk.writeWhole(Array(partition.value.utf8), to: partition.output + "/text")
          context.reporter.metric("\(partition.value)/bytes", .int(partition.value.utf8.count))
          context.reporter.partitionDone(partition.value)
        }
      }
      if context.partitions.contains(where: { $0.value == "bad" }) {
        throw StepFailure("1 of \(context.partitions.count) failed", failedPartitions: ["bad"])
      }
    }
    func assets(_ values: String) -> [AssetNode] {
      var node = AssetNode(name: "text", step: "fetch", partitions: shards(values))
      node.makesPartitionsTogether = true
      return [node, join("all", ["text": .asset("text")])]
    }
    let first = try lab.run(assets("a bad b"))
    #expect(first.summary.status == .failed)
    #expect(first.summary.ran == 2)
    #expect(first.failures.keys.sorted() == ["text[bad]"])
    #expect(first.failures["text[bad]"]?.message == "404 not found")
    let second = try lab.run(assets("a bad b"))
    #expect(second.executed == ["text[bad]"])
    let third = try lab.run(assets("a c b"))
    #expect(third.executed == ["text[c]", "all"])
    let metrics = try lab.engine(assets("a c b")).metrics(targets: ["text"])
    #expect(metrics.map(\.task.description) == ["text[a]", "text[c]", "text[b]"])
    #expect(metrics[0].metrics == ["bytes": 1])
  }

  @Test(arguments: [0, 1])
  func aWorkerThatDiesAfterItsLastPartitionHasMadeThem(retries: Int) throws {
    let lab = try EngineLab()
    lab.toys.define("fetch") { context in
      for partition in context.partitions {
        try Disk.makeFolders(partition.output)
        try Disk.writeWhole(Array(partition.value.utf8), to: partition.output + "/text")
        context.reporter.partitionDone(partition.value)
      }
      throw LabError("too late")
    }
    var node = AssetNode(name: "text", step: "fetch", partitions: shards("a b"))
    node.makesPartitionsTogether = true
    node.retries = retries
    let assets = [node, join("all", ["text": .asset("text")])]
    let report = try lab.run(assets)
    #expect(report.summary.status == .done)
    #expect(report.executed == ["text[a]", "text[b]", "all"] || report.executed.count == 3)
    #expect(report.summary.ran == 3 && report.summary.notStarted == 0)
    #expect(
      report.events.contains { event in
        if case .notice(let text) = event {
          text.hasPrefix("`text` was made, but then")
        } else {
          false
        }
      })
    #expect(try lab.run(assets).summary.fresh == 3)
  }

  @Test func progressNamesFewTasks() throws {
    let names = (0..<1000).map { TaskName(asset: "text", partition: "\($0)") }
    let progress = StepProgress(completed: 1, total: 2, unit: "files")
    let json = BuildEvent.progress(names, progress).json
    #expect(json["task_count"] == 1000)
    #expect(json["tasks"]?.arrayValue?.count == 8)
    #expect(
      BuildEvent.progress(Array(names[..<2]), progress).json["tasks"] == ["text[0]", "text[1]"])
  }

  @Test func partitionedBecomesPlainAndBack() throws {
    let lab = try EngineLab()
    try lab.run([join("a", partitions: shards("0 1"))])
    try lab.run([join("a")])
    #expect(try lab.text("a") == "")
    try lab.run([join("a", partitions: shards("0 1"))])
    #expect(try lab.text("a", partition: "1") == "1 ")
  }

  @Test func wrongPartitionsAreRefused() throws {
    #expect(throws: BuildError.duplicatePartition(asset: "a", value: "0")) {
      try BuildGraph(assets: [join("a", partitions: shards("0 1 0"))])
    }
    #expect(throws: BuildError.invalidName("../x", kind: .partition)) {
      try BuildGraph(assets: [join("a", partitions: shards("../x"))])
    }
    #expect(throws: BuildError.partitionNotFollowed(asset: "b", value: "2", followed: "a")) {
      try BuildGraph(assets: [
        join("a", partitions: shards("0 1")),
        join("b", ["in": .asset("a")], partitions: shards("0 2", follows: "a")),
      ])
    }
  }

  @Test func wrongGraphsAreRefused() throws {
    #expect(throws: BuildError.duplicateAsset("a")) {
      try BuildGraph(assets: [join("a"), join("a")])
    }
    #expect(throws: BuildError.cycle(["a", "c", "b", "a"])) {
      try BuildGraph(assets: [
        join("a", ["in": .asset("c")]), join("b", ["in": .asset("a")]),
        join("c", ["in": .asset("b")]),
      ])
    }
    #expect(throws: BuildError.unknownInput(asset: "a", input: "in", names: "x")) {
      try BuildGraph(assets: [join("a", ["in": .asset("x")])])
    }
    // A blocking check that looks at an asset downstream would wait for itself.
    #expect(throws: BuildError.self) {
      try BuildGraph(assets: [
        join("a", checks: [CheckNode(name: "c", otherAssets: ["b"])]),
        join("b", ["in": .asset("a")]),
      ])
    }
  }
}
