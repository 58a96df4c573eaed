import Glibc
import TestSupport
import Testing

/// Disks that are full, or can't be written, as real file systems: these need the right to mount.
@Suite(.enabled(if: Mounted.isAllowed, "mounting a file system needs root's rights"))
struct DiskStories {
  /// A step of about 300 kB, one that reads it, and a small one.
  private static let pipeline = """
    nanobuild: 1
    assets:
      large:
        step: shell
        inputs: {words: words.txt}
        with: {command: "for i in 1 2 3; do head -c 100000 /dev/zero | tr '\\\\0' x; done > text; cat $NB_INPUT_words >> text"}
      next:
        step: shell
        inputs: {large: large}
        with: {command: "tail -n 1 $NB_INPUT_large/text | tr -d x > text"}
      small:
        step: shell
        inputs: {words: words.txt}
        with: {command: "cat $NB_INPUT_words > text"}

    """

  private func expectRight(_ project: TestProject, _ words: String) throws {
    #expect(try project.result("small") == words)
    #expect(try project.result("next") == words)
    #expect(try project.result("large").utf8.count == 300_000 + words.utf8.count)
  }

  @Test func aDiskThatFillsUpLeavesNothingWrong() throws {
    let project = try TestProject(Self.pipeline)
    try project.write("words.txt", "first\n")
    let disk = try Mounted(project.file("cache"), megabytes: 8)
    defer { disk.unmount() }
    #expect(try project.run("run").status == 0)
    try expectRight(project, "first\n")
    var failed = 0
    // Less and less room: it gives out while a step writes, while a result is published, while the
    // index is written.
    for (round, kilobytes) in [400, 330, 290, 200, 120, 60, 24, 12, 4, 0].enumerated() {
      let words = "round \(round)\n"
      try project.write("words.txt", words)
      #expect(try project.run("cache", "gc", "--keep-runs", "0").status == 0)
      disk.fill("cache/filling", leaving: kilobytes, in: project)
      let end = try project.run("run")
      if end.status == 0 {
        try expectRight(project, words)
      } else {
        failed += 1
        #expect(end.status == 1, "\(kilobytes) kB left: \(end.error)")
        // The step may run out of room, or the engine when it publishes; both say so.
        #expect(
          end.error.contains("free on the disk of the cache")
            || end.error.contains("No space left on device"), "\(end.error)")
        #expect(try project.run("status", "--check").status != 0, "\(kilobytes) kB left")
      }
      project.remove("cache/filling")
      let again = try project.run("run")
      #expect(again.status == 0, "\(kilobytes) kB left: \(end.error)then: \(again.error)")
      try expectRight(project, words)
      #expect(try project.run("status", "--check").status == 0)
      #expect(try project.run("cache", "verify").status == 0, "\(kilobytes) kB left")
    }
    #expect(failed >= 5)
  }

  @Test func aReadOnlyCacheAnswersWhatIsFreshAndRefusesTheRest() throws {
    let project = try TestProject(Self.pipeline)
    try project.write("words.txt", "first\n")
    let disk = try Mounted(project.file("cache"), megabytes: 8)
    defer { disk.unmount() }
    #expect(try project.run("run").status == 0)
    try disk.makeReadOnly()
    for _ in 0..<2 {
      #expect(try project.run("run").status == 0)
      #expect(try project.run("status", "--check").status == 0)
    }
    try expectRight(project, "first\n")
    try project.write("words.txt", "second\n")
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("explain", "small").output.contains("words.txt"))
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("the cache can't be written"), "\(end.error)")
    try project.write("words.txt", "first\n")
    #expect(try project.run("run").status == 0)
    #expect(try project.run("cache", "verify").status == 0)
  }

  @Test func aCacheThatWasReadOnlyGoesOn() throws {
    let project = try TestProject(Self.pipeline)
    try project.write("words.txt", "first\n")
    let disk = try Mounted(project.file("cache"), megabytes: 8)
    defer { disk.unmount() }
    try disk.makeReadOnly()
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("can't be written"), "\(end.error)")
    try disk.makeWritable()
    #expect(try project.run("run").status == 0)
    try expectRight(project, "first\n")
  }
}

/// A file system in memory at a folder of a test's.
struct Mounted {
  let path: String

  init(_ path: String, megabytes: Int) throws {
    self.path = path
    mkdir(path, 0o755)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
      throw StoryError.neverHappened("mount: \(String(cString: strerror(errno)))")
    }
  }

  /// Whether this process may mount at all.
  static let isAllowed: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder() else { return false }
    guard let disk = try? Mounted(folder.file("disk"), megabytes: 1) else { return false }
    disk.unmount()
    return true
  }()

  func unmount() { umount2(path, Int32(MNT_DETACH)) }

  func makeReadOnly() throws { try remount(UInt(MS_REMOUNT | MS_RDONLY)) }
  func makeWritable() throws { try remount(UInt(MS_REMOUNT)) }

  private func remount(_ flags: UInt) throws {
    guard mount("tmpfs", path, "tmpfs", flags, nil) == 0 else {
      throw StoryError.neverHappened("remount: \(String(cString: strerror(errno)))")
    }
  }

  /// Writes a file that leaves so many kilobytes free. Closed in programs that other tests start meanwhile:
  /// as long as one has it open, its removal frees nothing.
  func fill(_ name: String, leaving kilobytes: Int, in project: TestProject) {
    var state = statvfs()
    statvfs(path, &state)
    let free = Int(state.f_bavail) * Int(state.f_frsize) - kilobytes * 1024
    let file = open(project.file(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    if free > 0 { posix_fallocate(file, 0, off_t(free)) }
    close(file)
  }
}
