import Glibc
import JSON
import TestSupport
import Testing

/// What `--json` prints has the shape that `docs/JSON.md` promises.
///
/// `NANOBUILD_RECORD=1` writes the golden file anew; look at the difference before keeping it, and
/// raise `version` when a member went away or means something else.
@Suite struct JSONStories {
  private static let golden = "Tests/EndToEndTests/Golden/json-shapes.txt"

  private static let pipeline = """
    nanobuild: 1
    name: shapes
    profile: one
    profiles: {one: {}, two: {assets: {first: {with: {n: "2"}}}}}
    assets:
      first:
        step: shell
        description: The first
        group: some
        inputs: {words: words.txt}
        with: {n: "1", command: "cat $NB_INPUT_words > text; echo $NB_PARAM_n >> text"}
        checks:
          - shell: {name: there, command: "test -s $NB_RESULT/text"}
          - shell: {name: long, command: "test $(wc -l < $NB_RESULT/text) -gt 9"}
            severity: warn
      parts:
        step: shell
        partitions: {p: 0..1}
        with: {command: "echo $NB_PARTITION_p > text"}
      last:
        step: shell
        inputs: {first: first, parts: parts}
        with: {command: "cat $NB_INPUT_parts/*/text $NB_INPUT_first/text > text"}

    """

  private static let broken = """
    nanobuild: 1
    assets:
      flaky: {step: shell, retries: 1, with: {command: "test -e $NB_ROOT/go || { touch $NB_ROOT/go; exit 1; }; echo 1 > text"}}
      bad: {step: shell, inputs: {f: flaky}, with: {command: "echo said; exit 3"}}
      after: {step: shell, inputs: {bad: bad}, with: {command: "true"}}
      later: {step: shell, inputs: {f: flaky}, with: {command: "true"}}

    """

  private func shapes() throws -> [(name: String, shape: JSONShape)] {
    let project = try TestProject(Self.pipeline)
    try project.write("words.txt", "one\n")
    try project.write("broken/pipeline.yaml", Self.broken)
    try project.write("wrong/pipeline.yaml", "nanobuild: 1\nasets: {}\n")
    var found: [(name: String, shape: JSONShape)] = []
    var events: [String: [JSONShape]] = [:]
    func run(_ arguments: String...) throws {
      for line in try project.run(arguments: arguments + ["--json"]).lines {
        let event = try JSONParser.parse(line)
        events[event["event"]?.stringValue ?? "", default: []].append(JSONShape(event))
      }
    }
    try run("run")
    try run("run")
    try run("run", "--profile", "two")
    try run("run", "-C", "broken", "-j", "1")
    let commands = [
      "status", "run --dry-run", "plan", "plan --set first.n=9", "explain last", "check", "graph",
      "show first", "show parts", "history", "history first", "log first", "log parts[0]",
      "metrics", "compare one two", "path first", "path parts[1]", "validate",
      "validate -C wrong", "cache stats", "cache gc --dry-run --keep-runs 0", "cache verify",
      "steps shell", "steps tokenizer.valid", "init sample",
    ]
    for command in commands {
      let end = try project.run(
        arguments: command.split(separator: " ").map(String.init) + ["--json"])
      let value = try JSONParser.parse(end.output)
      found.append((command, JSONShape(value)))
    }
    for (name, shapes) in events.sorted(by: { $0.key < $1.key }) {
      found.append(("event \(name)", JSONShape.union(shapes)))
    }
    return found
  }

  @Test func theShapesAreAsDocumented() throws {
    let shapes = try shapes()
    let text = shapes.map { "\($0.name)\n  \($0.shape)\n" }.joined(separator: "\n")
    let path = TestProject.repository + "/" + Self.golden
    if getenv("NANOBUILD_RECORD") != nil {
      let file = fopen(path, "we")
      fputs(text, file)
      fclose(file)
    }
    let expected = String(decoding: try TemporaryFolder.read(at: path), as: UTF8.self)
    #expect(text == expected)
    let page = String(
      decoding: try TemporaryFolder.read(at: TestProject.repository + "/docs/JSON.md"),
      as: UTF8.self)
    for (command, shape) in shapes {
      for name in shape.names.sorted() {
        #expect(
          page.contains("\"\(name)\"") || page.contains("`\(name)`"),
          "`\(name)` of `\(command)` is not in docs/JSON.md")
      }
      // Events are lines of one stream, and `schema` is JSON Schema's own shape.
      if case .object(let members, _) = shape, !command.hasPrefix("event") {
        #expect(members["version"] != nil, "\(command)")
      }
    }
  }

  @Test func resultsAloneGoToStandardOutput() throws {
    let project = try TestProject(Self.pipeline)
    try project.write("words.txt", "one\n")
    let run = try project.run("run", "--json")
    for line in run.lines { _ = try JSONParser.parse(line) }
    #expect(run.error.contains("✓ last"))
    let plain = try project.run("run", "--force", "last")
    #expect(plain.lines.count == 1)
    #expect(plain.output.hasPrefix("3 assets: 1 ran, 0 restored, 2 fresh, 0 failed in "))
  }
}
