import Glibc
import TestSupport
import Testing

/// The JSON Schema for editors, judged by somebody else's validator.
///
/// `NANOBUILD_PYTHON` names a Python with the packages jsonschema and PyYAML.
@Suite struct SchemaStories {
  private static let python = getenv("NANOBUILD_PYTHON").map { String(cString: $0) }

  /// Faults that a schema can see, each in the one asset of a file.
  private static let broken = [
    "{step: shell, inptus: {x: b}, with: {command: \"true\"}}",
    "{step: shel, with: {command: \"true\"}}",
    "{step: shell, with: {command: [1]}}",
    "{step: tokenizer.train, inputs: {text: x}, with: {vocab_size: 3}}",
    "{step: tokenizer.train, inputs: {text: x}, with: {vocab_sise: 300}}",
    "{step: tokenizer.train, with: {vocab_size: 300}}",
    "{with: {command: \"true\"}}",
    "{step: shell, with: {command: \"true\"}, retries: -1}",
    "{step: shell, with: {command: \"true\"}, timeout: soon}",
    "{step: shell, with: {command: \"true\"}, resources: {cpus: 2}}",
    "{step: shell, with: {command: \"true\"}, partitions: {a: 1..2, b: 3..4}}",
    "{step: shell, with: {command: \"true\"}, checks: [{shell: {command: x}, severity: fatal}]}",
    "{step: shell, with: {command: \"true\"}, checks: [train.no_nann]}",
  ]

  private func validate(_ arguments: [String], _ project: TestProject) throws -> ProgramResult {
    try RunningProgram(
      Self.python ?? "", [TestProject.repository + "/Tests/Referees/json_schema.py"] + arguments,
      folder: project.path, environment: ["PATH": "/usr/bin:/bin"]
    ).wait()
  }

  @Test(.enabled(if: python != nil, "NANOBUILD_PYTHON names a Python with jsonschema"))
  func anotherValidatorAgrees() throws {
    let project = try TestProject()
    for (option, name) in [([], "pipeline"), (["--profile"], "profile")] {
      let end = try project.run(arguments: ["schema"] + option)
      try project.write("\(name).json", end.output)
    }
    let root = TestProject.repository
    var good = ["\(root)/pipeline.yaml"]
    var profiles = try TemporaryFolder.list(at: root + "/profiles").map { "\(root)/profiles/\($0)" }
    for example in try TemporaryFolder.list(at: root + "/examples") {
      let folder = "\(root)/examples/\(example)"
      good.append(folder + "/pipeline.yaml")
      let names = (try? TemporaryFolder.list(at: folder + "/profiles")) ?? []
      profiles += names.map { "\(folder)/profiles/\($0)" }
    }
    for (number, text) in ([Story.pipeline, WalkModel().pipeline]).enumerated() {
      good.append(try write("good\(number).yaml", text, project))
    }
    var broken = [
      try write("version.yaml", "nanobuild: 2\nassets: {}\n", project),
      try write("absent.yaml", "assets: {}\n", project),
    ]
    for (number, asset) in Self.broken.enumerated() {
      let text = "nanobuild: 1\nassets:\n  a: \(asset)\n"
      broken.append(try write("broken\(number).yaml", text, project))
    }
    let first = try validate(["pipeline.json", "--good"] + good + ["--broken"] + broken, project)
    #expect(first.status == 0, "\(first.output)\(first.error)")
    for file in broken { #expect(try project.run("validate", "-f", file).status == 2, "\(file)") }
    let step = try write("step.yaml", "assets: {a: {step: shell}}\n", project)
    let second = try validate(
      ["profile.json", "--good"] + profiles + ["--broken", step], project)
    #expect(second.status == 0, "\(second.output)\(second.error)")
  }

  private func write(_ name: String, _ text: String, _ project: TestProject) throws -> String {
    try project.write(name, text)
    return name
  }
}
