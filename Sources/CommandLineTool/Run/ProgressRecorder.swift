import BuildEngine
import Glibc
import JSON

/// Turns the events of a run into text: a live picture on a terminal, plain lines elsewhere.
final class ProgressRecorder {
  private let terminal: Terminal
  private var running: [(task: TaskName, count: Int, started: Double, progress: StepProgress?)] = []
  private(set) var tally = RunTally()
  private(set) var seconds = 0.0
  private var drawnLines = 0
  private var lastDrawn = 0.0
  private var lastPlain: [TaskName: Double] = [:]
  private var metrics: [TaskName: [(String, String)]] = [:]
  private var taskCount = 0
  private var finishedCount = 0
  private let startedAt = ProgressRecorder.now

  init(_ terminal: Terminal) {
    self.terminal = terminal
  }

  func record(_ event: BuildEvent) {
    switch event {
    case .runStarted(_, _, let count): taskCount = count
    case .started(let tasks, _, let reasons, let attempt, _):
      guard let first = tasks.first else { return }
      running.append((first, tasks.count, Self.now, nil))
      if !terminal.isInteractive {
        let why = reasons.first.map { ": \($0)" } ?? ""
        let again = attempt > 1 ? " again (attempt \(attempt))" : ""
        line("\(Self.label(first, tasks.count)) starts\(again)\(why)")
      }
    case .progress(let tasks, let progress):
      guard let first = tasks.first, let index = running.firstIndex(where: { $0.task == first })
      else { return }
      running[index].progress = progress
      plainProgress(index)
    case .metric(let task, let name, let value):
      if let number = value.doubleValue {
        metrics[task, default: []].append((name, Format.number(number)))
      }
    case .measurement, .sample, .checkStarted: break
    case .waiting(let tasks):
      if let first = tasks.first {
        line("\(Self.label(first, tasks.count)) waits: the same result is being made already")
      }
    case .retrying(let tasks, let failure, let delay):
      if let first = tasks.first {
        running.removeAll { $0.task == first }
        line(
          "\(Self.label(first, tasks.count)) failed: \(failure.message); next try in \(Format.duration(delay))"
        )
      }
    case .finished(let task, let outcome, let seconds): finished(task, outcome, seconds)
    case .checkFinished(let asset, let check, let severity, let verdict, let isCached):
      if !isCached || !verdict.passed {
        checkFinished(asset, check, severity, verdict)
      }
    case .notice(let text): line("note: \(text)")
    case .runFinished(let summary): seconds = summary.seconds
    }
    draw(force: false)
  }

  /// Clears the live picture.
  func end() {
    erase()
    running.removeAll()
  }

  // MARK: Lines that stay

  private func finished(_ task: TaskName, _ outcome: TaskOutcome, _ seconds: Double) {
    tally.add(task.asset, outcome)
    finishedCount += 1
    running.removeAll { $0.task == task }
    let color = terminal.errorUsesColor
    switch outcome {
    case .fresh: break
    case .ran(_, let isSame):
      let numbers = (metrics[task] ?? []).prefix(4).map { "\($0.0) \($0.1)" }
      let notes = (isSame ? ["same result as before"] : []) + numbers
      let tail = notes.isEmpty ? "" : Style.faint("  " + notes.joined(separator: " · "), color)
      line("\(Style.good("✓", color)) \(task)  \(Format.duration(seconds))\(tail)")
    case .restored: line("\(Style.good("↺", color)) \(task)  restored from the cache")
    case .blocked: line("\(Style.warning("·", color)) \(task)  blocked: something it needs failed")
    case .interrupted:
      line("\(Style.warning("‖", color)) \(task)  interrupted; the next run continues")
    case .failed(let failure):
      line("\(Style.bad("✗", color)) \(task)  failed: \(failure.message)")
      if let help = failure.help { line("  help: \(help)") }
      for text in failure.logTail.suffix(12) { line("  │ \(text)") }
      if !failure.logPath.isEmpty { line("  log: \(failure.logPath)") }
    }
    metrics[task] = nil
  }

  private func checkFinished(
    _ asset: String, _ check: String, _ severity: CheckNode.Severity, _ verdict: CheckVerdict
  ) {
    let color = terminal.errorUsesColor
    let mark =
      verdict.passed
      ? Style.good("✓", color)
      : severity == .error ? Style.bad("✗", color) : Style.warning("!", color)
    let word = verdict.passed ? "" : severity == .error ? "failed: " : "warning: "
    line("  \(mark) \(asset) · \(check): \(word)\(verdict.message)")
  }

  private func line(_ text: String) {
    erase()
    terminal.note(text)
  }

  /// Without a terminal: a line every ten seconds for what is still running.
  private func plainProgress(_ index: Int) {
    guard !terminal.isInteractive else { return }
    let (task, count, started, _) = running[index]
    let now = Self.now
    guard now - max(lastPlain[task] ?? started, started) >= 10 else { return }
    lastPlain[task] = now
    line("\(Self.label(task, count)) \(progressText(running[index].progress, started: started))")
  }

  // MARK: The live picture

  private static let mostShown = 8

  private func draw(force: Bool) {
    guard terminal.isInteractive else { return }
    let now = Self.now
    guard force || now - lastDrawn >= 0.08 || drawnLines == 0 else { return }
    lastDrawn = now
    var text = drawnLines > 0 ? "\u{1b}[\(drawnLines)A\u{1b}[J" : ""
    let shown = running.prefix(Self.mostShown)
    for (task, count, started, progress) in shown {
      let bar = Self.bar(progress, color: terminal.errorUsesColor)
      let line = "\(bar) \(Self.label(task, count))  \(progressText(progress, started: started))"
      text += Self.cut(line, to: terminal.width - 1) + "\n"
    }
    drawnLines = shown.count
    if !running.isEmpty, taskCount > 1 {
      let more = running.count - shown.count
      var line = "\(Format.grouped(finishedCount)) of \(Format.grouped(taskCount)) tasks"
      if more > 0 { line += " · \(more) more running" }
      line += " · \(Format.duration(now - startedAt))"
      text += Style.faint(Self.cut(line, to: terminal.width - 1), terminal.errorUsesColor) + "\n"
      drawnLines += 1
    }
    if !text.isEmpty { terminal.drawOnError(text) }
  }

  private func erase() {
    guard drawnLines > 0 else { return }
    terminal.drawOnError("\u{1b}[\(drawnLines)A\u{1b}[J")
    drawnLines = 0
  }

  private func progressText(_ progress: StepProgress?, started: Double) -> String {
    let elapsed = Self.now - started
    guard let progress else { return Format.duration(elapsed) }
    var parts: [String] = []
    if let total = progress.total, total > 0 {
      let done = Self.amount(progress.completed, progress.unit)
      parts.append("\(done)/\(Self.amount(total, progress.unit)) \(Self.unit(progress.unit))")
    } else {
      parts.append("\(Self.amount(progress.completed, progress.unit)) \(Self.unit(progress.unit))")
    }
    if !progress.detail.isEmpty { parts.append(progress.detail) }
    if let total = progress.total, progress.completed > 0, elapsed > 2, total > progress.completed,
      !progress.detail.contains("left")
    {
      let left = elapsed / progress.completed * (total - progress.completed)
      parts.append("\(Format.duration(left)) left")
    }
    return parts.joined(separator: " · ")
  }

  private static func bar(_ progress: StepProgress?, color: Bool) -> String {
    let width = 20
    guard let progress, let total = progress.total, total > 0 else {
      return Style.faint(String(repeating: "·", count: width), color)
    }
    let share = min(1, max(0, progress.completed / total))
    let filled = Int((share * Double(width)).rounded(.down))
    return Style.accent(String(repeating: "━", count: filled), color)
      + Style.faint(String(repeating: "─", count: width - filled), color)
  }

  private static func amount(_ value: Double, _ unit: String) -> String {
    unit == "bytes" ? Format.bytes(Int(min(value, 1e18))) : Format.number(value.rounded())
  }

  private static func unit(_ unit: String) -> String { unit == "bytes" ? "" : unit }

  private static func label(_ task: TaskName, _ count: Int) -> String {
    count > 1 ? "\(task.asset) (\(count) partitions)" : "\(task)"
  }

  /// The line without what a narrow terminal would wrap; escape sequences take no room.
  static func cut(_ line: String, to width: Int) -> String {
    var out = ""
    var room = width
    var inEscape = false
    for character in line {
      if character == "\u{1b}" { inEscape = true }
      if inEscape {
        out.append(character)
        if character.isLetter { inEscape = false }
        continue
      }
      guard room > 0 else { continue }
      out.append(character)
      room -= 1
    }
    return out
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
