import BuildEngine
import Diagnostics
import JSON
import PipelineFile

/// Everything known of one asset, for `show`.
struct AssetText {
  var asset: Pipeline.Asset
  var details: AssetDetails
  /// The newest run of its step.
  var lastRun: TaskRecord?

  private static let mostListed = 20

  // MARK: Text

  func lines(color: Bool) -> [String] {
    var lines = ["\(Style.strong(asset.name, color))  \(asset.description ?? "")"]
    while lines[0].last == " " { lines[0].removeLast() }
    var head = Table([.left, .left])
    head.add([.init("step"), .init("\(asset.step.name) (revision \(asset.step.revision))")])
    if let group = asset.group { head.add([.init("group"), .init(group)]) }
    if let status = details.status {
      let (word, style) = StatusCommand.text(status.state)
      head.add([.init("state"), .init(word, style)])
      if let reason = status.reason { head.add([.init("why"), .init(reason)]) }
      if let since = status.since {
        let age = Format.age(ProcessClock.now - since)
        let took = lastRun.map { ", the last run took \(Format.duration($0.seconds))" } ?? ""
        head.add([.init("made"), .init(age + took)])
      }
      if status.byteCount > 0 {
        head.add([.init("size"), .init(Format.bytes(Int(status.byteCount)))])
      }
    }
    if details.tasks.count == 1, let task = details.tasks.first, asset.partitions == nil {
      if let digest = task.digest { head.add([.init("digest"), .init("\(digest)")]) }
      if let key = task.plan.key { head.add([.init("key"), .init("\(key)")]) }
      if let path = task.path { head.add([.init("path"), .init(path)]) }
    }
    lines += head.lines(color: color)
    lines += section("Inputs", inputTable, color)
    lines += section("Parameters", parameterTable, color)
    if asset.partitions != nil { lines += partitions(color) }
    lines += section("Metrics", metricTable, color)
    lines += section("Checks", checkTable, color)
    if details.tasks.count == 1, asset.partitions == nil {
      lines += section("Files", fileTable, color)
    }
    return lines
  }

  private func section(_ title: String, _ table: Table, _ color: Bool) -> [String] {
    table.isEmpty ? [] : ["", Style.strong(title, color)] + table.lines(color: color)
  }

  private var inputTable: Table {
    var table = Table([.left, .left])
    for input in asset.inputs {
      table.add([
        .init("  " + input.name, .accent), .init(Self.sources(input).joined(separator: ", ")),
      ])
    }
    return table
  }

  private var parameterTable: Table {
    var table = Table([.left, .left, .left])
    for (name, value) in asset.parameters.sorted(by: { $0.key < $1.key }) {
      table.add([
        .init("  " + name, .accent), .init(parameterText(name, value)),
        .init(origin(of: name), .faint),
      ])
    }
    return table
  }

  private func parameterText(_ name: String, _ value: JSONValue) -> String {
    isSecret(name) ? "(secret)" : MetricText.parameter(value)
  }

  private func isSecret(_ name: String) -> Bool {
    asset.step.parameters.contains { $0.name == name && $0.isSecret }
  }

  private func origin(of name: String) -> String {
    switch asset.origin(of: name) {
    case .stepDefault: "default"
    case .file(let location): "\(location)"
    case .commandLine(let text): "--set \(text)"
    }
  }

  private func partitions(_ color: Bool) -> [String] {
    var table = Table([.left, .left, .right, .left])
    for task in details.tasks.prefix(Self.mostListed) {
      let action = task.plan.action
      table.add([
        .init("  " + (task.plan.partition ?? ""), .accent),
        .init(PlanText.word(action), PlanText.style(action)),
        .init(task.plan.byteCount > 0 ? Format.bytes(Int(task.plan.byteCount)) : ""),
        .init(task.digest.map { "\($0)" } ?? "", .faint),
      ])
    }
    let more = details.tasks.count - Self.mostListed
    let key = asset.partitions?.key ?? ""
    return section("Partitions by \(key)", table, color)
      + (more > 0 ? ["  and \(Format.grouped(more)) more"] : [])
  }

  private var metricTable: Table {
    var table = Table([.left, .right])
    guard asset.partitions == nil else { return table }
    for (name, value) in (details.tasks.first?.metrics ?? [:]).sorted(by: { $0.key < $1.key }) {
      table.add([.init("  " + name), .init(MetricText.text(value), .accent)])
    }
    return table
  }

  private var checkTable: Table {
    var table = Table([.left, .left, .left])
    for check in details.checks {
      var message = ""
      if case .known(let verdict) = check.state { message = verdict.message }
      let style: Style =
        switch check.state {
        case .known(let verdict):
          verdict.passed ? .good : check.check.severity == .error ? .bad : .warning
        case .toRun, .pending: .faint
        }
      table.add([
        .init("  " + check.check.title), .init(PlanText.word(check.state), style),
        .init(message, .faint),
      ])
    }
    return table
  }

  private var fileTable: Table {
    var table = Table([.left, .right, .left])
    let files = details.tasks.first?.files ?? []
    for file in files.prefix(Self.mostListed) {
      table.add([
        .init("  " + file.path), .init(Format.bytes(Int(file.size))),
        .init("\(file.digest)", .faint),
      ])
    }
    if files.count > Self.mostListed {
      table.add([.init("  and \(Format.grouped(files.count - Self.mostListed)) more")])
    }
    return table
  }

  private static func sources(_ input: Pipeline.Input) -> [String] {
    input.references.map { reference in
      switch reference.target {
      case .asset(let name): name
      case .path(let path): path
      }
    }
  }

  // MARK: JSON

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "version": 1, "name": .string(asset.name), "step": .string(asset.step.name),
      "revision": .int(asset.step.revision),
      "parameters": .object(
        Dictionary(
          asset.parameters.map { name, value -> (String, JSONValue) in
            let shown: JSONValue = isSecret(name) ? .null : value
            return (name, ["value": shown, "origin": .string(origin(of: name))])
          }
        ) { first, _ in first }),
      "inputs": .object(
        Dictionary(
          asset.inputs.map { input -> (String, JSONValue) in
            (input.name, .array(Self.sources(input).map { .string($0) }))
          }
        ) { first, _ in first }),
      "tasks": .array(details.tasks.map(Self.json)),
      "checks": .array(details.checks.map(Self.json)),
    ]
    members["description"] = asset.description.map { .string($0) }
    members["group"] = asset.group.map { .string($0) }
    members["partition_key"] = asset.partitions.map { .string($0.key) }
    if let status = details.status {
      members["state"] = .string(status.state.rawValue)
      members["reason"] = status.reason.map { .string($0) }
      members["since"] = status.since.map { .double($0) }
      members["bytes"] = .int(Int(status.byteCount))
    }
    members["last_run"] = lastRun.map(HistoryCommand.json)
    return .object(members)
  }

  private static func json(_ task: AssetDetails.Task) -> JSONValue {
    var members = PlanText.json(task.plan).objectValue ?? [:]
    members["asset"] = nil
    members["step"] = nil
    members["digest"] = task.digest.map { .string("\($0)") }
    members["path"] = task.path.map { .string($0) }
    members["metrics"] = .object(task.metrics)
    members["files"] = .array(
      task.files.map { file in
        [
          "path": .string(file.path), "bytes": .int(Int(file.size)),
          "digest": .string("\(file.digest)"),
        ]
      })
    return .object(members)
  }

  private static func json(_ check: Plan.Check) -> JSONValue {
    var members: [String: JSONValue] = [
      "check": .string(check.check.title), "severity": .string(check.check.severity.rawValue),
      "state": .string(PlanText.word(check.state)),
      "parameters": .object(check.check.parameters),
    ]
    if case .known(let verdict) = check.state {
      members["message"] = .string(verdict.message)
      members["numbers"] = .object(verdict.numbers)
    }
    return .object(members)
  }
}
