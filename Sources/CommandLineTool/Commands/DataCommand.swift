import ArgumentParser
import Corpus
import Glibc
import JSON

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Look into a parquet, JSONL or token file.",
    discussion: "Example: nanobuild data data/shard_00000.parquet --head 3")

  @Argument(help: "The file.")
  var file: String

  @OptionGroup var output: OutputOptions

  @Option(help: "Show the first records.")
  var head: Int?

  @Option(help: "The column to stream with --jsonl: a path such as text or messages.")
  var column: String?

  @Flag(help: "Write the column as one JSON value a line (null where null).")
  var jsonl = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if jsonl != (column != nil) { throw ValidationError("--column and --jsonl go together") }
    if let head, head < 1 { throw ValidationError("--head must be at least 1") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    do throws(CorpusError) {
      if let column {
        try DataInspector.writeColumn(column, of: file) { bytes throws(CorpusError) in
          Self.write(bytes)
        }
      } else if let head {
        for record in try DataInspector.head(file, count: head) { show(record, terminal) }
      } else {
        let description = try DataInspector.describe(file)
        if json {
          terminal.print(JSONWriter.text(description, pretty: true))
        } else {
          terminal.print(DataInspector.text(description))
        }
      }
    } catch {
      terminal.flush()
      terminal.note("error: \(error)")
      throw ExitStatus.invalidInput.exit
    }
  }

  private func show(_ record: JSONValue, _ terminal: Terminal) {
    guard !json, let members = record.objectValue else {
      terminal.print(JSONWriter.text(record))
      return
    }
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      let text = value.stringValue ?? JSONWriter.text(value)
      let shown = text.count > 600 ? String(text.prefix(600)) + "…" : text
      terminal.print("\(Style.accent(name, terminal.usesColor)): \(shown)")
    }
    terminal.print()
  }

  private static func write(_ bytes: UnsafeRawBufferPointer) {
    var start = 0
    while start < bytes.count {
      let written = Glibc.write(
        STDOUT_FILENO, bytes.baseAddress?.advanced(by: start), bytes.count - start)
      if written < 0 {
        if errno == EINTR { continue }
        Glibc.exit(errno == EPIPE ? 0 : 1)
      }
      start += written
    }
  }
}
