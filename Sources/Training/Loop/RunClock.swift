import JSON
import Kernels

/// Times of a run: rate, share of the machine's peak, time left, and when to save. Nothing of it
/// reaches the result.
struct RunClock {
  /// Of a large matrix product, in GFLOP/s; nil when it was not measured.
  private let peak: Double?
  private let plan: TrainingPlan
  private var startTime = 0.0
  private var lastSave = 0.0
  private var savedStep: Int?
  /// Steps that are timed, and their seconds; the first ones of a process are not.
  private var timedSteps = 0
  private var timedSeconds = 0.0
  private var mark: Double?
  /// How long steps waited for rows of the data, in all.
  private var dataSeconds = 0.0
  private var firstStep = 0

  private static let untimedSteps = 3

  init(peak: Double?, plan: TrainingPlan) {
    self.peak = peak
    self.plan = plan
  }

  mutating func start(step: Int) {
    startTime = monotonicSeconds()
    lastSave = startTime
    firstStep = step
    savedStep = step == 0 ? nil : step
    mark = startTime
  }

  /// The rows of the next step.
  mutating func rows(from reader: StepReader) throws(TrainingError) -> StepRows {
    let start = monotonicSeconds()
    let rows = try reader.next()
    dataSeconds += monotonicSeconds() - start
    return rows
  }

  /// Between steps something else took time.
  mutating func skip() { mark = monotonicSeconds() }

  mutating func stepDone(_ step: Int) {
    let now = monotonicSeconds()
    if step - firstStep > Self.untimedSteps, let mark {
      timedSteps += 1
      timedSeconds += now - mark
    }
    mark = now
  }

  /// An evaluation may take long, so what was trained is saved before it if that is worth it.
  func isSaveDue(step: Int, beforeEvaluation: Bool) -> Bool {
    guard plan.options.saveEverySeconds > 0, step > firstStep, step != savedStep else {
      return false
    }
    let wait = plan.options.saveEverySeconds * (beforeEvaluation ? 0.25 : 1)
    return monotonicSeconds() - lastSave >= wait
  }

  mutating func noteSave(step: Int) {
    lastSave = monotonicSeconds()
    savedStep = step
    mark = lastSave
  }

  private var tokensPerSecond: Double? {
    timedSeconds > 0
      ? Double(timedSteps) * Double(plan.tokensPerStep) / timedSeconds : nil
  }

  private var shareOfPeak: Double? {
    guard let peak, let tokensPerSecond else { return nil }
    return tokensPerSecond * plan.flopsPerToken / (peak * 1e9)
  }

  /// `loss 3.21 · 6900 tok/s · 71 % of peak · 1:23 left`
  func detail(loss: Double?, step: Int) -> String {
    var parts = loss.map { ["loss \(TrainingError.rounded($0))"] } ?? []
    if let rate = tokensPerSecond, rate > 0 {
      parts.append("\(Int(rate)) tok/s")
      if let share = shareOfPeak { parts.append("\(Int((share * 100).rounded())) % of peak") }
      let left = Double(plan.steps - step) * Double(plan.tokensPerStep) / rate
      parts.append(Self.duration(left) + " left")
    }
    return parts.joined(separator: " · ")
  }

  func measurements(step: Int) -> [(String, JSONValue)] {
    var values: [(String, JSONValue)] = [
      ("training_seconds", .double(monotonicSeconds() - startTime)),
      ("data_seconds", .double(dataSeconds)), ("peak_memory_bytes", .int(ProcessMemory.peak)),
    ]
    if let peak { values.append(("peak_gflops", .double(peak))) }
    if let rate = tokensPerSecond { values.append(("tokens_per_second", .double(rate))) }
    if let share = shareOfPeak { values.append(("share_of_peak", .double(share))) }
    return values
  }

  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "long" }
    let total = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}
