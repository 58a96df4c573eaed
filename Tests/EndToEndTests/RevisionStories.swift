import CSQLite
import TestSupport
import Testing

/// A program whose step works differently than it did when a result was made.
///
/// One program has one revision of each step, so the past is changed instead: the index is made to say
/// that a result was made by an earlier revision, under the other key that this gave.
@Suite struct RevisionStories {
  @Test func aRaisedRevisionOfAStepRunsItAgain() throws {
    let story = try Story()
    try story.bringUpToDate()
    try story.bringUpToDate()
    try execute(
      """
      UPDATE keys SET key = x'00112233445566778899aabbccddeeff',
        recipe = replace(recipe, 'step "shell" 1', 'step "shell" 0')
        WHERE key = (SELECT key FROM current WHERE asset = 'upper');
      UPDATE current SET key = x'00112233445566778899aabbccddeeff' WHERE asset = 'upper';
      """, on: story.project.file("cache/state.sqlite"))
    // The snapshot of the program that wrote the index would not be believed by a later one.
    story.project.remove("cache/snapshots")
    #expect(try story.states() == ["upper": "stale", "count": "fresh", "both": "pending"])
    let explained = try story.project.run("explain", "upper")
    #expect(
      explained.output.contains("`shell` works differently now (revision 0 → 1)"),
      "\(explained.output)")
    // It gives the same bytes as before, so what reads it stays.
    #expect(try story.bringUpToDate() == ["upper"])
    #expect(try story.bringUpToDate().isEmpty)
  }

  /// An index that is empty, or of another version of the program, is made from the results; so is one
  /// with a damaged page, after a command that found it.
  @Test func anIndexThatIsNotOursIsMadeAnew() throws {
    let story = try Story()
    try story.bringUpToDate()
    let database = story.project.file("cache/state.sqlite")
    func forgetLog() {
      for suffix in ["-wal", "-shm"] { story.project.remove("cache/state.sqlite\(suffix)") }
      story.project.remove("cache/snapshots")
    }
    func expectFresh(location: SourceLocation = #_sourceLocation) throws {
      let collected = try story.project.run("cache", "gc", "--dry-run", "--keep-runs", "0")
      #expect(
        collected.output.contains("would remove 0 results"), "\(collected.output)",
        sourceLocation: location)
      #expect(try story.bringUpToDate().isEmpty, sourceLocation: location)
    }
    try story.project.write("cache/state.sqlite", "")
    forgetLog()
    try expectFresh()
    try execute("PRAGMA user_version = 7", on: database, changes: 0)
    story.project.remove("cache/snapshots")
    try expectFresh()
    try execute("PRAGMA wal_checkpoint(TRUNCATE)", on: database, changes: 0)
    var bytes = try story.project.bytes("cache/state.sqlite")
    for place in 4096..<bytes.count { bytes[place] = 0xa5 }
    try story.project.write("cache/state.sqlite", bytes: bytes)
    forgetLog()
    let first = try story.project.run("run")
    #expect(first.status == 0 || first.error.contains("run the command again"), "\(first.error)")
    try expectFresh()
  }

  private func execute(_ statements: String, on path: String, changes: Int32 = 2) throws {
    var database: OpaquePointer?
    try #require(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
    defer { sqlite3_close(database) }
    let status = sqlite3_exec(database, statements, nil, nil, nil)
    try #require(status == SQLITE_OK, "\(String(cString: sqlite3_errmsg(database)))")
    #expect(sqlite3_total_changes(database) == changes)
  }
}
