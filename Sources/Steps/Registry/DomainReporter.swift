import BuildEngine
import JSON
import Training

/// What training says, told to the engine.
struct DomainReporter: TrainingReporter {
  private let reporter: any StepReporter

  init(_ reporter: any StepReporter) {
    self.reporter = reporter
  }

  var isCancelled: Bool { reporter.isCancelled }

  func progress(_ progress: TrainingProgress) {
    reporter.progress(
      StepProgress(
        completed: Double(progress.completed), total: Double(progress.total), unit: progress.unit,
        detail: progress.detail))
  }

  func metric(_ name: String, _ value: JSONValue) { reporter.metric(name, value) }
  func measurement(_ name: String, _ value: JSONValue) { reporter.measurement(name, value) }
  func sample(step: Int, _ values: [String: Double]) { reporter.sample(step: step, values) }
  func log(_ line: String) { reporter.log(line) }
}
