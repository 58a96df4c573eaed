import Glibc
import TestSupport
import Testing

/// Clocks that were wrong, or are.
@Suite struct ClockStories {
  private static let wrapper = "/usr/bin/faketime"

  /// Brings everything up to date with a program whose clock is wrong by so much, while files get
  /// the machine's own time; gives what ran.
  private func run(_ story: Story, wrongBy difference: String) throws -> [String] {
    let project = story.project
    _ = try project.takeRan()
    let end = try RunningProgram(
      Self.wrapper, ["--exclude-monotonic", "-f", difference, TestProject.program, "run"],
      folder: project.path, environment: ["PATH": "/usr/bin:/bin", "NO_FAKE_STAT": "1"]
    ).wait()
    #expect(end.status == 0, "\(end.error)")
    #expect(end.output.hasPrefix("3 assets: "), "\(end.output)")
    try story.expectRight()
    return try project.takeRan().sorted()
  }

  /// Set back means: what is written now is older than what was noted before.
  @Test(
    .enabled(if: access(wrapper, X_OK) == 0, "the program faketime is not installed"),
    arguments: ["+3650d", "-3650d", "+1h", "-1h"])
  func aClockThatIsSetLeavesNothingWrong(difference: String) throws {
    let story = try Story()
    let project = story.project
    for round in 0..<2 {
      try project.write("words.txt", "wrong \(round)\n")
      #expect(try run(story, wrongBy: difference).contains("upper"))
      #expect(try story.bringUpToDate().isEmpty)
      // Same size, same time, another content: seen however the clock stood when it was read.
      try project.keepingTimes(of: "words.txt") {
        try project.write("words.txt", "right \(round)\n")
      }
      #expect(try story.bringUpToDate().contains("upper"))
      #expect(try run(story, wrongBy: difference).isEmpty)
      try project.keepingTimes(of: "words.txt") {
        try project.write("words.txt", "later \(round)\n")
      }
      #expect(try run(story, wrongBy: difference).contains("upper"))
      let file = try story.resultFile("upper")
      chmod(file, 0o644)
      truncate(file, 1)
      #expect(try story.bringUpToDate() == ["upper"])
    }
  }

  @Test(arguments: [1, 1_000_000_000, 4_000_000_000]) func fileTimesOfAnyAgeAreHandled(
    seconds: Int
  ) throws {
    let story = try Story(words: "aaaa\n")
    let project = story.project
    for word in ["bbbb", "cccc", "dddd"] {
      project.setTime(of: "words.txt", to: seconds)
      try story.bringUpToDate()
      #expect(try story.bringUpToDate().isEmpty)
      try project.write("words.txt", word + "\n")
      project.setTime(of: "words.txt", to: seconds)
      #expect(try story.bringUpToDate() == ["both", "count", "upper"])
    }
  }
}
