import ArgumentParser
import BuildEngine
import JSON
import PipelineFile

struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Show what is made from what, with the state of each asset.",
    discussion: "Example: nanobuild graph --format html > lineage.html")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, dot, mermaid, json, html
  }

  @Argument(
    help: "Assets to show, with everything they need (default: all).", completion: Candidates.assets
  )
  var targets: [String] = []

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "How to write it.")
  var format = Format.text

  @Flag(help: "Print JSON, as --format json.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    let statuses = try session.reporting(terminal, session.targets(targets)) {
      try session.engine.status(targets: session.targets(targets))
    }
    let graph = LineageGraph(session.pipeline, statuses)
    switch json ? .json : format {
    case .text: graph.textLines(color: terminal.usesColor).forEach { terminal.print($0) }
    case .dot: terminal.print(graph.dot)
    case .mermaid: terminal.print(graph.mermaid)
    case .json: terminal.print(JSONWriter.text(graph.json, pretty: true))
    case .html: terminal.write(graph.html())
    }
  }
}
