import ArgumentParser
import BuildEngine
import Diagnostics
import JSON
import PipelineFile
import Steps

struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Draw the curve of a training: its loss, or the metric that is named.",
    discussion: "Example: nanobuild plot pretrain.bpb --output bpb.svg")

  @Argument(
    help: ArgumentHelp("The asset, or asset.metric; several share a picture.", valueName: "target"),
    completion: Candidates.assets)
  var targets: [String]

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(
    name: .customLong("output"), help: ArgumentHelp("Write an SVG picture.", valueName: "file.svg"))
  var file: String?

  @Flag(help: "Print JSON.")
  var json = false

  private struct Curve {
    var asset: String
    var metric: String
    var points: [(x: Double, y: Double)]
    /// Other metrics of the same result.
    var others: [String]
  }

  func validate() throws {
    if targets.isEmpty { throw ValidationError("name at least one asset") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let here = ProjectFile.workingFolder()
    let session = try Session.open(pipeline, terminal)
    let curves = try targets.map { try curve($0, session, terminal) }
    if json {
      let list = curves.map { curve -> JSONValue in
        [
          "asset": .string(curve.asset), "metric": .string(curve.metric),
          "points": .array(curve.points.map { .array([.double($0.x), .double($0.y)]) }),
        ]
      }
      terminal.print(JSONWriter.text(["version": 1, "curves": .array(list)]))
      return
    }
    let names = curves.map { "\($0.asset) \($0.metric)" }
    let chart = LineChart(
      title: names.joined(separator: ", "), xLabel: "step",
      series: zip(names, curves).map { LineChart.Series(name: $0, points: $1.points) })
    if let file {
      let path = file.hasPrefix("/") ? file : here + "/" + file
      try terminal.reporting { try ResultFiles.write(Array(chart.svg().utf8), to: path) }
      terminal.note("\(file) written")
      return
    }
    let width = min(terminal.width, 120) - 1
    for line in chart.terminalLines(width: width, height: 16, color: terminal.usesColor) {
      terminal.print(line)
    }
    for curve in curves where !curve.others.isEmpty {
      terminal.note("\(curve.asset) also has: \(curve.others.joined(separator: ", "))")
    }
  }

  private func curve(_ target: String, _ session: Session, _ terminal: Terminal) throws -> Curve {
    let (asset, wanted) = split(target, session)
    let folder = try terminal.reporting { try session.engine.path(of: asset) }
    let path = folder + "/" + ResultFiles.curve
    guard let bytes = try terminal.reporting({ try ResultFiles.optionalBytes(path) }) else {
      terminal.fail("the result of `\(asset)` has no curve (`\(ResultFiles.curve)`)")
      throw ExitStatus.failed.exit
    }
    let curves = try terminal.reporting { try CurveFile.parse(bytes, path: path) }
    let names = curves.keys.sorted()
    let metric =
      wanted ?? (curves["loss"] != nil ? "loss" : names.first(where: CurveFile.isWorthAPicture))
      ?? names.first
    guard let metric, let points = curves[metric] else {
      let name = wanted ?? ""
      terminal.fail(
        names.isEmpty ? "the curve of `\(asset)` is empty" : "`\(asset)` has no curve `\(name)`",
        help: Suggestion.nearest(to: name, among: names).map { "did you mean `\($0)`?" }
          ?? (names.isEmpty ? nil : "it has \(names.joined(separator: ", "))"))
      throw names.isEmpty ? ExitStatus.failed.exit : ExitStatus.usage.exit
    }
    return Curve(
      asset: asset, metric: metric, points: points,
      others: wanted == nil ? names.filter { $0 != metric } : [])
  }

  /// An asset's name may itself hold dots: the longest one that exists wins.
  private func split(_ target: String, _ session: Session) -> (asset: String, metric: String?) {
    if session.engine.graph[target] != nil { return (target, nil) }
    for dot in target.indices.reversed() where target[dot] == "." {
      let asset = String(target[..<dot])
      if session.engine.graph[asset] != nil {
        return (asset, String(target[target.index(after: dot)...]))
      }
    }
    return (target.split(separator: ".").first.map(String.init) ?? target, nil)
  }
}
