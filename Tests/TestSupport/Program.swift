import CSystem
import Glibc

/// A child process of a test: the real `nanobuild`, or a referee such as `ninja`.
///
/// Output goes to files in a folder of its own, so that nothing can block on a full pipe.
package final class RunningProgram {
  package let process: Int32
  private let folder: TemporaryFolder
  private var status: Int32?

  /// Starts `executable`; `environment` replaces the test's own.
  package init(
    _ executable: String, _ arguments: [String], folder directory: String,
    environment: [String: String], input: String = ""
  ) throws {
    folder = try TemporaryFolder()
    try folder.write("input", input)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, folder.path + "/input", O_RDONLY, 0)
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 1, folder.path + "/output", flags, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, folder.path + "/error", flags, 0o644)
    nb_spawn_set_folder(&actions, directory)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals a test ignores must reach the child with their defaults.
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGQUIT, SIGHUP] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    // The threads that tests run on block most signals, which a child would inherit.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    let argv = CStringArray([executable] + arguments)
    let envp = CStringArray(environment.map { "\($0.key)=\($0.value)" })
    var child: pid_t = 0
    let result = posix_spawn(
      &child, executable, &actions, &attributes, argv.pointers, envp.pointers)
    guard result == 0 else { throw ProgramError.cannotStart(executable, code: result) }
    process = child
  }

  deinit {
    if status == nil {
      kill(process, SIGKILL)
      var ignored: Int32 = 0
      waitpid(process, &ignored, 0)
    }
  }

  package func signal(_ number: Int32) {
    if status == nil { kill(process, number) }
  }

  package var isRunning: Bool {
    if status != nil { return false }
    var code: Int32 = 0
    guard waitpid(process, &code, WNOHANG) == process else { return true }
    status = code
    return false
  }

  /// Waits until the program ends; kills it and throws when that takes longer than `seconds`.
  package func wait(seconds: Double = 60) throws -> ProgramResult {
    var waited = 0.0
    var pause = 0.0005
    while isRunning {
      guard waited < seconds else {
        kill(process, SIGKILL)
        throw ProgramError.timedOut(afterSeconds: seconds, output: text("output") + text("error"))
      }
      usleep(UInt32(pause * 1e6))
      waited += pause
      pause = min(pause * 1.5, 0.02)
    }
    return ProgramResult(
      output: text("output"), error: text("error"), rawStatus: status ?? -1)
  }

  /// What the program has written to standard error so far.
  package var errorSoFar: String { text("error") }

  /// What it has written to standard output so far.
  package var outputSoFar: String { text("output") }

  private func text(_ name: String) -> String {
    String(decoding: (try? folder.read(name)) ?? [], as: UTF8.self)
  }
}

package struct ProgramResult {
  package var output: String
  package var error: String
  fileprivate var rawStatus: Int32

  /// The exit status, or 128 + the number of the signal that ended the program, as a shell says it.
  package var status: Int32 {
    let signal = rawStatus & 0x7f
    return signal == 0 ? (rawStatus >> 8) & 0xff : 128 + signal
  }

  package var lines: [String] { output.split(separator: "\n").map(String.init) }
}

package enum ProgramError: Error {
  case cannotStart(String, code: Int32)
  case timedOut(afterSeconds: Double, output: String)
}

/// C strings ended by a null pointer, as `execve` wants them.
private final class CStringArray {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ strings: [String]) {
    count = strings.count
    pointers = .allocate(capacity: count + 1)
    for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
    pointers[count] = nil
  }

  deinit {
    for index in 0..<count { free(pointers[index]) }
    pointers.deallocate()
  }
}
