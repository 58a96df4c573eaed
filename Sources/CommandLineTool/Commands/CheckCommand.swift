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

  @Argument(help: "Assets whose checks to run (default: all).")
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
    let graph = session.engine.graph
    let given = session.targets(targets)
    let wanted = try terminal.reporting {
      try given.isEmpty ? graph.order : graph.indices(of: given)
    }.map { graph.assets[$0] }.filter { !$0.checks.isEmpty }
    let made = wanted.filter { (try? session.engine.path(of: $0.name)) != nil }
    var options = RunOptions(targets: made.map(\.name))
    options.recheck = again
    options.interruption = Interruption(installingSignalHandlers: ())
    var judged: [String: [String: (verdict: CheckVerdict, isCached: Bool)]] = [:]
    var status = RunSummary.Status.done
    if !made.isEmpty {
      status = try terminal.reporting {
        try session.engine.runChecks(
          targets: options.targets, options: options, launcher: Session.launcher
        ) { event in
          if case .checkFinished(let asset, let check, _, let verdict, let isCached) = event {
            // Of two checks with one name the one that failed is told.
            guard judged[asset]?[check]?.verdict.passed != false else { return }
            judged[asset, default: [:]][check] = (verdict, isCached)
          }
        }
      }.status
    }
    var lines: [Line] = []
    for asset in wanted {
      let isMade = options.targets.contains(asset.name)
      for check in asset.checks {
        var line = Line(
          asset: asset.name, check: check.name, severity: check.severity, verdict: nil,
          isCached: false)
        if let known = judged[asset.name]?[check.name] {
          line.verdict = known.verdict
          line.isCached = known.isCached
        } else if isMade {
          // What passed before is not told again; its words are in the history.
          let past = try terminal.reporting {
            try session.engine.checkHistory(of: asset.name).first {
              $0.check == check.name && $0.verdict.passed
            }
          }
          if let past {
            line.verdict = past.verdict
            line.isCached = true
          }
        }
        lines.append(line)
      }
    }
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
