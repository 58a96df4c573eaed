import ArgumentParser
import BuildEngine
import JSON
import PipelineFile
import Steps

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Bring the targets (default: all assets) up to date; runs only what is stale.",
    discussion: "Example: nanobuild run pretrain --profile full --set pretrain.steps=100")

  @Argument(help: "Assets to make, with everything they need.", completion: Candidates.assets)
  var targets: [String] = []

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Option(name: [.customShort("j"), .long], help: "Cores to use (default: all).")
  var jobs: Int?

  @Flag(
    name: [.customShort("n"), .customLong("dry-run")], help: "Show what would run; run nothing.")
  var dryRun = false

  @Flag(name: .customLong("keep-going"), help: "Go on with what does not need a failed step.")
  var keepGoing = false

  @Option(
    help: ArgumentHelp("Run this asset whatever its state; repeatable.", valueName: "target"),
    completion: Candidates.assets)
  var force: [String] = []

  @Flag(help: "Make the targets only, from the current results of what they need.")
  var only = false

  @Option(help: "Where steps run: `local`, on this machine.")
  var executor = "local"

  @Flag(help: "Print events as JSON lines.")
  var json = false

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("-j must be at least 1") }
    if executor != "local" {
      throw ValidationError(
        executor == "slurm"
          ? "this build has no executor `slurm`; it runs steps on this machine only (`local`)"
          : "there is no executor `\(executor)`; the one there is is `local`")
    }
    if only, targets.isEmpty { throw ValidationError("--only needs targets") }
  }

  func run() throws {
    let terminal = Terminal.make(output, outlivesReader: true)
    defer { terminal.flush() }
    let file = try ProjectFile.find(pipeline, terminal)
    let invocation = Session.invocation(file, pipeline, targets: targets)
    let isPlain = force.isEmpty && !only && !dryRun
    let session = try Session.open(file, pipeline, terminal)
    if dryRun { return try showPlan(session, terminal) }
    var options = RunOptions(targets: session.targets(targets))
    options.jobs = jobs
    options.keepGoing = keepGoing
    options.force = force
    options.only = only
    // Seconds are counted on a terminal also while a step says nothing.
    options.tick = terminal.isInteractive ? 0.5 : nil
    options.interruption = Interruption(installingSignalHandlers: ())
    let recorder = ProgressRecorder(terminal)
    let printsJSON = json
    let summary = try session.reporting(terminal, options.targets) {
      defer { recorder.end() }
      return try session.engine.run(options, launcher: Session.launcher) { event in
        if printsJSON, !event.isTick {
          terminal.print(JSONWriter.text(event.json))
          terminal.flush()
        }
        recorder.record(event)
      }
    }
    if !json {
      recorder.tally.complete(try statuses(after: summary, options, session.engine))
      let seconds = summary.id == nil ? ProcessClock.secondsSinceStart : summary.seconds
      terminal.print(
        recorder.tally.summary(seconds: seconds, failedChecks: summary.failedChecks))
    }
    terminal.flush()
    switch summary.status {
    // A standing warning is told at every run, so it must not be hidden behind a snapshot. After work
    // the stamps are too young to prove anything: the next start, with nothing to do, saves one.
    case .done:
      if isPlain, summary.id == nil, summary.warnings == 0 { session.saveSnapshot(invocation) }
    case .failed: throw ExitStatus.failed.exit
    case .interrupted: throw ExitStatus.interrupted.exit
    }
  }

  /// How the assets stand now; a run that ended well has left all of them fresh.
  private func statuses(
    after summary: RunSummary, _ options: RunOptions, _ engine: Engine
  ) throws -> [AssetStatus] {
    guard summary.status == .done, !only else {
      return (try? engine.plan(targets: options.targets, only: only).statuses) ?? []
    }
    return try engine.graph.closure(of: options.targets).map {
      AssetStatus(name: engine.graph.assets[$0].name, state: .fresh)
    }
  }

  private func showPlan(_ session: Session, _ terminal: Terminal) throws {
    let plan = try session.reporting(terminal, session.targets(targets)) {
      try session.engine.plan(targets: session.targets(targets), force: force, only: only)
    }
    if json {
      terminal.print(JSONWriter.text(PlanText.json(plan), pretty: true))
    } else {
      PlanText.lines(plan, color: terminal.usesColor).forEach { terminal.print($0) }
    }
  }
}
