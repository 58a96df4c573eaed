import JSON

/// Rows of parquet files and lines of JSONL files as one stream of JSON values.
final class RecordReader {
  private let files: [(path: String, kind: CorpusFileKind)]
  private var nextFile = 0
  private var rows: ParquetRows?
  private var lines: LineReader?
  private var line: ArraySlice<UInt8> = []
  private(set) var path = ""
  /// Names of the columns of the parquet file that is read.
  private(set) var columns: [String]?
  private var row = -1

  init(paths: [String]) throws(CorpusError) {
    files = try DocumentFiles.expand(paths, kinds: [.parquet, .jsonLines])
  }

  func next() throws(CorpusError) -> JSONValue? {
    while true {
      if let rows {
        if let value = try rows.next() {
          row += 1
          return value
        }
        self.rows = nil
      }
      if let lines {
        while let line = try lines.next() {
          if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
          self.line = line
          return try lines.parse(line)
        }
        self.lines = nil
      }
      guard nextFile < files.count else { return nil }
      path = files[nextFile].path
      row = -1
      if files[nextFile].kind == .parquet {
        let file = try ParquetFile(path: path)
        columns = file.schema.fields.map(\.key)
        rows = ParquetRows(file)
      } else {
        columns = nil
        lines = try LineReader(path: path)
      }
      nextFile += 1
    }
  }

  /// An error at the value that was read last.
  func error(_ located: LocatedFault) -> CorpusError {
    guard let lines else { return .row(path: path, row: row, fault: located.fault) }
    let column = located.message.flatMap { Self.column(ofObject: $0, in: line) } ?? 1
    return .line(path: path, line: lines.line, column: column, fault: located.fault)
  }

  /// The 1-based byte column of the object at `index` of the first array of objects in a line of
  /// valid JSON.
  static func column(ofObject index: Int, in line: ArraySlice<UInt8>) -> Int? {
    var depth = 0
    var arrayDepth: Int?
    var left = index
    var isInString = false
    var isEscaped = false
    var previous: UInt8 = 0
    for position in line.indices {
      let byte = line[position]
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case 0x20, 0x09: continue
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"):
        if arrayDepth == nil, previous == UInt8(ascii: "[") { arrayDepth = depth }
        if arrayDepth == depth {
          if left == 0 { return position - line.startIndex + 1 }
          left -= 1
        }
        depth += 1
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      default: break
      }
      previous = byte
    }
    return nil
  }
}
