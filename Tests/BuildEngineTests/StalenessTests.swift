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

  func lab() throws -> EngineLab {
    let lab = try EngineLab()
    try lab.write("words.txt", "hello")
    return lab
  }

  @Test func aSecondRunDoesNothing() throws {
    let lab = try lab()
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
    let lab = try lab()
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
    let lab = try lab()
    try lab.run(chain())
    try lab.write("words.txt", "world")
    #expect(
      try lab.plan(chain()).tasks[0].action
        == .run([
          .fileChanged(
            input: "words", path: "words.txt",
            .content(from: Digest(of: "hello"), to: Digest(of: "world")))
        ]))
    #expect(try lab.run(chain()).executed == ["a", "b", "c"])
    #expect(try lab.text("c").contains("world"))
  }

  @Test func touchingAFileRunsNothing() throws {
    let lab = try lab()
    try lab.run(chain())
    try lab.write("words.txt", "hello")
    #expect(try lab.run(chain()).executed.isEmpty)
  }

  @Test func aRevertedEditRestores() throws {
    let lab = try lab()
    try lab.run(chain())
    try lab.write("words.txt", "world")
    try lab.run(chain())
    try lab.write("words.txt", "hello")
    let back = try lab.run(chain())
    #expect(back.executed.isEmpty)
    #expect(back.summary.restored == 3)
    #expect(try lab.text("c").contains("hello"))
  }

  @Test func theSameBytesStopTheWave() throws {
    let lab = try lab()
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

  @Test func profilesSwitchWithoutRunning() throws {
    let lab = try lab()
    try lab.run(chain(4), profile: "quick")
    #expect(try lab.run(chain(12), profile: "full").executed == ["b", "c"])
    #expect(try lab.run(chain(4), profile: "quick").executed.isEmpty)
    #expect(try lab.run(chain(12), profile: "full").executed.isEmpty)
    // The first asset is the same in both: the second profile only linked it.
    #expect(try lab.text("a", profile: "full") == lab.text("a", profile: "quick"))
  }

  @Test func aRenamedAssetIsRestored() throws {
    let lab = try lab()
    try lab.run(chain())
    var renamed = chain()
    renamed[0].name = "other"
    renamed[1].inputs = [AssetInput("in", [.asset("other")])]
    let report = try lab.run(renamed)
    #expect(report.executed.isEmpty)
    #expect(report.summary.restored == 1)
  }

  @Test func whatDoesNotCountRunsNothing() throws {
    let lab = try lab()
    try lab.run(chain())
    var changed = chain()
    changed[1].parameters = ["depth": 4, "log_interval": 10]
    changed[1].resources = TaskResources(cores: .all, memory: 1 << 40)
    changed[1].retries = 3
    changed[1].timeout = 50
    changed[1].description = "another"
    changed[1].group = "other"
    changed[1].origins = ["depth": "pipeline.yaml:9:9"]
    #expect(try lab.run(changed).executed.isEmpty)
    #expect(try lab.run(Array(chain().reversed())).executed.isEmpty)
  }

  @Test func aBumpedRevisionRuns() throws {
    let lab = try lab()
    try lab.run(chain())
    #expect(
      try lab.plan(chain(revision: 2)).tasks[0].action
        == .run([.revisionChanged(step: "join", old: 1, new: 2)]))
    let report = try lab.run(chain(revision: 2))
    #expect(report.executed == ["a"])
    #expect(report.summary.fresh == 2)
  }

  @Test func declaredEnvironmentCounts() throws {
    let lab = try lab()
    var assets = chain()
    assets[0].environment = ["LANG"]
    try lab.run(assets, environment: ["LANG": "C", "OTHER": "1"])
    #expect(try lab.run(assets, environment: ["LANG": "C", "OTHER": "2"]).executed.isEmpty)
    let report = try lab.run(assets, environment: ["LANG": "de"])
    #expect(report.executed == ["a"])
    #expect(
      report.reasons["a"] == [.environmentChanged(name: "LANG", old: "\"C\"", new: "\"de\"")])
    #expect(try lab.run(assets, environment: ["LANG": ""]).executed == ["a"])
    #expect(try lab.run(assets).executed == ["a"])
  }

  @Test func forcingRunsWhateverTheState() throws {
    let lab = try lab()
    try lab.run(chain())
    let report = try lab.run(chain(), RunOptions(force: ["b"]))
    #expect(report.executed == ["b"])
    #expect(report.reasons["b"] == [.forced])
  }

  @Test func onlyTakesTheRestAsItIs() throws {
    let lab = try lab()
    #expect(throws: BuildError.noCurrentResult(asset: "b")) {
      try lab.run(chain(), RunOptions(targets: ["c"], only: true))
    }
    try lab.run(chain())
    try lab.write("words.txt", "world")
    #expect(try lab.run(chain(), RunOptions(targets: ["b"], only: true)).executed.isEmpty)
    #expect(try lab.run(chain(9), RunOptions(targets: ["b"], only: true)).executed == ["b"])
    #expect(try lab.text("b").contains("hello"))
  }

  @Test func aTargetBringsOnlyWhatItNeeds() throws {
    let lab = try lab()
    #expect(try lab.run(chain(), RunOptions(targets: ["b"])).executed == ["a", "b"])
    #expect(throws: BuildError.unknownAsset("bb", nearest: "b")) {
      try lab.run(chain(), RunOptions(targets: ["bb"]))
    }
  }

  // MARK: Stamps that lie

  @Test func anEditOfTheSameSizeWithItsTimePutBackIsSeen() throws {
    let lab = try lab()
    try lab.run(chain())
    var before = stat()
    stat("\(lab.root)/words.txt", &before)
    try lab.write("words.txt", "jello")
    var times = [before.st_atim, before.st_mtim]
    utimensat(AT_FDCWD, "\(lab.root)/words.txt", &times, 0)
    #expect(try lab.run(chain()).executed == ["a", "b", "c"])
  }

  @Test func anEditWithinTheClocksGrainIsSeen() throws {
    let lab = try lab()
    for round in 0..<40 {
      // No pause between the edit, the run that reads it, and the next edit.
      try lab.write("words.txt", "a\(round % 2)\(round)x", settled: false)
      try lab.run([chain()[0]])
      #expect(try lab.text("a").contains("a\(round % 2)\(round)x"))
      try lab.write("words.txt", "b\(round % 2)\(round)x", settled: false)
      try lab.run([chain()[0]])
      #expect(try lab.text("a").contains("b\(round % 2)\(round)x"))
    }
  }

  @Test func aFileFromTheFutureIsReadEveryTime() throws {
    let lab = try lab()
    var times = [
      timespec(tv_sec: 4_000_000_000, tv_nsec: 0), timespec(tv_sec: 4_000_000_000, tv_nsec: 0),
    ]
    utimensat(AT_FDCWD, "\(lab.root)/words.txt", &times, 0)
    try lab.run(chain())
    #expect(try lab.run(chain()).executed.isEmpty)
    let file = open("\(lab.root)/words.txt", O_WRONLY)
    write(file, "J", 1)
    futimens(file, &times)
    close(file)
    #expect(try lab.run(chain()).executed == ["a", "b", "c"])
  }

  @Test func aFileReplacedByAnotherIsSeen() throws {
    let lab = try lab()
    try lab.write("other.txt", "howdy")
    try lab.run(chain())
    try Disk.move("\(lab.root)/other.txt", to: "\(lab.root)/words.txt")
    #expect(try lab.run(chain()).executed == ["a", "b", "c"])
  }

  @Test func theExecutableBitCounts() throws {
    let lab = try lab()
    try lab.run(chain())
    chmod("\(lab.root)/words.txt", 0o755)
    #expect(try lab.run(chain()).executed == ["a"])
  }

  @Test func aLinkLedElsewhereIsSeen() throws {
    let lab = try lab()
    try lab.write("one/f.txt", "one")
    try lab.write("two/f.txt", "two")
    symlink("one", "\(lab.root)/data")
    let assets = [join("a", ["f": .path("data/f.txt")])]
    try lab.run(assets)
    unlink("\(lab.root)/data")
    symlink("two", "\(lab.root)/data")
    #expect(try lab.run(assets).executed == ["a"])
    #expect(try lab.text("a").contains("two"))
  }

  @Test func aFileThatChangesDuringTheStepIsReadAgain() throws {
    let lab = try lab()
    let root = lab.root
    lab.toys.define("slow") { context in
      let old = try Toys.contents(context.inputs["words"]?[0].path ?? "")
      if old == "hello" {
        try Disk.writeWhole(Array("later".utf8), to: root + "/words.txt")
      }
      try Toys.put(old, context)
    }
    let assets = [
      AssetNode(name: "a", step: "slow", inputs: [AssetInput("words", [.path("words.txt")])])
    ]
    let report = try lab.run(assets)
    #expect(report.executed == ["a", "a"])
    #expect(try lab.text("a") == "later")
    // What was made while the file changed was not kept for the old content.
    try lab.write("words.txt", "hello!")
    try lab.write("words.txt", "hello")
    #expect(try lab.run(assets).executed.first == "a")
  }

  // MARK: Globs and folders

  @Test func globsSeeFilesComeAndGo() throws {
    let lab = try EngineLab()
    try lab.write("data/one.txt", "1")
    try lab.write("data/two.txt", "2")
    try lab.write("data/three.md", "3")
    let assets = [join("a", ["files": .path("data/*.txt")])]
    try lab.run(assets)
    #expect(try lab.text("a") == "files:1\nfiles:2\n")
    try lab.write("data/four.md", "4")
    #expect(try lab.run(assets).executed.isEmpty)
    try lab.write("data/five.txt", "5")
    let added = try lab.run(assets)
    #expect(added.reasons["a"] == [.fileAdded(input: "files", path: "data/five.txt")])
    try lab.remove("data/one.txt")
    #expect(
      try lab.run(assets).reasons["a"] == [.fileRemoved(input: "files", path: "data/one.txt")])
    try lab.remove("data/two.txt")
    try lab.remove("data/five.txt")
    #expect(throws: BuildError.emptyGlob(asset: "a", input: "files", pattern: "data/*.txt")) {
      try lab.run(assets)
    }
  }

  @Test func patternsMatchAsInAShell() throws {
    let lab = try EngineLab()
    for path in ["x/a1.txt", "x/b2.txt", "x/.hidden.txt", "x/deep/er/c3.txt", "x/[odd].txt"] {
      try lab.write(path, path, settled: false)
    }
    func found(_ pattern: String) throws -> [String] {
      try lab.run([join("a", ["f": .path(pattern)])])
      return try lab.text("a").split(separator: "\n").map { String($0.dropFirst(2)) }
    }
    #expect(try found("x/*.txt") == ["x/[odd].txt", "x/a1.txt", "x/b2.txt"])
    #expect(try found("x/[ab]?.txt") == ["x/a1.txt", "x/b2.txt"])
    #expect(try found("x/[!a]?.txt") == ["x/b2.txt"])
    #expect(
      try found("x/**/*.txt") == ["x/[odd].txt", "x/a1.txt", "x/b2.txt", "x/deep/er/c3.txt"])
    #expect(try found("x/[odd].txt") == ["x/[odd].txt"])
    #expect(try found("**/c3.txt") == ["x/deep/er/c3.txt"])
    #expect(try found("x/.h*") == ["x/.hidden.txt"])
  }

  @Test func foldersCountWithAllTheyHold() throws {
    let lab = try EngineLab()
    try lab.write("data/a/b/one.txt", "1")
    let assets = [join("a", ["files": .path("data")])]
    try lab.run(assets)
    try lab.write("data/a/two.txt", "2")
    #expect(try lab.run(assets).executed == ["a"])
    #expect(try lab.run(assets).executed.isEmpty)
    try lab.remove("data/a/b")
    #expect(
      try lab.run(assets).reasons["a"] == [.fileRemoved(input: "files", path: "data/a/b/one.txt")])
  }

  @Test func anAbsentFileIsToldBeforeAnythingRuns() throws {
    let lab = try EngineLab()
    let assets = [join("a"), join("b", ["in": .asset("a"), "f": .path("none.txt")])]
    #expect(throws: BuildError.missingInput(asset: "b", input: "f", path: "none.txt")) {
      try lab.run(assets)
    }
    #expect(lab.toys.runs.isEmpty)
  }

  @Test func oddNamesAndPlacesWork() throws {
    let lab = try EngineLab(name: "ünï cödé $(x) 'q' \"d\"")
    try lab.write("da ta/größe 語.txt", "b\na")
    let assets = [
      shell(
        "übung 1", "sort \"$NB_INPUT_f\" > \"$NB_OUT/text\"", ["f": .path("da ta/größe 語.txt")]),
      join("after", ["in": .asset("übung 1")]),
    ]
    let report = try lab.run(assets)
    #expect(report.summary.status == .done, "\(report.failures)")
    #expect(try lab.run(assets).summary.fresh == 2)
    #expect(try lab.text("after").contains("a\nb"))
  }
}

extension Plan.Action {
  var isFresh: Bool { if case .fresh = self { true } else { false } }
}
