import ByteCoding
import CSQLite

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A SQLite file with prepared statements kept ready.
///
/// Used from one thread at a time; several processes may have the same file open.
final class Database {
  let path: String
  let isReadOnly: Bool
  private var handle: OpaquePointer?
  private var statements: [String: OpaquePointer] = [:]
  private var keepsView = false

  /// A value going in or out of a statement.
  enum Value: Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    static func digest(_ digest: Digest) -> Value {
      var writer = ByteWriter(capacity: 16)
      writer.digest(digest)
      return .blob(writer.bytes)
    }
  }

  init(path: String, readOnly: Bool) throws(BuildError) {
    self.path = path
    isReadOnly = readOnly
    var flags = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    flags |= SQLITE_OPEN_NOMUTEX
    var code = sqlite3_open_v2(path, &handle, flags, nil)
    if readOnly, code != SQLITE_OK || !Self.canRead(handle) {
      // No -shm file can be made in a read-only folder; the file can't change either.
      sqlite3_close(handle)
      handle = nil
      let address = "file:" + Self.escape(path) + "?immutable=1"
      code = sqlite3_open_v2(address, &handle, flags | SQLITE_OPEN_URI, nil)
    }
    guard code == SQLITE_OK else { throw failure(code) }
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, 60_000)
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close(handle)
  }

  private static func canRead(_ handle: OpaquePointer?) -> Bool {
    sqlite3_exec(handle, "SELECT count(*) FROM sqlite_master", nil, nil, nil) == SQLITE_OK
  }

  private static func escape(_ path: String) -> String {
    var escaped = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "%": escaped += "%25"
      case "?": escaped += "%3f"
      case "#": escaped += "%23"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  func execute(_ sql: String) throws(BuildError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// Switches the file to a write-ahead log.
  ///
  /// SQLite does not wait for other connections in this one operation: when several programs open
  /// a new file at once, all but one are told that it is busy. Tried again for ten seconds.
  func useWriteAheadLog() throws(BuildError) {
    var attempts = 1000
    while true {
      let code = sqlite3_exec(handle, "PRAGMA journal_mode = WAL", nil, nil, nil)
      if code == SQLITE_OK { return }
      guard code & 0xff == SQLITE_BUSY, attempts > 0 else { throw failure(code) }
      attempts -= 1
      usleep(10_000)
    }
  }

  /// Runs `body` on one view of the file: each query alone would take and give back a lock, which
  /// costs more than most queries. A change made meanwhile ends the view, and the next query takes a
  /// new one.
  func reading<Result>(_ body: () throws(BuildError) -> Result) throws(BuildError) -> Result {
    keepsView = true
    defer {
      keepsView = false
      try? endView()
    }
    return try body()
  }

  private var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  private func endView() throws(BuildError) {
    if isInTransaction { try execute("COMMIT") }
  }

  /// A change; outside of `transaction` it is one by itself.
  func run(_ sql: String, _ values: Value...) throws(BuildError) {
    let hadView = keepsView
    if hadView {
      keepsView = false
      try endView()
    }
    defer { keepsView = hadView }
    _ = try rows(sql, values) { _ in () }
  }

  func rows<Row>(_ sql: String, _ values: Value..., row: (DatabaseRow) -> Row) throws(BuildError)
    -> [Row]
  {
    try rows(sql, values, row: row)
  }

  func first<Row>(_ sql: String, _ values: Value..., row: (DatabaseRow) -> Row) throws(BuildError)
    -> Row?
  {
    try rows(sql, values, row: row).first
  }

  /// Makes all changes of `body` together or none of them.
  func transaction(_ body: () throws(BuildError) -> Void) throws(BuildError) {
    let hadView = keepsView
    if hadView {
      keepsView = false
      try endView()
    }
    defer { keepsView = hadView }
    try execute("BEGIN IMMEDIATE")
    do throws(BuildError) {
      try body()
      try execute("COMMIT")
    } catch {
      try? execute("ROLLBACK")
      throw error
    }
  }

  func rows<Row>(
    _ sql: String, _ values: [Value], row: (DatabaseRow) -> Row
  ) throws(BuildError) -> [Row] {
    if keepsView, !isInTransaction { try execute("BEGIN") }
    let statement = try prepare(sql)
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for (index, value) in values.enumerated() {
      let code = bind(value, to: statement, at: Int32(index + 1))
      guard code == SQLITE_OK else { throw failure(code) }
    }
    var rows: [Row] = []
    while true {
      let code = sqlite3_step(statement)
      switch code {
      case SQLITE_ROW: rows.append(row(DatabaseRow(statement: statement)))
      case SQLITE_DONE: return rows
      default: throw failure(code)
      }
    }
  }

  private func prepare(_ sql: String) throws(BuildError) -> OpaquePointer {
    if let statement = statements[sql] { return statement }
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(
      handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK, let statement else { throw failure(code) }
    statements[sql] = statement
    return statement
  }

  /// SQLite copies the bytes before the call returns.
  private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  private func bind(_ value: Value, to statement: OpaquePointer, at index: Int32) -> Int32 {
    switch value {
    case .null: sqlite3_bind_null(statement, index)
    case .integer(let value): sqlite3_bind_int64(statement, index, value)
    case .real(let value): sqlite3_bind_double(statement, index, value)
    case .text(let value):
      sqlite3_bind_text(statement, index, value, Int32(clamping: value.utf8.count), Self.copied)
    case .blob(let value):
      value.withUnsafeBytes {
        // A null pointer would bind NULL.
        $0.isEmpty
          ? sqlite3_bind_zeroblob(statement, index, 0)
          : sqlite3_bind_blob64(
            statement, index, $0.baseAddress, sqlite3_uint64($0.count), Self.copied)
      }
    }
  }

  private func failure(_ code: Int32) -> BuildError {
    let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
    if code & 0xff == SQLITE_CORRUPT, !isReadOnly {
      // The next program that opens the cache makes a new index; this one can't go on.
      let mark = CacheLayout(root: String(path.dropLast("/state.sqlite".count))).damageMark
      try? Disk.writeWhole([], to: mark)
    }
    return .database(path: path, message: message, code: code)
  }
}

/// One row of a query's answer, valid only inside the closure that receives it.
struct DatabaseRow {
  fileprivate let statement: OpaquePointer

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
  func real(_ column: Int32) -> Double { sqlite3_column_double(statement, column) }

  func text(_ column: Int32) -> String {
    guard let start = sqlite3_column_text(statement, column) else { return "" }
    return String(cString: start)
  }

  func blob(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(statement, column) else { return [] }
    let count = Int(sqlite3_column_bytes(statement, column))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  func digest(_ column: Int32) -> Digest? {
    var reader = ByteReader(blob(column))
    return reader.digest()
  }
}
