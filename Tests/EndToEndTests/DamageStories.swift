import Glibc
import TestSupport
import Testing

/// Results and the cache altered behind the program's back.
@Suite struct DamageStories {
  /// Makes the file writable, as somebody who insists does.
  private func overwrite(_ path: String, _ text: String) {
    chmod(path, 0o644)
    let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    _ = text.withCString { write(file, $0, strlen($0)) }
    close(file)
  }

  @Test func aDeletedOutputIsMadeAgain() throws {
    let story = try Story()
    try story.bringUpToDate()
    try #require(unlink(try story.resultFile("upper")) == 0)
    #expect(try story.project.run("status", "--check").status == 1)
    #expect(try story.bringUpToDate() == ["upper"])
  }

  @Test func aDeletedLinkIsRestoredWithoutRunning() throws {
    let story = try Story()
    try story.bringUpToDate()
    story.project.remove("cache/current/default/count")
    #expect(try story.bringUpToDate().isEmpty)
    story.project.remove("cache/current")
    #expect(try story.bringUpToDate().isEmpty)
  }

  @Test func anEditedOutputIsMadeAgain() throws {
    let story = try Story()
    try story.bringUpToDate()
    overwrite(try story.resultFile("upper"), "something else\n")
    #expect(try story.project.run("status", "--check").status == 1)
    #expect(try story.bringUpToDate() == ["upper"])
  }

  @Test func anOutputEditedWithItsSizeAndTimeKeptIsMadeAgain() throws {
    let story = try Story()
    try story.bringUpToDate()
    let path = try story.resultFile("upper")
    var before = stat()
    stat(path, &before)
    overwrite(path, "ONE TWX\n")
    var times = [before.st_atim, before.st_mtim]
    utimensat(AT_FDCWD, path, &times, 0)
    chmod(path, 0o444)
    #expect(try story.bringUpToDate() == ["upper"])
  }

  @Test func aTruncatedOutputIsMadeAgain() throws {
    let story = try Story()
    try story.bringUpToDate()
    let path = try story.resultFile("both")
    chmod(path, 0o644)
    truncate(path, 3)
    #expect(try story.bringUpToDate() == ["both"])
  }

  @Test func outputsCannotBeEditedByAccident() throws {
    let story = try Story()
    try story.bringUpToDate()
    var status = stat()
    stat(try story.resultFile("both"), &status)
    #expect(status.st_mode & 0o222 == 0)
  }

  @Test func aCorruptEntryIsNeverRestored() throws {
    let story = try Story()
    try story.bringUpToDate()
    let old = try story.resultFile("upper")
    try story.project.write("words.txt", "three four\n")
    try story.bringUpToDate()
    // The entry that is not in force now goes bad; going back must not bring it up.
    overwrite(old, "EVIL\n")
    try story.project.write("words.txt", "one two\n")
    #expect(try story.bringUpToDate().contains("upper"))
  }

  @Test func verifyFindsACorruptEntryAndTheNextRunMendsIt() throws {
    let story = try Story()
    try story.bringUpToDate()
    #expect(try story.project.run("cache", "verify").status == 0)
    overwrite(try story.resultFile("count"), "9\n")
    let end = try story.project.run("cache", "verify")
    #expect(end.status == 1, "\(end.output)\(end.error)")
    #expect((end.output + end.error).contains("text"))
    #expect(try story.bringUpToDate() == ["count"])
    #expect(try story.project.run("cache", "verify").status == 0)
  }

  @Test(arguments: [0, 1, 2]) func aDamagedRecordOrIndexIsSurvived(kind: Int) throws {
    let story = try Story()
    try story.bringUpToDate()
    let project = story.project
    switch kind {
    case 0:
      for suffix in ["", "-wal", "-shm"] { project.remove("cache/state.sqlite\(suffix)") }
    case 1:
      for suffix in ["-wal", "-shm"] { project.remove("cache/state.sqlite\(suffix)") }
      try project.write("cache/state.sqlite", String(repeating: "garbage ", count: 4000))
    default:
      overwrite(project.file("cache/records.jsonl"), "{\"not\": ")
      for suffix in ["", "-wal", "-shm"] { project.remove("cache/state.sqlite\(suffix)") }
    }
    try story.bringUpToDate()
    #expect(try story.bringUpToDate().isEmpty)
  }

  @Test func damagedSnapshotsAreNotBelieved() throws {
    let story = try Story()
    try story.bringUpToDate()
    try story.bringUpToDate()
    let project = story.project
    let names = try project.list("cache/snapshots")
    var numbers = SeededNumbers(seed: 7)
    for round in 0..<12 {
      for name in names {
        var bytes = try project.bytes("cache/snapshots/\(name)")
        guard !bytes.isEmpty else { continue }
        if round % 3 == 2 {
          bytes.removeLast(Int.random(in: 1...bytes.count, using: &numbers))
        } else {
          bytes[Int.random(in: 0..<bytes.count, using: &numbers)] ^= 0x41
        }
        try project.write("cache/snapshots/\(name)", bytes: bytes)
      }
      try project.write("words.txt", "round \(round)\n")
      #expect(try story.bringUpToDate().contains("upper"))
    }
  }

  @Test func damagedFormsOfThePipelineAreNotBelieved() throws {
    let story = try Story()
    try story.bringUpToDate()
    try story.bringUpToDate()
    let project = story.project
    let names = try project.list("cache/pipelines")
    #expect(!names.isEmpty)
    var numbers = SeededNumbers(seed: 8)
    for round in 0..<12 {
      for name in names {
        var bytes = try project.bytes("cache/pipelines/\(name)")
        guard !bytes.isEmpty else { continue }
        if round % 3 == 2 {
          bytes.removeLast(Int.random(in: 1...bytes.count, using: &numbers))
        } else {
          bytes[Int.random(in: 0..<bytes.count, using: &numbers)] ^= 0x20
        }
        try project.write("cache/pipelines/\(name)", bytes: bytes)
      }
      try project.write("words.txt", "round \(round)\n")
      #expect(try story.bringUpToDate() == ["both", "count", "upper"])
    }
  }

  /// Read-only for a user without privileges; root writes everywhere, so this needs another user.
  @Test(.enabled(if: geteuid() != 0, "root may write to read-only folders"))
  func aReadOnlyCacheAnswersWhatIsFresh() throws {
    let story = try Story()
    try story.bringUpToDate()
    let cache = story.project.file("cache")
    for name in [cache, cache + "/results", cache + "/snapshots", cache + "/runs"] {
      chmod(name, 0o555)
    }
    defer { chmod(cache, 0o755) }
    #expect(try story.project.run("run").status == 0)
    try story.expectRight()
    try story.project.write("words.txt", "changed\n")
    let end = try story.project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("cache"))
    #expect(try story.project.run("status", "--check").status == 1)
  }
}
