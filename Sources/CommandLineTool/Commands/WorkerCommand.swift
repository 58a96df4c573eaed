import ArgumentParser
import BuildEngine
import Glibc
import Steps

/// What the engine starts for every task; not for people.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "__worker", abstract: "Run one request of the engine.", shouldDisplay: false)

  @Argument var request: String

  func run() throws {
    let status = WorkerMain.run(
      requestPath: request, environment: ProcessVariables.all,
      steps: { BuiltinSteps.step(named: $0) }, checks: { BuiltinSteps.check(named: $0) })
    throw ExitCode(status)
  }
}
