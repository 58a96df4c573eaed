import CSQLite
import Glibc
import TestSupport
import Testing

extension TestProject {
  /// How many rows of the index there are; no program may have it open.
  func indexCount(_ query: String) throws -> Int {
    var database: OpaquePointer?
    try #require(
      sqlite3_open_v2(file("cache/state.sqlite"), &database, SQLITE_OPEN_READWRITE, nil)
        == SQLITE_OK)
    defer { sqlite3_close(database) }
    var statement: OpaquePointer?
    let status = sqlite3_prepare_v2(database, "SELECT count(*) FROM \(query)", -1, &statement, nil)
    try #require(status == SQLITE_OK, "\(String(cString: sqlite3_errmsg(database)))")
    defer { sqlite3_finalize(statement) }
    try #require(sqlite3_step(statement) == SQLITE_ROW)
    return Int(sqlite3_column_int64(statement, 0))
  }
}

/// Which results wait for the disk: those that cost a second, or a second reading that takes as long.
@Suite struct FlushStories {
  @Test func quickPartitionsOfALongDownloadWaitForNoDisk() throws {
    let large = [UInt8](repeating: 7, count: 33 << 20)
    let server = try LoopbackServer { request in
      // The last one, when the download has lasted more than a second.
      if request.path == "/30" { return .file(large, for: request).delivered { $0.delay = 1.5 } }
      return .file(Array(request.path.utf8), for: request).delivered { $0.delay = 0.1 }
    }
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        shards:
          step: data.fetch
          partitions: {shard: 0..30}
          with: {url: "\(server.url)/{shard}", parallel: 2}
        quick: {step: shell, with: {command: "echo quick > text"}}
        slow: {step: shell, with: {command: "sleep 1.1; echo slow > text"}}
      """)
    #expect(try project.run("run", "shards").status == 0)
    #expect(try project.indexCount("results") == 31)
    #expect(try project.indexCount("results WHERE boot = 0") == 1)
    #expect(try project.run("run", "quick").status == 0)
    #expect(try project.indexCount("results WHERE boot = 0") == 1)
    #expect(try project.run("run", "slow").status == 0)
    #expect(try project.indexCount("results WHERE boot = 0") == 2)
  }
}
