import ArgumentParser
import BuildEngine
import JSON
import PipelineFile
import Steps

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what run would do and why, with time, memory, disk and download.",
    discussion: """
      Times rest on past runs of the same size, else on the amount of work and a matrix-product speed \
      that is measured once. Nothing is refused; what does not fit is said.

      Example: nanobuild plan --profile full
      """)

  @Argument(
    help: "Assets, with everything they need (default: all).", completion: Candidates.assets)
  var targets: [String] = []

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp("Plan as if this asset had to run; repeatable.", valueName: "target"),
    completion: Candidates.assets)
  var force: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    let plan = try session.reporting(terminal, session.targets(targets)) {
      try session.engine.plan(targets: session.targets(targets), force: force)
    }
    let budget = try terminal.reporting { try PlanBudget.make(plan, session) }
    if json {
      var members = PlanText.json(plan).objectValue ?? [:]
      members["profile"] = .string(session.pipeline.profile)
      members.merge(budget.json) { first, _ in first }
      terminal.print(JSONWriter.text(.object(members), pretty: true))
      return
    }
    let color = terminal.usesColor
    budget.lines(plan, color: color).forEach { terminal.print($0) }
  }
}
