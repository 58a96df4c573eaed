import ArgumentParser
import BuildEngine
import JSON
import PipelineFile
import Steps

struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Print what a target's step said when it last ran.",
    discussion: "Example: nanobuild log pretrain --lines 20")

  @Argument(help: "The asset, or one partition: tokens[00000].", completion: Candidates.assets)
  var target: String

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "The log of this run (or `last`), instead of the newest that has one.", valueName: "id"))
  var runName: String?

  @Option(help: ArgumentHelp("Print only so many lines from the end.", valueName: "count"))
  var lines: Int?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let lines, lines < 1 { throw ValidationError("--lines must be at least 1") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    let (asset, partition) = PathCommand.split(target)
    let run = try runName.map { try RunSelection.find($0, session, terminal).id }
    let found = try terminal.reporting {
      try session.engine.logPath(of: asset, partition: partition, run: run)
    }
    guard let path = found else {
      terminal.fail(
        run.map { "`\(target)` has no log of run \($0)" } ?? "`\(target)` has no log",
        help: "it has not run yet, or its run was removed by `cache gc`")
      throw ExitStatus.failed.exit
    }
    let bytes = try terminal.reporting { try ResultFiles.optionalBytes(path) } ?? []
    var texts = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    if texts.last?.isEmpty == true { texts.removeLast() }
    if let lines { texts = texts.suffix(lines) }
    if json {
      var members: [String: JSONValue] = [
        "version": 1, "asset": .string(asset), "path": .string(path),
        "lines": .array(texts.map { .string($0) }),
      ]
      members["partition"] = partition.map { .string($0) }
      terminal.print(JSONWriter.text(.object(members), pretty: true))
    } else {
      for text in texts { terminal.print(text) }
    }
  }
}
