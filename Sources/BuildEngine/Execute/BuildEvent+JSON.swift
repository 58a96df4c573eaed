package import JSON

extension BuildEvent {
  /// The event as `run --json` prints it and `events.jsonl` keeps it.
  package var json: JSONValue {
    switch self {
    case .runStarted(let id, let profile, let count):
      return [
        "event": "run_started", "run": .string(id), "profile": .string(profile),
        "tasks": .int(count),
      ]
    case .started(let tasks, let step, let reasons, let attempt, let logPath):
      return [
        "event": "started", "tasks": Self.names(tasks), "step": .string(step),
        "reasons": .array(reasons.map { .string($0.description) }), "attempt": .int(attempt),
        "log": .string(logPath),
      ]
    case .progress(let tasks, let progress):
      return [
        "event": "progress", "tasks": Self.names(Array(tasks.prefix(Self.mostNamed))),
        "task_count": .int(tasks.count), "completed": .double(progress.completed),
        "total": progress.total.map { .double($0) } ?? .null, "unit": .string(progress.unit),
        "detail": .string(progress.detail),
      ]
    case .metric(let task, let name, let value):
      return [
        "event": "metric", "task": .string(task.description), "name": .string(name), "value": value,
      ]
    case .measurement(let task, let name, let value):
      return [
        "event": "measurement", "task": .string(task.description), "name": .string(name),
        "value": value,
      ]
    case .sample(let task, let step, let values):
      return [
        "event": "sample", "task": .string(task.description), "step": .int(step),
        "values": .object(values.mapValues { .double($0) }),
      ]
    case .waiting(let tasks): return ["event": "waiting", "tasks": Self.names(tasks)]
    case .retrying(let tasks, let failure, let delay):
      return [
        "event": "retrying", "tasks": Self.names(tasks), "message": .string(failure.message),
        "delay": .double(delay),
      ]
    case .finished(let task, let outcome, let seconds):
      return Self.finished(task, outcome, seconds)
    case .checkStarted(let asset, let check):
      return ["event": "check_started", "asset": .string(asset), "check": .string(check)]
    case .checkFinished(let asset, let check, let severity, let verdict, let isCached):
      return [
        "event": "check_finished", "asset": .string(asset), "check": .string(check),
        "severity": .string(severity.rawValue), "passed": .bool(verdict.passed),
        "message": .string(verdict.message), "numbers": .object(verdict.numbers),
        "cached": .bool(isCached),
      ]
    case .tick: return ["event": "tick"]
    case .notice(let text): return ["event": "notice", "message": .string(text)]
    case .runFinished(let summary):
      var object = summary.json.objectValue ?? [:]
      object["event"] = "run_finished"
      return .object(object)
    }
  }

  /// Appends the line of `events.jsonl`. That of a partition of thousands is written by hand, without
  /// a dictionary.
  func writeLine(at time: Double, into lines: inout String) {
    if case .finished(let task, .ran(let digest, let isSame), let seconds) = self,
      let partition = task.partition, seconds.isFinite
    {
      lines += "{\"asset\":"
      JSONWriter.writeString(task.asset, into: &lines)
      lines += ",\"digest\":\"\(digest)\",\"event\":\"finished\",\"outcome\":\"ran\",\"partition\":"
      JSONWriter.writeString(partition, into: &lines)
      lines += ",\"seconds\":\(seconds),\"time\":\(time),\"unchanged\":\(isSame)}\n"
      return
    }
    var object = json.objectValue ?? [:]
    object["time"] = .double(time)
    lines += JSONWriter.text(.object(object))
    lines += "\n"
  }

  /// Tasks that a report of progress names: it comes ten times a second.
  private static let mostNamed = 8

  private static func names(_ tasks: [TaskName]) -> JSONValue {
    .array(tasks.map { .string($0.description) })
  }

  private static func finished(
    _ task: TaskName, _ outcome: TaskOutcome, _ seconds: Double
  ) -> JSONValue {
    var object: [String: JSONValue] = [
      "event": "finished", "asset": .string(task.asset), "outcome": .string(outcome.name),
      "seconds": .double(seconds),
    ]
    if let partition = task.partition { object["partition"] = .string(partition) }
    if let digest = outcome.digest { object["digest"] = .string(digest.description) }
    if case .ran(_, let isSame) = outcome { object["unchanged"] = .bool(isSame) }
    if case .blocked(let asset) = outcome { object["by"] = .string(asset) }
    if case .failed(let failure) = outcome {
      object["message"] = .string(failure.message)
      if let help = failure.help { object["help"] = .string(help) }
      object["log"] = .string(failure.logPath)
      object["log_tail"] = .array(failure.logTail.map { .string($0) })
    }
    return .object(object)
  }
}

extension RunSummary {
  package var json: JSONValue {
    [
      "run": id.map { .string($0) } ?? .null, "status": .int(Int(status.rawValue)),
      "ran": .int(ran), "restored": .int(restored), "fresh": .int(fresh), "failed": .int(failed),
      "blocked": .int(blocked), "interrupted": .int(interrupted), "not_started": .int(notStarted),
      "failed_checks": .int(failedChecks), "warnings": .int(warnings), "seconds": .double(seconds),
    ]
  }
}
