import BuildEngine
import CSystem
import Glibc

/// Starts programs one after the other and measures them.
struct MeasuredProgram {
  struct Failure: Error {
    var message: String
  }

  struct Measurement {
    var seconds: Double
    var output: String
  }

  /// A folder for the output of what runs.
  let folder: String

  /// The path of a program in PATH; nil when there is none.
  static func find(_ name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// Runs `command` to its end; a status other than 0 is a failure.
  func run(_ command: [String], in directory: String) throws(Failure) -> Measurement {
    let outputPath = folder + "/output"
    unlink(outputPath)
    let output = nb_open_create(outputPath, 0, 0o600)
    guard output >= 0 else { throw Failure(message: "cannot write `\(outputPath)`") }
    defer { close(output) }
    let begin = Clock.seconds()
    let process = CStringList.with(command) { arguments in
      command[0].withCString { executable in
        directory.withCString { directory in
          var request = nb_spawn_request(
            executable: executable, arguments: arguments, environment: environ,
            working_directory: directory, standard_output: output, event_descriptor: -1,
            lock_descriptor: -1, new_group: 0, die_with_parent: 1)
          return nb_spawn(&request)
        }
      }
    }
    guard process > 0 else {
      throw Failure(message: "cannot start `\(command[0])`: \(String(cString: strerror(-process)))")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let seconds = Clock.seconds() - begin
    let text = String(decoding: (try? Disk.read(outputPath)) ?? [], as: UTF8.self)
    guard status == 0 else {
      throw Failure(
        message: "`\(command.prefix(3).joined(separator: " "))` failed:\n" + text.suffix(2000))
    }
    return Measurement(seconds: seconds, output: text)
  }

  /// Peak memory of one start in bytes; nil where GNU time is not installed.
  ///
  /// A child takes its parent's peak over, so the parent must be small: `time` is.
  func peak(_ command: [String], in directory: String) throws(Failure) -> Int? {
    guard let tool = Self.find("time") else { return nil }
    let measurement = try run([tool, "-f", "peak %M"] + command, in: directory)
    guard let place = measurement.output.range(of: "peak ") else { return nil }
    let digits = measurement.output[place.upperBound...].prefix { $0.isNumber }
    return Int(digits).map { $0 * 1024 }
  }
}

extension String {
  /// The last place of `text`.
  fileprivate func range(of text: String) -> Range<Index>? {
    let wanted = Array(text.utf8)
    let bytes = Array(utf8)
    guard bytes.count >= wanted.count else { return nil }
    for start in (0...(bytes.count - wanted.count)).reversed()
    where bytes[start..<start + wanted.count].elementsEqual(wanted) {
      let lower = utf8.index(startIndex, offsetBy: start)
      return lower..<utf8.index(lower, offsetBy: wanted.count)
    }
    return nil
  }
}
