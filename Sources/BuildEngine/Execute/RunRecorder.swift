import CSystem
import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Keeps what happens: the caller's closure, `events.jsonl`, `metrics.jsonl` and the index.
///
/// Nothing is written before the first thing happens, so a run with nothing to do leaves no trace.
final class RunRecorder {
  private let layout: CacheLayout
  private let index: StateIndex
  private let profile: String
  private let taskCount: Int
  private let handler: (BuildEvent) -> Void
  private(set) var identifier: String?
  private var eventFile: Int32 = -1
  private var sampleFile: Int32 = -1
  /// Lines for the event file that are not written yet.
  private var eventLines = ""
  private let startedAt = Double(Clock.wall()) * 1e-9

  init(
    layout: CacheLayout, index: StateIndex, profile: String, taskCount: Int,
    handler: @escaping (BuildEvent) -> Void
  ) {
    self.layout = layout
    self.index = index
    self.profile = profile
    self.taskCount = taskCount
    self.handler = handler
  }

  deinit {
    flush()
    if eventFile >= 0 { close(eventFile) }
    if sampleFile >= 0 { close(sampleFile) }
  }

  /// Gives the run a name and a folder; does nothing the second time.
  func open() throws(BuildError) -> String {
    if let identifier { return identifier }
    let identifier = Self.makeIdentifier(at: Int(startedAt))
    let folder = layout.run(identifier)
    try Disk.makeFolders(folder + "/logs")
    eventFile = nb_open_append(folder + "/events.jsonl", 0o666)
    sampleFile = nb_open_append(folder + "/metrics.jsonl", 0o666)
    self.identifier = identifier
    try index.beginRun(identifier, profile: profile, at: startedAt)
    record(.runStarted(id: identifier, profile: profile, taskCount: taskCount))
    return identifier
  }

  /// Sorts by time; the last part keeps runs of one second apart.
  private static func makeIdentifier(at seconds: Int) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let suffix = String(UInt16.random(in: .min ... .max), radix: 16)
    return "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))-"
      + "\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))-"
      + String(repeating: "0", count: 4 - suffix.count) + suffix
  }

  /// Passes an event on that is not worth keeping.
  func tell(_ event: BuildEvent) { handler(event) }

  func record(_ event: BuildEvent) {
    handler(event)
    guard eventFile >= 0 else { return }
    switch event {
    case .progress: return
    case .sample(let task, let step, let values):
      var object: [String: JSONValue] = values.mapValues { .double($0) }
      object["asset"] = .string(task.asset)
      if let partition = task.partition { object["partition"] = .string(partition) }
      object["step"] = .int(step)
      _ = Disk.writeAll(Array((JSONWriter.text(.object(object)) + "\n").utf8), to: sampleFile)
    default:
      event.writeLine(at: Double(Clock.wall()) * 1e-9, into: &eventLines)
    }
  }

  /// Writes what happened since the last time; done before every wait.
  func flush() {
    guard !eventLines.isEmpty else { return }
    _ = Disk.writeAll(Array(eventLines.utf8), to: eventFile)
    eventLines.removeAll(keepingCapacity: true)
  }

  /// Where a task's output goes.
  func logPath(asset: String, partition: String?) throws(BuildError) -> String {
    let folder = layout.run(try open()) + "/logs"
    guard let partition else { return "\(folder)/\(asset).log" }
    try Disk.makeFolders("\(folder)/\(asset)")
    return "\(folder)/\(asset)/\(partition).log"
  }

  func finish(_ summary: RunSummary) {
    record(.runFinished(summary))
    flush()
    guard let identifier else { return }
    let ended = Double(Clock.wall()) * 1e-9
    var object = summary.json.objectValue ?? [:]
    object["profile"] = .string(profile)
    object["started"] = .double(startedAt)
    object["ended"] = .double(ended)
    try? Disk.writeWhole(
      JSONWriter.bytes(.object(object), pretty: true), to: layout.run(identifier) + "/run.json")
    try? index.endRun(identifier, summary: summary, at: ended)
  }
}
