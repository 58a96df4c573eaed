import CSystem
import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The built-in step `shell`, for a worker that was asked to run it (on a cluster's node); on this
/// machine the engine starts the shell itself.
package struct ShellStep: Step {
  private let environment: [String: String]
  private let declared: [String]

  package init(environment: [String: String], declared: [String] = []) {
    self.environment = environment
    self.declared = declared
  }

  package func run(_ context: StepContext) throws {
    var request = WorkerRequest(
      kind: .step, name: ShellCommand.name, asset: context.asset, inputs: context.inputs,
      parameters: context.parameters, secretParameters: [], output: context.output,
      partitionKey: context.partitionKey, partitions: context.partitions,
      projectRoot: context.projectRoot, threads: context.threads, memoryLimit: nil,
      environment: declared, result: "", otherResults: [:])
    if let names = context.parameters["environment"]?.arrayValue {
      request.environment += names.compactMap(\.stringValue)
    }
    let end = try ShellRunner.run(
      request, environment: environment, isCancelled: { context.reporter.isCancelled })
    switch end {
    case .exited(0): return
    case .exited(let status): throw StepFailure("the command exited with status \(status)")
    case .signalled(let signal):
      if context.reporter.isCancelled { throw StepInterrupted() }
      throw StepFailure("the command was ended by \(SignalName.of(signal))")
    }
  }
}

/// The built-in check `shell`: exit status 0 passes.
package struct ShellCheck: Check {
  private let environment: [String: String]

  package init(environment: [String: String]) { self.environment = environment }

  package func run(_ context: CheckContext) throws -> CheckVerdict {
    let request = WorkerRequest(
      kind: .check, name: ShellCommand.name, asset: context.asset, inputs: [:],
      parameters: context.parameters, secretParameters: [], output: context.projectRoot,
      partitionKey: nil, partitions: [], projectRoot: context.projectRoot,
      threads: context.threads, memoryLimit: nil, environment: [], result: context.result,
      otherResults: context.otherResults)
    switch try ShellRunner.run(request, environment: environment, isCancelled: { false }) {
    case .exited(0): return CheckVerdict(passed: true, message: "the command succeeded")
    case .exited(let status):
      return CheckVerdict(passed: false, message: "the command exited with status \(status)")
    case .signalled(let signal):
      throw StepFailure("the command was ended by \(SignalName.of(signal))")
    }
  }
}

/// Runs a command to its end inside a worker; its output goes where the worker's goes.
enum ShellRunner {
  static func run(
    _ request: WorkerRequest, environment: [String: String], isCancelled: () -> Bool
  ) throws(BuildError) -> WorkerEnd {
    let command = ShellCommand(request, environment: environment)
    let process = try WorkerProcess.spawn(
      executable: ShellCommand.shell, arguments: command.arguments,
      environment: command.environment, folder: request.output, logPath: "/proc/self/fd/1",
      events: nil, lock: nil)
    let worker = ProcessWorker(process: process, events: -1, stopsGroup: true, shell: nil)
    var isStopping = false
    while true {
      if let end = worker.ended() { return end }
      if !isStopping, isCancelled() {
        worker.stop(force: false)
        isStopping = true
      }
      var waiting = worker.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      poll(&waiting, nfds_t(waiting.count), waiting.isEmpty ? 10 : 100)
    }
  }
}

/// Names of signals for messages.
package enum SignalName {
  package static func of(_ signal: Int32) -> String {
    switch signal {
    case SIGKILL: "SIGKILL (killed, or the machine ran out of memory)"
    case SIGSEGV: "SIGSEGV (a crash)"
    case SIGILL: "SIGILL (a crash)"
    case SIGTRAP: "SIGTRAP (a crash)"
    case SIGABRT: "SIGABRT (a crash)"
    case SIGBUS: "SIGBUS (a crash, or the disk is full)"
    case SIGFPE: "SIGFPE (a crash)"
    case SIGTERM: "SIGTERM"
    case SIGINT: "SIGINT"
    case SIGPIPE: "SIGPIPE"
    case SIGXFSZ: "SIGXFSZ (a file grew past its limit)"
    default: "signal \(signal)"
    }
  }
}
