import ArgumentParser
import BuildEngine
import Diagnostics
import JSON
import PipelineFile

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say every reason why a target would run, down to the key or file that changed.",
    discussion: "Example: nanobuild explain sft")

  @Argument(help: "The asset.", completion: Candidates.assets)
  var target: String

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    let plan = try session.reporting(terminal, [target]) {
      try session.engine.explain(target)
    }
    if json {
      terminal.print(JSONWriter.text(PlanText.json(plan), pretty: true))
      return
    }
    let color = terminal.usesColor
    var fresh = 0
    for group in TaskGroup.groups(plan.tasks) {
      let task = group.first
      if case .fresh = task.action, task.asset != target {
        fresh += group.tasks.count
        continue
      }
      let verb = Self.verb(task.action, isPlural: group.tasks.count > 1)
      terminal.print(
        "\(Style.strong(group.name, color)) \(PlanText.style(task.action)(verb, color))")
      for reason in PlanText.reasons(task.action) {
        terminal.print("  - \(PrintableText.clean(reason))")
      }
      if let failure = task.lastFailure {
        terminal.print("  - its last try failed: \(PrintableText.clean(failure))")
      }
      if group.tasks.count == 1, let key = task.key {
        terminal.print(Style.faint("  key \(key)", color))
      }
    }
    for check in plan.checks {
      switch check.state {
      case .known(let verdict) where !verdict.passed:
        terminal.print(
          "\(check.asset) · \(check.check.title) failed: \(PrintableText.clean(verdict.message))")
      case .toRun:
        terminal.print("\(check.asset) · \(check.check.title) has not judged this result")
      case .known, .pending: break
      }
    }
    if fresh > 0 {
      terminal.print(fresh == 1 ? "1 upstream task is fresh" : "\(fresh) upstream tasks are fresh")
    }
  }

  private static func verb(_ action: Plan.Action, isPlural: Bool) -> String {
    switch action {
    case .fresh: isPlural ? "are fresh" : "is fresh"
    case .restore: "would be restored"
    case .run: "would run"
    case .pending: "may run"
    case .blocked: isPlural ? "are blocked" : "is blocked"
    }
  }
}
