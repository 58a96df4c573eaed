import BuildEngine
import Steps

/// What the engine starts for every task: `nanobuild __worker REQUEST`. Not a command for people, and
/// started for each of thousands of tasks, so that it goes past the parser of commands.
enum WorkerEntry {
  /// The status the process ends with; nil when the arguments mean something else.
  static func status(_ arguments: [String]) -> Int32? {
    guard arguments.count == 2, arguments[0] == "__worker" else { return nil }
    return WorkerMain.run(
      requestPath: arguments[1], environment: ProcessVariables.all,
      steps: { BuiltinSteps.step(named: $0) }, checks: { BuiltinSteps.check(named: $0) })
  }
}
