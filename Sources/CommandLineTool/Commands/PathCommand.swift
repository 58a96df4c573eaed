import ArgumentParser
import BuildEngine
import JSON
import PipelineFile

struct PathCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "path",
    abstract: "Print the folder of a target's current result.",
    discussion: "Example: ls \"$(nanobuild path tokenizer)\"")

  @Argument(help: "The asset, or one partition: tokens[00000].", completion: Candidates.assets)
  var target: String

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    let (asset, partition) = Self.split(target)
    let path = try terminal.reporting { try session.engine.path(of: asset, partition: partition) }
    if json {
      terminal.print(
        JSONWriter.text(["version": 1, "asset": .string(asset), "path": .string(path)]))
    } else {
      terminal.print(path)
    }
  }

  /// `tokens[00000]` → tokens, 00000.
  static func split(_ target: String) -> (asset: String, partition: String?) {
    guard target.hasSuffix("]"), let bracket = target.firstIndex(of: "[") else {
      return (target, nil)
    }
    return (
      String(target[..<bracket]),
      String(target[target.index(after: bracket)...].dropLast())
    )
  }
}
