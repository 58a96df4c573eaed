import Glibc
import TestSupport
import Testing

/// Whatever happens to the files, in whatever order: what is called fresh is right.
@Suite struct RandomWalkStories {
  @Test(arguments: [11, 12] as [UInt64]) func nothingWrongIsEverCalledFresh(seed: UInt64) throws {
    let story = try Story()
    let project = story.project
    var numbers = SeededNumbers(seed: seed)
    try story.bringUpToDate()
    for round in 0..<40 {
      let deed = Int.random(in: 0..<10, using: &numbers)
      try happen(deed, round, to: story, &numbers)
      // Before anything is mended: fresh means right.
      if try project.run("status", "--check").status == 0 { try story.expectRight() }
      let end = try project.run("run")
      #expect(end.status == 0, "round \(round), deed \(deed): \(end.error)")
      try story.expectRight()
      _ = try project.takeRan()
      #expect(try project.run("run").status == 0)
      #expect(try project.takeRan().isEmpty, "round \(round), deed \(deed)")
      try story.expectRight()
    }
  }

  private func happen(
    _ deed: Int, _ round: Int, to story: Story, _ numbers: inout SeededNumbers
  ) throws {
    let project = story.project
    let asset = ["upper", "count", "both"].randomElement(using: &numbers) ?? "both"
    switch deed {
    case 0, 1:
      let words = ["one two\n", "two one\n", "three\n", "a b c d\n"]
      try project.write("words.txt", words.randomElement(using: &numbers) ?? "one\n")
    case 2:
      try project.keepingTimes(of: "words.txt") {
        let words = try project.read("words.txt").dropLast()
        try project.write("words.txt", String(words.reversed()) + "\n")
      }
    case 3: project.setTime(of: "words.txt", to: Int.random(in: 1...4_000_000_000, using: &numbers))
    case 4:
      let file = try story.resultFile(asset)
      chmod(file, 0o644)
      truncate(file, off_t.random(in: 0...3, using: &numbers))
    case 5: project.remove("cache/current/default/\(asset)")
    case 6:
      for suffix in ["", "-wal", "-shm"] { project.remove("cache/state.sqlite\(suffix)") }
    case 7:
      try project.write("words.txt", "killed \(round)\n")
      let run = try project.start("run")
      usleep(UInt32.random(in: 0..<25_000, using: &numbers))
      run.signal(SIGKILL)
      _ = try run.wait()
    case 8: try project.write("pipeline.yaml", "# \(round)\n" + Story.pipeline)
    default:
      let changed = Story.pipeline.replacing("tr a-z A-Z", with: "tr 'a-z' 'A-Z'")
      try project.write("pipeline.yaml", round % 2 == 0 ? changed : Story.pipeline)
    }
  }
}
