import ArgumentParser
import BuildEngine
import Diagnostics
import JSON
import PipelineFile
import Steps

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show each asset's state and, if it is stale, the first reason.",
    discussion: "Example: nanobuild status --profile full")

  @Argument(
    help: "Assets to show, with everything they need (default: all).", completion: Candidates.assets
  )
  var targets: [String] = []

  @OptionGroup var pipeline: PipelineOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Exit with status 1 if anything is not fresh.")
  var check = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let terminal = Terminal.make(output)
    defer { terminal.flush() }
    let file = try ProjectFile.find(pipeline, terminal)
    let invocation = Session.invocation(file, pipeline, targets: targets)
    let session = try Session.open(file, pipeline, terminal)
    let statuses = try session.reporting(terminal, session.targets(targets)) {
      try session.engine.status(targets: session.targets(targets))
    }
    if statuses.allSatisfy({ $0.state == .fresh && $0.warnings.isEmpty }) {
      session.saveSnapshot(invocation)
    }
    Self.show(statuses, profile: session.pipeline.profile, json: json, terminal)
    let stale = statuses.count { $0.state != .fresh }
    if check, stale > 0 { throw ExitStatus.failed.exit }
  }

  static func show(
    _ statuses: [AssetStatus], profile: String, json: Bool, _ terminal: Terminal
  ) {
    if json {
      return terminal.print(JSONWriter.text(Self.json(statuses, profile: profile), pretty: true))
    }
    lines(statuses, color: terminal.usesColor).forEach { terminal.print($0) }
    let fresh = statuses.count { $0.state == .fresh }
    let noun = statuses.count == 1 ? "asset" : "assets"
    terminal.print("\(statuses.count) \(noun), \(fresh) fresh (profile \(profile))")
  }

  static func lines(_ statuses: [AssetStatus], color: Bool) -> [String] {
    var table = Table([.left, .left, .left, .right, .left])
    let now = ProcessClock.now
    for status in statuses {
      let (word, style) = text(status.state)
      var size = status.byteCount > 0 ? Format.bytes(Int(status.byteCount)) : ""
      if let count = status.partitionCount, count > 0 {
        let failed = status.failedPartitions
        size =
          "\(Format.grouped(status.freshPartitions))/\(Format.grouped(count))"
          + (failed > 0 ? ", \(Format.grouped(failed)) failed" : "") + "  " + size
      }
      let note =
        status.reason ?? status.warnings.first.map { "warning: \($0)" } ?? headline(status.metrics)
      table.add([
        .init(word, style), .init(status.name),
        .init(status.since.map { Format.age(now - $0) } ?? "", .faint), .init(size, .faint),
        .init(note, status.reason == nil && status.warnings.isEmpty ? .faint : .warning),
      ])
    }
    return table.lines(color: color)
  }

  static func text(_ state: AssetStatus.State) -> (String, Style) {
    switch state {
    case .fresh: ("fresh", .good)
    case .restorable: ("restorable", .accent)
    case .stale: ("stale", .warning)
    case .pending: ("pending", .warning)
    case .checkFailed: ("check failed", .bad)
    case .unchecked: ("unchecked", .warning)
    case .blocked: ("blocked", .bad)
    }
  }

  /// The number people look for first.
  static func headline(_ metrics: [String: JSONValue]) -> String {
    let wanted = [
      "bpb", "validation_bpb", "validation_chat_bpb", "choices_accuracy", "problems_accuracy",
      "loss", "conversations", "tokens", "vocab_size",
    ]
    let shown = wanted.compactMap { name in
      metrics[name]?.doubleValue.map { "\(name) \(Format.number($0))" }
    }
    return shown.prefix(2).joined(separator: " · ")
  }

  static func json(_ statuses: [AssetStatus], profile: String) -> JSONValue {
    [
      "version": 1, "profile": .string(profile),
      "assets": .array(
        statuses.map { status in
          var members: [String: JSONValue] = [
            "name": .string(status.name), "state": .string(status.state.rawValue),
            "bytes": .int(Int(status.byteCount)), "metrics": .object(status.metrics),
            "warnings": .array(status.warnings.map { .string($0) }),
          ]
          members["since"] = status.since.map { .double($0) }
          members["reason"] = status.reason.map { .string($0) }
          if let count = status.partitionCount {
            members["partitions"] = .int(count)
            members["fresh_partitions"] = .int(status.freshPartitions)
            members["failed_partitions"] = .int(status.failedPartitions)
          }
          return .object(members)
        }),
    ]
  }
}
