import CSystem
import JSON

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs every task in a process of its own: the same program with `__worker`, or for `shell` tasks
/// the shell itself.
package struct ProcessLauncher: WorkerLauncher {
  private let executable: String
  private let arguments: [String]

  /// `arguments` stand before the path of the request.
  package init(executable: String, arguments: [String] = ["__worker"]) {
    self.executable = executable
    self.arguments = arguments
  }

  package func launch(_ launch: WorkerLaunch) throws(BuildError) -> any RunningWorker {
    if launch.request.name == ShellCommand.name {
      return try Self.launchShell(launch)
    }
    var ends: [Int32] = [-1, -1]
    let code = nb_pipe(&ends)
    guard code == 0 else { throw .cannotStartWorker(executable: executable, code: code) }
    nb_set_nonblocking(ends[0])
    defer { close(ends[1]) }
    do throws(BuildError) {
      let process = try WorkerProcess.spawn(
        executable: executable, arguments: [executable] + arguments + [launch.requestPath],
        environment: launch.environment, folder: launch.request.projectRoot,
        logPath: launch.logPath, events: ends[1], lock: launch.lockDescriptor)
      return ProcessWorker(process: process, events: ends[0], stopsGroup: false, shell: nil)
    } catch {
      close(ends[0])
      throw error
    }
  }

  /// Starts the command of a `shell` step or check without a worker between.
  static func launchShell(_ launch: WorkerLaunch) throws(BuildError) -> any RunningWorker {
    let command = ShellCommand(launch.request, environment: launch.environment)
    if let list = command.inputList { try Disk.writeWhole(list.bytes, to: list.path) }
    let process = try WorkerProcess.spawn(
      executable: ShellCommand.shell, arguments: command.arguments,
      environment: command.environment, folder: launch.request.output, logPath: launch.logPath,
      events: nil, lock: launch.lockDescriptor)
    return ProcessWorker(
      process: process, events: -1, stopsGroup: true,
      shell: (launch.request.kind, launch.logPath))
  }
}

/// A child process that leads a group of its own.
struct WorkerProcess {
  var identifier: Int32
  /// Polls readable when the process ends; -1 where the system has no such thing.
  var descriptor: Int32

  static func spawn(
    executable: String, arguments: [String], environment: [String: String], folder: String,
    logPath: String, events: Int32?, lock: Int32?
  ) throws(BuildError) -> WorkerProcess {
    let log = nb_open_append(logPath, 0o666)
    guard log >= 0 else { throw .system(operation: "write", path: logPath, code: errno) }
    defer { close(log) }
    let variables = environment.map { "\($0.key)=\($0.value)" }
    let identifier = CStringList.with(arguments) { argumentList in
      CStringList.with(variables) { variableList in
        executable.withCString { executablePath in
          folder.withCString { folderPath in
            var request = nb_spawn_request(
              executable: executablePath, arguments: argumentList, environment: variableList,
              working_directory: folderPath, standard_output: log, event_descriptor: events ?? -1,
              lock_descriptor: lock ?? -1, new_group: 1, die_with_parent: 1)
            return nb_spawn(&request)
          }
        }
      }
    }
    guard identifier > 0 else {
      throw .cannotStartWorker(executable: executable, code: -identifier)
    }
    return WorkerProcess(identifier: identifier, descriptor: nb_pidfd_open(identifier))
  }
}

/// A worker in a process.
final class ProcessWorker: MeasuredWorker {
  private let process: WorkerProcess
  private var events: Int32
  private let stopsGroup: Bool
  private let shell: (kind: WorkerRequest.Kind, logPath: String)?
  private var buffer: [UInt8]
  private var partialLine: [UInt8] = []
  private var pending: [WorkerEvent] = []
  private var end: WorkerEnd?
  private(set) var peakBytes: Int?

  init(
    process: WorkerProcess, events: Int32, stopsGroup: Bool,
    shell: (kind: WorkerRequest.Kind, logPath: String)?
  ) {
    self.process = process
    self.events = events
    self.stopsGroup = stopsGroup
    self.shell = shell
    buffer = [UInt8](repeating: 0, count: events >= 0 ? 65_536 : 0)
  }

  deinit {
    if events >= 0 { close(events) }
    if process.descriptor >= 0 { close(process.descriptor) }
  }

  var descriptors: [Int32] { [events, process.descriptor].filter { $0 >= 0 } }

  func readEvents() -> [WorkerEvent] {
    drain()
    defer { pending = [] }
    return pending
  }

  private func drain() {
    guard events >= 0 else { return }
    while true {
      let length = read(events, &buffer, buffer.count)
      if length < 0 && errno == EINTR { continue }
      if length == 0 {
        close(events)
        events = -1
      }
      guard length > 0 else { return }
      var rest = buffer[..<length]
      while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
        partialLine += rest[..<newline]
        take(partialLine)
        partialLine.removeAll(keepingCapacity: true)
        rest = rest[(newline + 1)...]
      }
      partialLine += rest
    }
  }

  private func take(_ line: [UInt8]) {
    guard let json = try? JSONParser.parse(line), let event = WorkerEvent(json: json) else {
      return
    }
    pending.append(event)
  }

  func ended() -> WorkerEnd? {
    if let end { return end }
    var status: Int32 = 0
    let state = nb_peek_exit(process.identifier, &status)
    guard state != 0 else { return nil }
    // Until the leader is reaped its number can't be given to others: what it left behind ends now.
    kill(-process.identifier, SIGKILL)
    peakBytes = Int(nb_reap(process.identifier))
    drain()
    let signal = nb_wait_signal(status)
    let end: WorkerEnd =
      state < 0 ? .exited(1) : signal != 0 ? .signalled(signal) : .exited(nb_wait_exit_code(status))
    self.end = end
    if let shell { conclude(end, shell.kind, shell.logPath) }
    return end
  }

  /// A shell says nothing of itself: its exit status is its verdict or failure.
  private func conclude(_ end: WorkerEnd, _ kind: WorkerRequest.Kind, _ logPath: String) {
    switch (kind, end) {
    case (.step, .exited(0)), (_, .signalled): break
    case (.step, .exited(let status)):
      pending.append(
        .failed(message: "the command exited with status \(status)", help: nil, partitions: []))
    case (.check, .exited(let status)):
      let last = LogFile.tail(logPath, lines: 1).first
      let message =
        status == 0 ? "the command succeeded" : "the command exited with status \(status)"
      pending.append(
        .verdict(
          CheckVerdict(passed: status == 0, message: last.map { "\(message): \($0)" } ?? message)))
    }
  }

  func stop(force: Bool) {
    guard end == nil else { return }
    let target = force || stopsGroup ? -process.identifier : process.identifier
    kill(target, force ? SIGKILL : SIGTERM)
  }

  func measureResidentBytes() -> Int { Int(nb_group_resident_bytes(process.identifier)) }
}
