import ArgumentParser
import BuildEngine
import Diagnostics
import Glibc
import JSON
import PipelineFile

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show past runs; of one asset what happened to it, of one run what it did.",
    discussion: "Example: nanobuild history pretrain --limit 5")

  @Argument(
    help: ArgumentHelp("An asset or a run.", valueName: "asset-or-run"),
    completion: Candidates.assets)
  var subject: String?

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "Most lines to show, newest first.")
  var limit = 20

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit must be at least 1") }
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    guard let subject else {
      let runs = try terminal.reporting { try session.engine.history(limit: limit) }
      return show(runs, terminal)
    }
    if session.engine.graph[subject] != nil {
      let tasks = try terminal.reporting {
        try session.engine.history(of: subject, limit: limit)
      }
      return show(tasks, withRun: true, terminal)
    }
    let run = try RunSelection.find(subject, session, terminal)
    let tasks = try terminal.reporting { try session.engine.tasks(ofRun: run.id) }
    show(tasks.sorted { $0.started < $1.started }, withRun: false, terminal)
  }

  private func show(_ runs: [RunRecord], _ terminal: Terminal) {
    if json {
      terminal.print(
        JSONWriter.text(["version": 1, "runs": .array(runs.map(Self.json))], pretty: true))
      return
    }
    if runs.isEmpty { return terminal.print("nothing has run yet") }
    var table = Table([.left, .left, .left, .left, .right, .left])
    let now = ProcessClock.now
    for run in runs {
      let (word, style) = Self.outcome(of: run)
      let counts = ["ran", "restored", "failed", "blocked", "interrupted"].compactMap { name in
        run.summary[name]?.intValue.flatMap { $0 > 0 ? "\($0) \(name)" : nil }
      }
      table.add([
        .init(run.id, .accent), .init(run.profile), .init(Format.age(now - run.started), .faint),
        .init(word, style), .init(run.ended.map { Format.duration($0 - run.started) } ?? ""),
        .init(counts.joined(separator: ", "), .faint),
      ])
    }
    table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
  }

  private func show(_ tasks: [TaskRecord], withRun: Bool, _ terminal: Terminal) {
    if json {
      terminal.print(
        JSONWriter.text(["version": 1, "tasks": .array(tasks.map(Self.json))], pretty: true))
      return
    }
    if tasks.isEmpty { return terminal.print("nothing is recorded") }
    var table = Table([.left, .left, .left, .left, .right, .right, .left])
    let now = ProcessClock.now
    for task in tasks {
      let style: Style =
        switch task.outcome {
        case "failed": .bad
        case "ran": .good
        default: .faint
        }
      table.add([
        .init(withRun ? task.run : "", .accent), .init("\(task.task)"),
        .init(Format.age(now - task.started), .faint), .init(task.outcome, style),
        .init(Format.duration(task.seconds)),
        .init(task.outputBytes > 0 ? Format.bytes(Int(task.outputBytes)) : ""),
        .init(task.reason, .faint),
      ])
    }
    table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
  }

  private static func outcome(of run: RunRecord) -> (String, Style) {
    switch run.status {
    case 0: ("done", .good)
    case 1: ("failed", .bad)
    case 130: ("interrupted", .warning)
    case nil: ("unfinished", .warning)
    case let status?: ("status \(status)", .bad)
    }
  }

  static func json(_ run: RunRecord) -> JSONValue {
    var members: [String: JSONValue] = [
      "run": .string(run.id), "profile": .string(run.profile), "started": .double(run.started),
      "summary": .object(run.summary),
    ]
    members["ended"] = run.ended.map { .double($0) }
    members["status"] = run.status.map { .int($0) }
    return .object(members)
  }

  static func json(_ task: TaskRecord) -> JSONValue {
    var members: [String: JSONValue] = [
      "run": .string(task.run), "asset": .string(task.task.asset), "step": .string(task.step),
      "outcome": .string(task.outcome), "started": .double(task.started),
      "seconds": .double(task.seconds), "input_bytes": .int(Int(task.inputBytes)),
      "output_bytes": .int(Int(task.outputBytes)), "reason": .string(task.reason),
      "measurements": .object(task.numbers), "metrics": .object(task.metrics),
    ]
    members["partition"] = task.task.partition.map { .string($0) }
    members["digest"] = task.digest.map { .string("\($0)") }
    return .object(members)
  }
}

/// Finds a run by its identifier, the beginning of one, or `last`.
enum RunSelection {
  static func find(_ name: String, _ session: Session, _ terminal: Terminal) throws -> RunRecord {
    let runs = try terminal.reporting { try session.engine.history(limit: 100_000) }
    if name == "last", let newest = runs.first { return newest }
    if let exact = runs.first(where: { $0.id == name }) { return exact }
    let beginning = runs.filter { $0.id.hasPrefix(name) }
    if beginning.count == 1, let only = beginning.first { return only }
    let assets = session.engine.graph.assets.map(\.name)
    let nearest =
      Suggestion.nearest(to: name, among: assets)
      ?? Suggestion.nearest(to: name, among: session.project.loaded.profiles)
      ?? Suggestion.nearest(to: name, among: runs.lazy.map(\.id))
    terminal.fail(
      beginning.isEmpty
        ? "there is no asset, profile or run called `\(name)`"
        : "`\(name)` is the beginning of \(beginning.count) runs",
      help: nearest.map { "did you mean `\($0)`?" } ?? "`nanobuild history` lists the runs")
    throw ExitStatus.usage.exit
  }
}
