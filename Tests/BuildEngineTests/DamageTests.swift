import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Results and index altered behind the engine's back.
@Suite struct DamageTests {
  let assets = [join("a", [:], ["text": "hello"]), join("b", ["in": .asset("a")])]

  func made() throws -> (lab: EngineLab, file: String, digest: Digest) {
    let lab = try EngineLab()
    try lab.run(assets)
    guard case .fresh(let digest) = try lab.plan(assets).tasks[0].action else {
      throw LabError("not fresh")
    }
    return (lab, lab.layout.result(digest) + "/text", digest)
  }

  @Test func programsThatFindADamagedIndexTogetherReplaceItOnce() throws {
    for round in 0..<10 {
      let (lab, _, _) = try made()
      try Disk.writeWhole(Array(repeating: 7, count: 9000), to: lab.layout.database)
      if round % 2 == 1 { try Disk.writeWhole([], to: lab.layout.damageMark) }
      for suffix in ["-wal", "-shm"] { try Disk.removeFile(lab.layout.database + suffix) }
      let others = (0..<3).map { _ in
        Background {
          do { #expect(try lab.plan(assets).tasks.count == 2) } catch { Issue.record(error) }
        }
      }
      #expect(try lab.plan(assets).tasks.count == 2)
      for other in others { other.wait() }
      #expect(try lab.run(assets).executed.isEmpty)
      #expect(Disk.exists(lab.layout.database + ".damaged") && !Disk.exists(lab.layout.damageMark))
    }
  }

  @Test func aMarkThatAKillLeftWithoutTheIndexIsNoHindrance() throws {
    let (lab, _, _) = try made()
    try Disk.move(lab.layout.database, to: lab.layout.database + ".damaged")
    try Disk.writeWhole([], to: lab.layout.damageMark)
    #expect(try lab.plan(assets).tasks.count == 2)
    #expect(!Disk.exists(lab.layout.damageMark))
    #expect(try lab.run(assets).executed.isEmpty)
  }

  @Test func publishedFilesAreReadOnly() throws {
    let (lab, file, _) = try made()
    defer { withExtendedLifetime(lab) {} }
    #expect(Disk.status(file)?.permissions == 0o444)
  }

  @Test func anEditedOutputIsMadeAgain() throws {
    let (lab, file, _) = try made()
    let good = try lab.text("a")
    chmod(file, 0o644)
    let descriptor = open(file, O_WRONLY | O_TRUNC)
    write(descriptor, "evil", 4)
    close(descriptor)
    #expect(try lab.plan(assets).tasks[0].action == .run([.resultDamaged(path: "text")]))
    let report = try lab.run(assets)
    #expect(report.executed == ["a"])
    #expect(report.summary.fresh == 1)
    #expect(try lab.text("a") == good)
  }

  @Test func anEditOfTheSameSizeWithItsTimePutBackIsSeen() throws {
    let (lab, file, _) = try made()
    var before = stat()
    stat(file, &before)
    chmod(file, 0o644)
    let descriptor = open(file, O_WRONLY)
    write(descriptor, "X", 1)
    close(descriptor)
    var times = [before.st_atim, before.st_mtim]
    utimensat(AT_FDCWD, file, &times, 0)
    chmod(file, 0o444)
    #expect(try lab.run(assets).executed == ["a"])
  }

  @Test func aTruncatedOutputIsMadeAgain() throws {
    let (lab, file, _) = try made()
    truncate(file, 2)
    #expect(try lab.run(assets).executed == ["a"])
  }

  @Test func anAddedFileCountsAsDamage() throws {
    let (lab, file, _) = try made()
    try Disk.writeWhole([1], to: file + ".extra")
    #expect(try lab.run(assets).executed == ["a"])
  }

  @Test func aTouchedOutputIsAccepted() throws {
    let (lab, file, _) = try made()
    utimes(file, nil)
    #expect(try lab.run(assets).executed.isEmpty)
  }

  @Test func aDeletedLinkIsRestored() throws {
    let (lab, _, _) = try made()
    unlink(lab.layout.current(profile: "quick", asset: "a"))
    #expect(try lab.run(assets).summary.restored == 1)
    try lab.remove("cache/current")
    let report = try lab.run(assets)
    #expect(report.executed.isEmpty)
    #expect(report.summary.restored == 2)
  }

  @Test func aDeletedResultIsMadeAgain() throws {
    let (lab, _, digest) = try made()
    try Disk.removeTree(lab.layout.result(digest))
    let report = try lab.run(assets)
    #expect(report.executed == ["a"])
    #expect(report.reasons["a"] == [.resultMissing])
    #expect(report.summary.fresh == 1)
  }

  @Test func aDeletedCacheIsMadeAgain() throws {
    let (lab, _, _) = try made()
    try lab.remove("cache")
    #expect(try lab.run(assets).executed == ["a", "b"])
  }

  @Test func aLostIndexIsRebuilt() throws {
    let (lab, _, _) = try made()
    for suffix in ["", "-wal", "-shm"] { try lab.remove("cache/state.sqlite\(suffix)") }
    let report = try lab.run(assets)
    #expect(report.executed.isEmpty)
    #expect(report.summary.fresh == 2)
  }

  @Test func aRebuiltIndexTrustsNoDamagedResult() throws {
    let (lab, file, _) = try made()
    chmod(file, 0o644)
    truncate(file, 1)
    for suffix in ["", "-wal", "-shm"] { try lab.remove("cache/state.sqlite\(suffix)") }
    #expect(try lab.run(assets).executed == ["a"])
    #expect(try lab.text("a").contains("hello"))
  }

  @Test func aCorruptIndexIsRebuilt() throws {
    let (lab, _, _) = try made()
    for suffix in ["-wal", "-shm"] { try lab.remove("cache/state.sqlite" + suffix) }
    try lab.write("cache/state.sqlite", String(repeating: "no database ", count: 500))
    #expect(try lab.run(assets).executed.isEmpty)
  }

  @Test func everyFlippedByteOfTheIndexIsSurvived() throws {
    let (lab, _, _) = try made()
    let good = try Disk.read(lab.cache + "/state.sqlite")
    for place in stride(from: 0, to: good.count, by: max(1, good.count / 60)) {
      var bad = good
      bad[place] ^= 0x55
      for suffix in ["-wal", "-shm"] { try lab.remove("cache/state.sqlite" + suffix) }
      try Disk.writeWhole(bad, to: lab.cache + "/state.sqlite")
      do {
        let report = try lab.run(assets)
        #expect(report.summary.status == .done)
      } catch let error as BuildError {
        guard case .database = error else { throw error }
      }
      #expect(try lab.text("a") == "text=\"hello\"\n")
    }
  }

  @Test func verifyFindsWhatStampsDoNotShow() throws {
    let (lab, file, digest) = try made()
    chmod(file, 0o644)
    let descriptor = open(file, O_WRONLY)
    write(descriptor, "X", 1)
    close(descriptor)
    let found = try lab.engine(assets).verifyCache()
    #expect(found.map(\.digest) == [digest])
    #expect(found.map(\.path) == ["text"])
    #expect(try lab.engine(assets).verifyCache().isEmpty)
    #expect(try lab.run(assets).executed == ["a"])
  }

  @Test func aFolderInPlaceWithoutARecordIsCheckedBeforeItIsUsed() throws {
    let (lab, file, digest) = try made()
    let good = try lab.read(file)
    // As after a kill between the rename and the record, and with a wrong content on top.
    try Disk.removeTree(lab.cache)
    try Disk.makeFolders(lab.layout.result(digest))
    try Disk.writeWhole(Array("evil".utf8), to: file)
    #expect(try lab.run(assets).executed == ["a", "b"])
    #expect(try lab.read(file) == good)
  }
}
