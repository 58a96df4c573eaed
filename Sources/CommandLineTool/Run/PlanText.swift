package import BuildEngine
package import JSON

/// A plan in words and as JSON, for `run -n`, `plan` and `explain`.
package enum PlanText {
  package static func word(_ action: Plan.Action) -> String {
    switch action {
    case .fresh: "fresh"
    case .restore: "restore"
    case .run: "run"
    case .pending: "pending"
    case .blocked: "blocked"
    }
  }

  package static func reasons(_ action: Plan.Action) -> [String] {
    switch action {
    case .fresh: []
    case .restore: ["the right result is in the cache"]
    case .run(let reasons): reasons.map(\.description)
    case .pending(let assets, let reasons):
      reasons.map(\.description)
        + ["it depends on \(assets.map { "`\($0)`" }.joined(separator: ", "))"]
    case .blocked(let asset): ["a blocking check of `\(asset)` failed"]
    }
  }

  package static func style(_ action: Plan.Action) -> Style {
    switch action {
    case .fresh: .good
    case .restore: .accent
    case .run, .pending: .warning
    case .blocked: .bad
    }
  }

  /// One line a task that is not fresh, its first reason beside it; then a count.
  package static func lines(_ plan: Plan, color: Bool) -> [String] {
    var table = Table([.left, .left, .left])
    for group in TaskGroup.groups(plan.tasks) {
      if case .fresh = group.first.action { continue }
      table.add([
        .init(word(group.first.action), style(group.first.action)), .init(group.name),
        .init(reasons(group.first.action).first ?? "", .faint),
      ])
    }
    for check in plan.checks {
      if case .toRun = check.state {
        table.add([.init("check", .warning), .init(check.asset), .init(check.check.title, .faint)])
      }
    }
    let fresh = plan.tasks.count { if case .fresh = $0.action { true } else { false } }
    let stale = plan.tasks.count - fresh
    return table.lines(color: color)
      + ["\(plan.tasks.count) tasks: \(stale) to do, \(fresh) fresh"]
  }

  package static func json(_ plan: Plan) -> JSONValue {
    [
      "version": 1,
      "tasks": .array(plan.tasks.map(json)),
      "checks": .array(
        plan.checks.map { check in
          [
            "asset": .string(check.asset), "check": .string(check.check.title),
            "state": .string(word(check.state)),
          ]
        }),
    ]
  }

  package static func json(_ task: Plan.Task) -> JSONValue {
    var members: [String: JSONValue] = [
      "asset": .string(task.asset), "step": .string(task.step),
      "action": .string(word(task.action)),
      "reasons": .array(reasons(task.action).map { .string($0) }),
    ]
    members["partition"] = task.partition.map { .string($0) }
    members["key"] = task.key.map { .string("\($0)") }
    members["since"] = task.since.map { .double($0) }
    members["last_failure"] = task.lastFailure.map { .string($0) }
    return .object(members)
  }

  package static func word(_ state: Plan.Check.State) -> String {
    switch state {
    case .known(let verdict): verdict.passed ? "passed" : "failed"
    case .toRun: "to run"
    case .pending: "pending"
    }
  }
}
