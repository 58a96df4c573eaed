import ArgumentParser
import BuildEngine
import Diagnostics
import JSON
import PipelineFile

struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Show the numbers of the current results.",
    discussion: "Example: nanobuild metrics pretrain sft")

  @Argument(help: "Assets to show (default: all that have numbers).", completion: Candidates.assets)
  var targets: [String] = []

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    let found = try terminal.reporting { try session.engine.metrics(targets: targets) }
    if json {
      let tasks = found.map { task, metrics -> JSONValue in
        var members: [String: JSONValue] = [
          "asset": .string(task.asset), "metrics": .object(metrics),
        ]
        members["partition"] = task.partition.map { .string($0) }
        return .object(members)
      }
      terminal.print(
        JSONWriter.text(
          [
            "version": 1, "profile": .string(session.pipeline.profile), "tasks": .array(tasks),
          ], pretty: true))
      return
    }
    if found.isEmpty { return terminal.print("no current result has numbers") }
    var table = Table([.left, .left, .right])
    for (task, metrics) in found {
      var name = "\(task)"
      for (metric, value) in metrics.sorted(by: { $0.key < $1.key }) {
        table.add([.init(name, .strong), .init(metric), .init(MetricText.text(value), .accent)])
        name = ""
      }
    }
    table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
  }
}

/// Values of metrics and parameters for people.
enum MetricText {
  static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text
    case .bool(let flag): flag ? "yes" : "no"
    case .int(let number): Format.grouped(number)
    case .double(let number): Format.number(number)
    case .null, .unsigned, .array, .object: JSONWriter.text(value)
    }
  }

  /// As it is written in the pipeline file: no digit is lost.
  static func parameter(_ value: JSONValue) -> String {
    if case .string(let text) = value { return text }
    return JSONWriter.text(value)
  }
}
