import ArgumentParser
import BuildEngine
import JSON
import PipelineFile

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract:
      "Show everything about one asset: parameters, inputs, digests, metrics, checks, path.",
    discussion: """
      With --sample a conversations asset prints rendered conversations; what a model is trained to \
      say is green, or between ⟦ and ⟧ without colours.

      Example: nanobuild show sft_data --sample 3
      """)

  @Argument(help: "The asset.", completion: Candidates.assets)
  var target: String

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Print the first conversations, rendered.", valueName: "count"))
  var sample: Int?

  @Option(help: ArgumentHelp("With --sample: leave out so many first.", valueName: "count"))
  var skip = 0

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let sample, sample < 1 { throw ValidationError("--sample must be at least 1") }
    if skip < 0 { throw ValidationError("--skip must not be negative") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    if let sample {
      let samples = try ConversationSamples.read(
        target, count: sample, skip: skip, session, terminal)
      return json ? samples.printJSON(terminal) : samples.print(terminal)
    }
    let details = try session.reporting(terminal, [target]) {
      try session.engine.show(target)
    }
    let last = try terminal.reporting {
      try session.engine.history(of: target, limit: 50).first { $0.outcome == "ran" }
    }
    guard let asset = session.pipeline[target] else { return }
    let text = AssetText(asset: asset, details: details, lastRun: last)
    if json {
      terminal.print(JSONWriter.text(text.json, pretty: true))
    } else {
      text.lines(color: terminal.usesColor).forEach { terminal.print($0) }
    }
  }
}
