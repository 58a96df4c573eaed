import Glibc

/// A folder with a pipeline, and the real program to run in it.
package final class TestProject {
  package let folder: TemporaryFolder
  /// The project's own folder: the temporary one, or one in it.
  package let path: String
  /// Added to the small environment every program gets.
  package var environment: [String: String] = [:]

  /// `name` is the project's folder inside the temporary one, for names that are hard to handle.
  package init(_ pipeline: String? = nil, name: String = "") throws {
    folder = try TemporaryFolder()
    path = name.isEmpty ? folder.path : try folder.makeFolder(name)
    if let pipeline { try write("pipeline.yaml", pipeline) }
  }

  package func start(_ arguments: String..., input: String = "") throws -> RunningProgram {
    try start(arguments: arguments, input: input)
  }

  package func start(arguments: [String], input: String = "") throws -> RunningProgram {
    try RunningProgram(
      Self.program, arguments, folder: path, environment: fullEnvironment, input: input)
  }

  @discardableResult
  package func run(_ arguments: String..., input: String = "", seconds: Double = 60) throws
    -> ProgramResult
  {
    try run(arguments: arguments, input: input, seconds: seconds)
  }

  @discardableResult
  package func run(arguments: [String], input: String = "", seconds: Double = 60) throws
    -> ProgramResult
  {
    try start(arguments: arguments, input: input).wait(seconds: seconds)
  }

  private var fullEnvironment: [String: String] {
    var all = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": path, "LANG": "C.UTF-8"]
    all.merge(environment) { _, given in given }
    return all
  }

  /// The release build beside the tests, or what `NANOBUILD_PROGRAM` names.
  package static let program: String = {
    if let named = getenv("NANOBUILD_PROGRAM") { return String(cString: named) }
    return repository + "/.build/release/nanobuild"
  }()

  /// The folder of Package.swift.
  package static let repository: String = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
  }()
}
