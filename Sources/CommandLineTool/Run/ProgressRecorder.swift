import BuildEngine
import Diagnostics
import JSON

/// Turns the events of a run into text: a live picture on a terminal, plain lines elsewhere.
final class ProgressRecorder {
  private let terminal: Terminal
  private var running: [RunningGroup] = []
  /// The first task of the group that a running task is in.
  private var groupOf: [TaskName: TaskName] = [:]
  var tally = RunTally()
  private(set) var seconds = 0.0
  private var drawnLines = 0
  private var lastDrawn = 0.0
  private var lastPlain: [TaskName: Double] = [:]
  private var metrics: [TaskName: [(String, String)]] = [:]
  private var finishedCount = 0
  private var blocked: [(task: TaskName, by: String)] = []
  private let startedAt = Clock.seconds()
  /// Tasks of one asset, one after another, that were restored and not yet told.
  private var restored: (first: TaskName, count: Int)?

  init(_ terminal: Terminal) {
    self.terminal = terminal
  }

  func record(_ event: BuildEvent) {
    switch event {
    case .runStarted: break
    case .started(let tasks, _, let reasons, let attempt, _):
      guard let first = tasks.first else { return }
      running.append(RunningGroup(first: first, count: tasks.count, started: Clock.seconds()))
      for task in tasks { groupOf[task] = first }
      if !terminal.isInteractive {
        let why = reasons.first.map { ": \($0)" } ?? ""
        let again = attempt > 1 ? " again (attempt \(attempt))" : ""
        line("\(Self.label(first, tasks.count)) starts\(again)\(why)")
      }
    case .progress(let tasks, let progress):
      guard let first = tasks.first, let index = running.firstIndex(where: { $0.first == first })
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
        running.removeAll { $0.first == first }
        let message = PrintableText.clean(failure.message)
        let label = Self.label(first, tasks.count)
        line("\(label) failed: \(message); next try in \(Format.duration(delay))")
      }
    case .finished(let task, let outcome, let seconds): finished(task, outcome, seconds)
    case .checkFinished(let asset, let check, let severity, let verdict, let isCached):
      if !isCached || !verdict.passed {
        checkFinished(asset, check, severity, verdict)
      }
    case .notice(let text): line("note: \(PrintableText.clean(text))")
    case .tick: break
    case .runFinished(let summary):
      seconds = summary.seconds
      sayBlocked()
    }
    // A step that says nothing more must still be seen to have begun.
    if case .started = event { draw(force: true) } else { draw(force: false) }
  }

  /// Clears the live picture.
  func end() {
    erase()
    flushRestored()
    running.removeAll()
  }

  // MARK: Lines that stay

  private func finished(_ task: TaskName, _ outcome: TaskOutcome, _ seconds: Double) {
    tally.add(task.asset, outcome)
    finishedCount += 1
    guard let first = groupOf.removeValue(forKey: task),
      let place = running.firstIndex(where: { $0.first == first })
    else { return ended(task, outcome, seconds, isFirstFailure: true) }
    running[place].add(outcome)
    let group = running[place]
    if group.isLarge {
      // A line for each of a thousand partitions would bury those that failed.
      if case .failed(let failure) = outcome, group.failed <= RunningGroup.mostFailuresShown {
        failed(task, failure, isFirst: group.failed == 1)
      }
      if group.isOver { line(group.summary(Clock.seconds(), color: terminal.errorUsesColor)) }
    } else {
      ended(task, outcome, seconds, isFirstFailure: group.failed <= 1)
    }
    if group.isOver { running.remove(at: place) }
    metrics[task] = nil
  }

  private func ended(
    _ task: TaskName, _ outcome: TaskOutcome, _ seconds: Double, isFirstFailure: Bool
  ) {
    let color = terminal.errorUsesColor
    switch outcome {
    case .fresh: break
    case .ran(_, let isSame):
      let numbers = (metrics[task] ?? []).prefix(4).map { "\($0.0) \($0.1)" }
      let notes = (isSame ? ["same result as before"] : []) + numbers
      let tail = notes.isEmpty ? "" : Style.faint("  " + notes.joined(separator: " · "), color)
      line("\(Style.good("✓", color)) \(task)  \(Format.duration(seconds))\(tail)")
    case .restored:
      if let last = restored, last.first.asset == task.asset {
        restored = (last.first, last.count + 1)
      } else {
        flushRestored()
        restored = (task, 1)
      }
    case .blocked(let asset): blocked.append((task, by: asset))
    case .notStarted: break
    case .interrupted:
      line("\(Style.warning("‖", color)) \(task)  interrupted; the next run continues")
    case .failed(let failure): failed(task, failure, isFirst: isFirstFailure)
    }
    metrics[task] = nil
  }

  /// The log of tasks made together is one; so is what to do about them.
  private func failed(_ task: TaskName, _ failure: TaskFailure, isFirst: Bool) {
    let message = PrintableText.clean(failure.message)
    line("\(Style.bad("✗", terminal.errorUsesColor)) \(task)  failed: \(message)")
    guard isFirst else { return }
    if let help = failure.help { line("  help: \(PrintableText.clean(help))") }
    for text in failure.logTail.suffix(12) where !text.hasSuffix(failure.message) {
      line("  │ \(PrintableText.clean(text.replacing("\t", with: "  ")))")
    }
    if !failure.logPath.isEmpty { line("  log: \(failure.logPath)") }
  }

  /// Says of neighbouring partitions in one line that they were restored.
  private func flushRestored() {
    guard let (first, count) = restored else { return }
    restored = nil
    let what = count == 1 ? "\(first)" : "\(first.asset)"
    let many = count == 1 ? "" : "\(Format.grouped(count)) partitions "
    line("\(Style.good("↺", terminal.errorUsesColor)) \(what)  \(many)restored from the cache")
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
    line("  \(mark) \(asset) · \(check): \(word)\(PrintableText.clean(verdict.message))")
  }

  /// One line for each asset that held others up, however many those are.
  private func sayBlocked() {
    var causes: [String] = []
    var held: [String: [String]] = [:]
    for (task, cause) in blocked {
      if held[cause] == nil { causes.append(cause) }
      if held[cause]?.last != task.asset { held[cause, default: []].append(task.asset) }
    }
    for cause in causes {
      let all = held[cause] ?? []
      let more = all.count > 6 ? " and \(all.count - 6) more" : ""
      let names = all.prefix(6).joined(separator: ", ") + more
      line("\(Style.warning("·", terminal.errorUsesColor)) \(names)  blocked by `\(cause)`")
    }
    blocked = []
  }

  private func line(_ text: String) {
    flushRestored()
    erase()
    terminal.note(text)
  }

  /// Without a terminal: a line every ten seconds for what is still running.
  private func plainProgress(_ index: Int) {
    guard !terminal.isInteractive else { return }
    let (task, count, started) = (
      running[index].first, running[index].count, running[index].started
    )
    let now = Clock.seconds()
    guard now - max(lastPlain[task] ?? started, started) >= 10 else { return }
    lastPlain[task] = now
    line("\(Self.label(task, count)) \(progressText(running[index].progress, started: started))")
  }

  // MARK: The live picture

  private static let mostShown = 8

  /// Lines are written over, not cleared first: nothing flickers, and no terminal takes the picture
  /// for a screen worth keeping in its history.
  private func draw(force: Bool) {
    guard terminal.isInteractive else { return }
    let now = Clock.seconds()
    guard force || now - lastDrawn >= 0.08 || drawnLines == 0 else { return }
    lastDrawn = now
    var lines: [String] = []
    let shown = running.prefix(Self.mostShown)
    for group in shown {
      let bar = Self.bar(group.progress, color: terminal.errorUsesColor)
      lines.append(
        "\(bar) \(Self.label(group.first, group.count))  "
          + progressText(group.progress, started: group.started))
    }
    let more = running.count - shown.count
    if more > 0 || (finishedCount > 0 && !running.isEmpty) {
      let others = more > 0 ? " · \(more) more running" : ""
      let line =
        "\(Format.grouped(finishedCount)) done\(others) · \(Format.duration(now - startedAt))"
      lines.append(Style.faint(line, terminal.errorUsesColor))
    }
    var text = drawnLines > 0 ? "\u{1b}[\(drawnLines)A" : ""
    for line in lines { text += Self.cut(line, to: terminal.width - 1) + "\u{1b}[K\n" }
    if drawnLines > lines.count { text += "\u{1b}[J" }
    drawnLines = lines.count
    if !text.isEmpty { terminal.drawOnError(text) }
  }

  private func erase() {
    guard drawnLines > 0 else { return }
    let up = "\u{1b}[\(drawnLines)A"
    terminal.drawOnError(up + String(repeating: "\u{1b}[2K\n", count: drawnLines) + up)
    drawnLines = 0
  }

  private func progressText(_ progress: StepProgress?, started: Double) -> String {
    let elapsed = Clock.seconds() - started
    guard let progress else { return Format.duration(elapsed) }
    var parts: [String] = []
    if let total = progress.total, total > 0 {
      let done = Self.amount(progress.completed, progress.unit)
      parts.append("\(done)/\(Self.amount(total, progress.unit)) \(Self.unit(progress.unit))")
    } else {
      parts.append("\(Self.amount(progress.completed, progress.unit)) \(Self.unit(progress.unit))")
    }
    if !progress.detail.isEmpty { parts.append(PrintableText.clean(progress.detail, keeping: "")) }
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
    count > 1 ? "\(task.asset) (\(Format.grouped(count)) partitions)" : "\(task)"
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
}
