import ArgumentParser
import BuildEngine
import JSON
import PipelineFile

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Judge the current results with their checks; makes nothing anew.",
    discussion: """
      Verdicts on content that was judged before are repeated from the cache. The status is 1 when a
      check fails that blocks.

      Example: nanobuild check tokenizer --again
      """)

  @Argument(help: "Assets whose checks to run (default: all).", completion: Candidates.assets)
  var targets: [String] = []

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Judge again what was judged before.")
  var again = false

  @Flag(help: "Print JSON.")
  var json = false

  private struct Line {
    var asset: String
    var check: String
    var severity: CheckNode.Severity
    /// Nil when there is no result to judge.
    var verdict: CheckVerdict?
    var isCached: Bool
  }

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let session = try Session.open(pipeline, terminal)
    let (lines, status) = try terminal.reporting { try judge(session) }
    if json {
      let list = lines.map(Self.json)
      terminal.print(JSONWriter.text(["version": 1, "checks": .array(list)], pretty: true))
    } else {
      show(lines, terminal)
    }
    if status == .interrupted { throw ExitStatus.interrupted.exit }
    if status == .failed
      || lines.contains(where: { $0.severity == .error && $0.verdict?.passed == false })
    {
      throw ExitStatus.failed.exit
    }
  }

  /// Lets the checks of what is there judge, and gives a line for each, also of what isn't there.
  private func judge(_ session: Session) throws -> (lines: [Line], status: RunSummary.Status) {
    let wanted = session.targets(targets)
    let before = try session.engine.judgements(targets: wanted)
    var options = RunOptions()
    options.recheck = again
    options.interruption = Interruption(installingSignalHandlers: ())
    for check in before where check.state != .pending && options.targets.last != check.asset {
      options.targets.append(check.asset)
    }
    // A check that breaks gives no verdict to keep.
    var broken: [String: CheckVerdict] = [:]
    var status = RunSummary.Status.done
    if !options.targets.isEmpty {
      status = try session.engine.runChecks(
        targets: options.targets, options: options, launcher: Session.launcher
      ) { event in
        guard case .checkFinished(let asset, let check, _, let verdict, false) = event else {
          return
        }
        broken["\(asset) \(check)"] = verdict
      }.status
    }
    let after = try session.engine.judgements(targets: wanted)
    let lines = zip(before, after).map { earlier, check in
      var line = Line(
        asset: check.asset, check: check.check.title, severity: check.check.severity, verdict: nil,
        isCached: false)
      if case .known(let verdict) = check.state {
        line.verdict = verdict
        line.isCached = earlier.state == check.state && !again
      } else {
        line.verdict = broken["\(check.asset) \(line.check)"]
      }
      return line
    }
    return (lines, status)
  }

  private func show(_ lines: [Line], _ terminal: Terminal) {
    if lines.isEmpty { return terminal.print("there are no checks") }
    var table = Table([.left, .left, .left, .left])
    var counts = (passed: 0, warnings: 0, failed: 0, absent: 0)
    for line in lines {
      let word: (String, Style)
      switch (line.verdict?.passed, line.severity) {
      case (true?, _):
        word = ("passed", .good)
        counts.passed += 1
      case (false?, .warn):
        word = ("warning", .warning)
        counts.warnings += 1
      case (false?, .error):
        word = ("failed", .bad)
        counts.failed += 1
      case (nil, _):
        word = ("no result", .faint)
        counts.absent += 1
      }
      table.add([
        .init(word.0, word.1), .init(line.asset), .init(line.check),
        .init(line.verdict?.message ?? "", .faint),
      ])
    }
    table.lines(color: terminal.usesColor).forEach { terminal.print($0) }
    let absent = counts.absent > 0 ? ", \(counts.absent) without a result" : ""
    let noun = lines.count == 1 ? "check" : "checks"
    terminal.print(
      "\(lines.count) \(noun): \(counts.passed) passed, \(counts.warnings) warnings, "
        + "\(counts.failed) failed\(absent)")
  }

  private static func json(_ line: Line) -> JSONValue {
    var members: [String: JSONValue] = [
      "asset": .string(line.asset), "check": .string(line.check),
      "severity": .string(line.severity.rawValue),
    ]
    if let verdict = line.verdict {
      members["passed"] = .bool(verdict.passed)
      members["message"] = .string(verdict.message)
      members["numbers"] = .object(verdict.numbers)
      members["cached"] = .bool(line.isCached)
    } else {
      members["passed"] = .null
    }
    return .object(members)
  }
}
