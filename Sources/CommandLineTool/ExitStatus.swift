import ArgumentParser

/// How the process ends; part of the contract with scripts.
enum ExitStatus: Int32 {
  case done = 0
  /// A step or a blocking check failed, or `--check` found something stale.
  case failed = 1
  /// The pipeline, or a file that was to be read, is wrong.
  case invalidInput = 2
  case usage = 64
  case interrupted = 130

  /// Thrown by a command after it has said everything it has to say.
  var exit: ExitCode { ExitCode(rawValue) }
}
