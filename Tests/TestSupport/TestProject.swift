import Glibc

/// A folder with a pipeline, and the real program to run in it.
package final class TestProject {
  package let folder: TemporaryFolder
  /// Added to the small environment every program gets.
  package var environment: [String: String] = [:]

  package init(_ pipeline: String? = nil) throws {
    folder = try TemporaryFolder()
    if let pipeline { try write("pipeline.yaml", pipeline) }
  }

  package var path: String { folder.path }

  package func write(_ file: String, _ text: String) throws {
    try folder.write(file, text)
  }

  package func read(_ file: String) throws -> String {
    String(decoding: try folder.read(file), as: UTF8.self)
  }

  package func start(_ arguments: String..., input: String = "") throws -> RunningProgram {
    try RunningProgram(
      Self.program, arguments, folder: path, environment: fullEnvironment, input: input)
  }

  @discardableResult
  package func run(_ arguments: String..., input: String = "", seconds: Double = 60) throws
    -> ProgramResult
  {
    try RunningProgram(
      Self.program, arguments, folder: path, environment: fullEnvironment, input: input
    ).wait(seconds: seconds)
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
