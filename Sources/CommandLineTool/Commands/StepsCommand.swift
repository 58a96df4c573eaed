import ArgumentParser
import Diagnostics
import JSON
import PipelineFile
import Steps

struct StepsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps",
    abstract: "Show the built-in steps and checks, or one of them in full.",
    discussion: "Example: nanobuild steps train.base")

  @Argument(help: "A step's or a check's name.", completion: Candidates.steps)
  var name: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let catalog = BuiltinSteps.catalog
    guard let name else {
      if json {
        terminal.print(JSONWriter.text(SchemaJSON.catalog(catalog), pretty: true))
      } else {
        list(catalog, terminal)
      }
      return
    }
    if let step = catalog.step(named: name) {
      if json {
        terminal.print(JSONWriter.text(SchemaJSON.alone(SchemaJSON.step(step)), pretty: true))
      } else {
        describe(step, catalog, terminal)
      }
    } else if let check = catalog.check(named: name) {
      if json {
        terminal.print(JSONWriter.text(SchemaJSON.alone(SchemaJSON.check(check)), pretty: true))
      } else {
        describe(check, terminal)
      }
    } else {
      let known = catalog.steps.map(\.name) + catalog.checks.map(\.name)
      let help = Suggestion.nearest(to: name, among: known).map { " (did you mean `\($0)`?)" } ?? ""
      terminal.fail("there is no step or check called `\(name)`\(help)")
      throw ExitStatus.usage.exit
    }
  }

  private func list(_ catalog: StepCatalog, _ terminal: Terminal) {
    terminal.print(Style.strong("Steps", terminal.usesColor))
    var steps = Table([.left, .left, .left])
    for step in catalog.steps {
      steps.add([
        .init("  " + step.name, .accent), .init("→ \(step.produces.rawValue)", .faint),
        .init(step.summary),
      ])
    }
    steps.lines(color: terminal.usesColor).forEach { terminal.print($0) }
    terminal.print()
    terminal.print(Style.strong("Checks", terminal.usesColor))
    var checks = Table([.left, .left])
    for check in catalog.checks {
      checks.add([.init("  " + check.name, .accent), .init(check.summary)])
    }
    checks.lines(color: terminal.usesColor).forEach { terminal.print($0) }
    terminal.print()
    terminal.print("`nanobuild steps NAME` shows inputs, parameters, metrics and checks.")
  }

  private func describe(_ step: StepSchema, _ catalog: StepCatalog, _ terminal: Terminal) {
    let color = terminal.usesColor
    terminal.print("\(Style.strong(step.name, color))  \(step.summary)")
    terminal.print("makes \(step.produces.rawValue) · revision \(step.revision)")
    if !step.inputs.isEmpty || step.acceptsAnyInput {
      section("Inputs", terminal)
      var table = Table([.left, .left, .left])
      for input in step.inputs {
        let kinds =
          input.kinds.isEmpty ? "anything" : input.kinds.map(\.rawValue).joined(separator: ", ")
        let notes =
          (input.isRequired ? "" : ", optional") + (input.acceptsMany ? ", one or a list" : "")
        table.add([.init("  " + input.name, .accent), .init(kinds + notes), .init(input.summary)])
      }
      if step.acceptsAnyInput {
        table.add([.init("  (any name)", .accent), .init("anything"), .init("")])
      }
      table.lines(color: color).forEach { terminal.print($0) }
    }
    parameters(step.parameters, terminal)
    if !step.metrics.isEmpty {
      section("Metrics", terminal)
      var table = Table([.left, .left])
      for metric in step.metrics {
        table.add([.init("  " + metric.name, .accent), .init(metric.summary)])
      }
      table.lines(color: color).forEach { terminal.print($0) }
    }
    let checks = catalog.checks.filter {
      $0.appliesTo.isEmpty || $0.appliesTo.contains(step.produces)
    }
    if !checks.isEmpty {
      section("Checks that fit", terminal)
      terminal.print("  " + checks.map(\.name).joined(separator: ", "))
    }
  }

  private func describe(_ check: CheckSchema, _ terminal: Terminal) {
    terminal.print("\(Style.strong(check.name, terminal.usesColor))  \(check.summary)")
    let kinds =
      check.appliesTo.isEmpty
      ? "any result" : check.appliesTo.map(\.rawValue).joined(separator: ", ")
    terminal.print("looks at \(kinds) · revision \(check.revision)")
    parameters(check.parameters, terminal)
  }

  private func parameters(_ parameters: [ParameterSchema], _ terminal: Terminal) {
    guard !parameters.isEmpty else { return }
    section("Parameters", terminal)
    var table = Table([.left, .left, .left, .left])
    for parameter in parameters { addRow(parameter, indent: "  ", to: &table) }
    table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
  }

  private func addRow(_ parameter: ParameterSchema, indent: String, to table: inout Table) {
    let value = parameter.defaultValue.map { "= " + JSONWriter.text($0) }
    var summary = parameter.summary
    if !parameter.affectsResult { summary += " (not part of the key)" }
    if parameter.isSecret { summary += " (secret: ${env:NAME})" }
    table.add([
      .init(indent + parameter.name, .accent), .init(SchemaText.type(parameter.type)),
      .init(value ?? (parameter.isRequired ? "required" : ""), .faint), .init(summary),
    ])
    for field in SchemaText.fields(of: parameter.type) {
      addRow(field, indent: indent + "  ", to: &table)
    }
  }

  private func section(_ title: String, _ terminal: Terminal) {
    terminal.print()
    terminal.print(Style.strong(title, terminal.usesColor))
  }
}
