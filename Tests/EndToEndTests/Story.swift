import Glibc
import TestSupport
import Testing

/// A small project without machine learning, told through the real program.
///
/// Three assets: `upper` (the words in capitals), `count` (their number) and `both`. Each command
/// leaves its name in the file `ran`, so that a story knows what really ran.
struct Story {
  static let pipeline = """
    nanobuild: 1
    name: story
    assets:
      upper:
        step: shell
        inputs: {words: words.txt}
        with: {command: "echo upper >> $NB_ROOT/ran; tr a-z A-Z < $NB_INPUT_words > text"}
      count:
        step: shell
        inputs: {words: words.txt}
        with: {command: "echo count >> $NB_ROOT/ran; wc -w < $NB_INPUT_words > text"}
      both:
        step: shell
        inputs: {upper: upper, count: count}
        with: {command: "echo both >> $NB_ROOT/ran; cat $NB_INPUT_upper/text $NB_INPUT_count/text > text"}

    """

  let project: TestProject

  init(words: String = "one two\n", pipeline: String = Story.pipeline, name: String = "") throws {
    project = try TestProject(pipeline, name: name)
    try project.write("words.txt", words)
  }

  /// Runs everything, and gives the names of the commands that ran, sorted.
  ///
  /// The results must then be what the words ask for, and `status` must agree that all is fresh.
  @discardableResult
  func bringUpToDate(
    _ arguments: String..., location: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    _ = try project.takeRan()
    let end = try project.run(arguments: ["run"] + arguments)
    #expect(end.status == 0, "\(end.error)", sourceLocation: location)
    let ran = try project.takeRan().sorted()
    try expectRight(location: location)
    let status = try project.run(arguments: ["status", "--check"] + arguments)
    #expect(status.status == 0, "\(status.output)", sourceLocation: location)
    return ran
  }

  /// Everything in force is made from the words as they are now.
  func expectRight(
    profile: String = "default", location: SourceLocation = #_sourceLocation
  ) throws {
    let words = try project.read("words.txt")
    let upper = words.uppercased()
    let count = "\(words.split { $0 == " " || $0 == "\n" }.count)\n"
    #expect(try project.result("upper", profile: profile) == upper, sourceLocation: location)
    #expect(try project.result("count", profile: profile) == count, sourceLocation: location)
    #expect(
      try project.result("both", profile: profile) == upper + count, sourceLocation: location)
  }

  /// What `status` says of each asset.
  func states(_ arguments: String...) throws -> [String: String] {
    let lines = try project.run(arguments: ["status", "--plain"] + arguments).lines.dropLast()
    var states: [String: String] = [:]
    for line in lines {
      let words = line.split(separator: "  ", omittingEmptySubsequences: true)
        .map { $0.drop { $0 == " " } }
      if words.count >= 2 {
        states[String(words[1].split(separator: " ")[0])] = String(words[0])
      }
    }
    return states
  }

  /// The real file behind a result, through the link to it.
  func resultFile(_ asset: String, _ name: String = "text") throws -> String {
    let link = project.file("cache/current/default/\(asset)/\(name)")
    guard let real = realpath(link, nil) else { throw StoryError.noResult(asset) }
    defer { free(real) }
    return String(cString: real)
  }
}

enum StoryError: Error {
  case noResult(String)
  case neverHappened(String)
}

/// Waits until `condition` holds; throws when that takes longer than `seconds`.
func eventually(
  _ what: String, seconds: Double = 20, _ condition: () throws -> Bool
) throws {
  var waited = 0.0
  while try !condition() {
    guard waited < seconds else { throw StoryError.neverHappened(what) }
    usleep(2000)
    waited += 0.002
  }
}

/// The processes that `process` started.
func children(of process: Int32) -> [Int32] {
  let threads = (try? TemporaryFolder.list(at: "/proc/\(process)/task")) ?? []
  return threads.flatMap { thread in
    let path = "/proc/\(process)/task/\(thread)/children"
    let text = String(decoding: (try? TemporaryFolder.read(at: path)) ?? [], as: UTF8.self)
    return text.split(separator: " ").compactMap { Int32($0) }
  }
}
