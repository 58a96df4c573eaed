import BuildEngine
import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Files whose digest a step hands over, having hashed them as it wrote them.
@Suite struct WrittenFileTests {
  let lab: EngineLab
  let node = AssetNode(name: "a", step: "hasher")

  init() throws { lab = try EngineLab() }

  /// A step that states `digest` of what it wrote, then does `afterwards` to the file.
  private func define(
    stating digest: Digest, mode: mode_t = 0o444,
    afterwards: @escaping @Sendable (String) throws -> Void = { _ in }
  ) {
    lab.toys.define("hasher") { context in
      let path = context.output + "/text"
      try Disk.writeWhole(Array("content".utf8), to: path)
      chmod(path, mode)
      guard let status = Disk.status(path) else { throw LabError("no file") }
      context.reporter.written([WrittenFile(path: "text", digest: digest, stamp: status.stamp)])
      try afterwards(path)
    }
  }

  private func digest() throws -> Digest {
    guard case .ran(let digest, _)? = try lab.run([node]).outcomes["a"] else {
      throw LabError("it did not run")
    }
    return digest
  }

  /// The digest of the result when it is read.
  private func honest() throws -> Digest {
    let other = try EngineLab()
    other.toys.define("hasher") { context in
      try Disk.writeWhole(Array("content".utf8), to: context.output + "/text")
    }
    guard case .ran(let digest, _)? = try other.run([node]).outcomes["a"] else {
      throw LabError("it did not run")
    }
    return digest
  }

  @Test func aTrueStatementGivesWhatReadingGives() throws {
    define(stating: Digest(of: "content"))
    #expect(try digest() == honest())
    #expect(try lab.engine([node]).verifyCache().isEmpty)
    #expect(try lab.run([node]).executed.isEmpty)
  }

  /// Only a wrong statement shows that it was believed, and that nothing rests on it for long.
  @Test func aFalseStatementIsBelievedAndFoundOutAtTheNextLook() throws {
    define(stating: Digest(of: "lie"))
    #expect(try digest() != honest())
    #expect(try lab.plan([node]).tasks[0].action == .run([.resultDamaged(path: "text")]))
  }

  @Test func verificationFindsAFalseStatement() throws {
    define(stating: Digest(of: "lie"))
    let digest = try digest()
    #expect(try lab.engine([node]).verifyCache().map(\.digest) == [digest])
  }

  @Test func aFileThatWasWrittenToAfterwardsIsRead() throws {
    define(stating: Digest(of: "lie")) { path in
      usleep(25_000)
      chmod(path, 0o644)
      try "content".withCString { text in
        let file = open(path, O_WRONLY)
        guard write(file, text, 7) == 7 else { throw LabError("cannot write") }
        close(file)
      }
      chmod(path, 0o444)
    }
    #expect(try digest() == honest())
  }

  @Test func aFileThatWasReplacedIsRead() throws {
    define(stating: Digest(of: "lie")) { path in
      try Disk.writeWhole(Array("content".utf8), to: path, mode: 0o444)
    }
    #expect(try digest() == honest())
  }

  @Test func aFileThatOthersMayWriteToIsRead() throws {
    define(stating: Digest(of: "lie"), mode: 0o644)
    #expect(try digest() == honest())
  }

  @Test func aFileWithASecondNameIsRead() throws {
    let elsewhere = lab.root + "/elsewhere"
    define(stating: Digest(of: "lie")) { path in link(path, elsewhere) }
    #expect(try digest() == honest())
  }

  @Test func aStatementAboutAnotherFileChangesNothing() throws {
    lab.toys.define("hasher") { context in
      let path = context.output + "/text"
      try Disk.writeWhole(Array("content".utf8), to: path, mode: 0o444)
      guard let status = Disk.status(path) else { throw LabError("no file") }
      context.reporter.written([
        WrittenFile(path: "other", digest: Digest(of: "lie"), stamp: status.stamp)
      ])
    }
    #expect(try digest() == honest())
  }

  @Test(arguments: [UInt64.min, 77, .max]) func aStatementSurvivesTheWayToTheEngine(inode: UInt64)
    throws
  {
    let file = WrittenFile(
      path: "folder/ümlaut \"x\"", digest: Digest(of: "content"),
      stamp: FileGuard(
        size: 7, modified: 1_764_169_525_123_456_789, changed: 1_764_169_525_123_456_790,
        inode: inode))
    let whole = WrittenOutput([file], isWhole: true)
    for event in [
      WorkerEvent.written([file]), .written(whole), .written([]),
      .partitionDone("7", [file, file]),
      .partitionDone("\"", whole), .partitionDone("ü", WrittenOutput([], isWhole: true)),
    ] {
      var line = ""
      event.writeLine(into: &line)
      #expect(line == JSONWriter.text(event.json) + "\n")
      #expect(WorkerEvent(json: try JSONParser.parse(line)) == event, "\(line)")
    }
  }

  // MARK: Whole folders

  /// As `define`, saying that nothing but the file is there.
  private func defineWhole(
    others: [String] = [], stating: @escaping @Sendable (FileGuard) -> FileGuard = { $0 }
  ) {
    lab.toys.define("hasher") { context in
      let path = context.output + "/text"
      try Disk.writeWhole(Array("content".utf8), to: path, mode: 0o444)
      for name in others { try Disk.writeWhole([], to: context.output + "/" + name) }
      guard let status = Disk.status(path) else { throw LabError("no file") }
      let file = WrittenFile(
        path: "text", digest: Digest(of: "content"), stamp: stating(status.stamp))
      context.reporter.written(WrittenOutput([file], isWhole: true))
    }
  }

  @Test func aWholeFolderGivesWhatListingGives() throws {
    defineWhole()
    #expect(try digest() == honest())
    #expect(try lab.engine([node]).verifyCache().isEmpty)
    #expect(try lab.run([node]).executed.isEmpty)
  }

  @Test func aWholeFolderIsNotListed() throws {
    defineWhole(others: ["more"])
    let digest = try digest()
    #expect(try digest == honest())
    #expect(try lab.engine([node]).verifyCache().map(\.digest) == [digest])
  }

  @Test func aWholeFolderWithAFileThatIsNotAsStatedIsListed() throws {
    defineWhole(others: ["more"]) { stamp in
      var stamp = stamp
      stamp.size += 1
      return stamp
    }
    #expect(try digest() != honest())
    #expect(try lab.engine([node]).verifyCache().isEmpty)
  }

  @Test func anEarlierAttemptsStatementIsForgotten() throws {
    let attempts = Counter()
    lab.toys.define("hasher") { context in
      let path = context.output + "/text"
      try Disk.writeWhole(Array("content".utf8), to: path, mode: 0o444)
      guard attempts.next() == 1 else { return }
      guard let status = Disk.status(path) else { throw LabError("no file") }
      context.reporter.written([
        WrittenFile(path: "text", digest: Digest(of: "lie"), stamp: status.stamp)
      ])
      throw LabError("again")
    }
    var node = node
    node.retries = 1
    guard case .ran(let digest, _)? = try lab.run([node]).outcomes["a"] else {
      throw LabError("it did not run")
    }
    #expect(try digest == honest())
  }
}
