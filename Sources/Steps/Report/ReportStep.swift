package import BuildEngine
import JSON
package import PipelineFile

/// `report`: one page about everything it is given.
package struct ReportStep: Step {
  package init() {}

  package static let schema = StepSchema(
    name: "report",
    summary: "Writes report.html and report.md: lineage, tables, curves, samples, machine.",
    parameters: [
      ParameterSchema("title", .string, default: "nanobuild report", "heading of the page")
    ],
    produces: .report, acceptsAnyInput: true, wantsLineage: true)

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    var stages: [ReportModel.Stage] = []
    for (_, values) in context.inputs.sorted(by: { $0.key < $1.key }) {
      for value in values { stages.append(try Self.stage(value, context)) }
    }
    // Lineage when the engine told it: sources first.
    if !context.lineage.isEmpty {
      let order = Dictionary(
        context.lineage.enumerated().map { ($1.name, $0) }
      ) { first, _ in first }
      let shown = Set(stages.map(\.name))
      for asset in context.lineage where !shown.contains(asset.name) {
        stages.append(ReportModel.Stage(asset))
      }
      stages.sort { order[$0.name] ?? .max < order[$1.name] ?? .max }
    }
    let model = ReportModel(
      title: try parameters.string("title"), profile: context.profile,
      machine: MachineDescription.lines(threads: context.threads), stages: stages)
    try ResultFiles.write(Array(model.html().utf8), to: context.output + "/report.html")
    try ResultFiles.write(Array(model.markdown().utf8), to: context.output + "/report.md")
    context.reporter.log("report.html and report.md cover \(stages.count) assets")
  }

  /// What one input's files say, with what the engine knows of it.
  private static func stage(_ input: StepInput, _ context: StepContext) throws -> ReportModel.Stage
  {
    let known = context.lineage.first { $0.name == input.name }
    var stage = known.map { ReportModel.Stage($0) } ?? ReportModel.Stage(named: input.name)
    for (name, value) in try ResultFiles.numbers(in: input.path).sorted(by: { $0.key < $1.key })
    where !stage.metrics.contains(where: { $0.name == name }) {
      stage.metrics.append((name, value))
    }
    stage.charts = try charts(in: input.path, of: input.name)
    if let bytes = try ResultFiles.optionalBytes(input.path + "/" + ResultFiles.samples) {
      stage.samples = String(decoding: bytes.suffix(20_000), as: UTF8.self)
    }
    return stage
  }

  /// One picture for the losses and one for bits per byte, where the result has a curve.
  private static func charts(in folder: String, of name: String) throws -> [LineChart] {
    let path = folder + "/" + ResultFiles.curve
    guard let bytes = try ResultFiles.optionalBytes(path) else { return [] }
    let curves = try CurveFile.parse(bytes, path: path)
    return curves.keys.sorted().filter { CurveFile.isWorthAPicture($0) }.map { metric in
      LineChart(
        title: "\(name): \(metric)", xLabel: "step",
        series: [LineChart.Series(name: metric, points: curves[metric] ?? [])])
    }
  }
}

extension ReportModel.Stage {
  init(named name: String) {
    self.init(
      name: name, step: "", description: nil, inputs: [], parameters: [], metrics: [], checks: [],
      charts: [], samples: nil, seconds: nil, bytes: nil)
  }

  /// What the engine knows of an asset.
  init(_ asset: LineageAsset) {
    self.init(named: asset.name)
    step = asset.step
    description = asset.description.isEmpty ? nil : asset.description
    inputs = asset.inputs
    parameters = asset.parameters.sorted { $0.key < $1.key }
      .map { ($0.key, JSONWriter.text($0.value)) }
    metrics = asset.metrics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    checks = asset.checks.map { check in
      ReportModel.CheckLine(
        name: check.name, passed: check.verdict.passed, blocks: check.blocks,
        message: check.verdict.message)
    }
    seconds = asset.seconds
    bytes = asset.byteCount
  }
}
