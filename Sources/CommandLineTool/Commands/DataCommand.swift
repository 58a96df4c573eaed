import ArgumentParser
import Corpus
import Glibc
import JSON

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Look into a parquet, JSONL or token file.",
    discussion: """
      Example: nanobuild data data/shard_00000.parquet --head 3

      A folder stands for the data files in it: nanobuild data $(nanobuild path text)
      """)

  @Argument(help: "The file, or a folder of files.")
  var file: String

  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Show the first records.", valueName: "n"))
  var head: Int?

  @Option(
    help: ArgumentHelp(
      "Only this column: a name such as text or messages.role.", valueName: "name"))
  var column: String?

  @Flag(help: "Write one JSON value a line (null where null): the column's, or whole records.")
  var jsonl = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let head, head < 1 { throw ValidationError("--head must be at least 1") }
    if jsonl, json { throw ValidationError("--jsonl and --json are two different outputs") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    do throws(CorpusError) {
      if let column, jsonl, head == nil {
        for path in try DataInspector.files(at: file) {
          try DataInspector.writeColumn(column, of: path) { bytes throws(CorpusError) in
            Self.write(bytes)
          }
        }
      } else if jsonl || (json && (head != nil || column != nil)) {
        try writeRecords()
      } else if head != nil || column != nil {
        try showRecords(terminal)
      } else {
        let description = try DataInspector.describe(file)
        if json {
          terminal.print(
            JSONWriter.text(
              .object((description.objectValue ?? [:]).merging(["version": 1]) { $1 }),
              pretty: true))
        } else {
          terminal.print(DataInspector.text(description))
        }
      }
    } catch {
      terminal.flush()
      terminal.fail("\(error)")
      throw ExitStatus.invalidInput.exit
    }
  }

  /// One JSON value a line, for programs.
  private func writeRecords() throws(CorpusError) {
    var left = head ?? .max
    for path in try DataInspector.files(at: file) where left > 0 {
      left -= try DataInspector.writeRecords(of: path, column: column, atMost: left) {
        bytes throws(CorpusError) in
        Self.write(bytes)
      }
    }
  }

  private func showRecords(_ terminal: Terminal) throws(CorpusError) {
    let text = RecordText(usesColor: terminal.usesColor)
    var left = head ?? .max
    for path in try DataInspector.files(at: file) where left > 0 {
      let records = try RecordStream(path: path, column: column)
      while left > 0, let record = try records.next() {
        let lines =
          column == nil
          ? text.lines(record: record, fields: records.fields) : text.lines(column: record)
        for line in lines { terminal.print(line) }
        left -= 1
      }
    }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer) {
    var start = 0
    while start < bytes.count {
      let written = Glibc.write(
        STDOUT_FILENO, bytes.baseAddress?.advanced(by: start), bytes.count - start)
      if written < 0 {
        if errno == EINTR { continue }
        Terminal.endAfterFailedWrite(errno)
      }
      start += written
    }
  }
}
