import Glibc
import TestSupport
import Testing

/// Edits of sources and of the pipeline file: what must run, and what must not.
@Suite struct EditingStories {
  @Test func aSecondRunDoesNothingAndSaysSo() throws {
    let story = try Story()
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
    for _ in 0..<3 {
      let end = try story.project.run("run")
      #expect(end.status == 0)
      #expect(
        end.output.hasPrefix("3 assets: 0 ran, 0 restored, 3 fresh, 0 failed"), "\(end.output)")
    }
    #expect(try story.project.takeRan().isEmpty)
    #expect(try story.states() == ["upper": "fresh", "count": "fresh", "both": "fresh"])
  }

  @Test func anEditRunsWhatReadsIt() throws {
    let story = try Story()
    try story.bringUpToDate()
    try story.project.write("words.txt", "three four\n")
    #expect(try story.states()["upper"] == "stale")
    #expect(try story.project.run("status", "--check").status == 1)
    // The count is the same again, so its file is too; `both` reads the capitals as well.
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
  }

  @Test func touchingAFileRunsNothing() throws {
    let story = try Story()
    try story.bringUpToDate()
    story.project.setTime(of: "words.txt", to: 1_500_000_000)
    #expect(try story.bringUpToDate().isEmpty)
    try story.project.write("words.txt", "one two\n")
    #expect(try story.bringUpToDate().isEmpty)
  }

  @Test func aRevertedEditIsRestored() throws {
    let story = try Story()
    try story.bringUpToDate()
    try story.project.write("words.txt", "one two three\n")
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
    try story.project.write("words.txt", "one two\n")
    #expect(try story.bringUpToDate().isEmpty)
    try story.project.write("words.txt", "one two three\n")
    #expect(try story.bringUpToDate().isEmpty)
  }

  @Test func theSameResultStopsTheWave() throws {
    let story = try Story()
    try story.bringUpToDate()
    let changed = Story.pipeline.replacing("wc -w <", with: "wc -w  <")
    try story.project.write("pipeline.yaml", changed)
    #expect(try story.bringUpToDate() == ["count"])
  }

  @Test func layoutCommentsAndOrderRunNothing() throws {
    let story = try Story()
    try story.bringUpToDate()
    try story.project.write(
      "pipeline.yaml",
      """
      # The same, in another order and another style.
      assets:
          both:
              description: joined
              group: results
              with:
                  # as a block
                  command: >-
                      echo both >> $NB_ROOT/ran; cat $NB_INPUT_upper/text $NB_INPUT_count/text > text
              inputs:
                  count: count
                  upper: upper
              step: shell
          upper: {inputs: {words: words.txt}, with: {command: 'echo upper >> $NB_ROOT/ran; tr a-z A-Z < $NB_INPUT_words > text'}, step: shell}
          count:
              step: shell
              timeout: 5m
              retries: 2
              resources: {cpu: 1}
              with: {command: "echo count >> $NB_ROOT/ran; wc -w < $NB_INPUT_words > text"}
              inputs: {words: words.txt}
      name: renamed
      nanobuild: 1
      """)
    #expect(try story.bringUpToDate().isEmpty)
  }

  @Test func aRenamedAssetIsRestored() throws {
    let story = try Story()
    try story.bringUpToDate()
    let renamed = Story.pipeline.replacing("  upper:\n", with: "  capitals:\n")
      .replacing("{upper: upper,", with: "{upper: capitals,")
    try story.project.write("pipeline.yaml", renamed)
    let end = try story.project.run("run")
    #expect(end.status == 0)
    #expect(end.output.contains("0 ran, 1 restored, 2 fresh"), "\(end.output)")
    #expect(try story.project.takeRan().isEmpty)
    #expect(try story.project.result("capitals") == "ONE TWO\n")
    #expect(try story.project.result("both") == "ONE TWO\n2\n")
  }

  /// Two profiles, one parameter; the file `other.yaml` is the second.
  private func profiles() throws -> Story {
    let story = try Story(
      pipeline: """
        nanobuild: 1
        profile: small
        profiles:
          small: {assets: {number: {with: {parameters: {n: "1"}}}}}
          large: other.yaml
        assets:
          number:
            step: shell
            with: {command: "echo number >> $NB_ROOT/ran; echo $NB_PARAM_n > text"}
          next:
            step: shell
            inputs: {number: number}
            with: {command: "echo next >> $NB_ROOT/ran; sed s/^/n/ $NB_INPUT_number/text > text"}
          alone:
            step: shell
            with: {command: "echo alone >> $NB_ROOT/ran; echo alone > text"}

        """)
    try story.project.write("other.yaml", "assets: {number: {with: {parameters: {n: '2'}}}}\n")
    return story
  }

  @Test func aChangeInTheOtherProfileRunsNothing() throws {
    let story = try profiles()
    let project = story.project
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().count == 3)
    try project.write("other.yaml", "assets: {number: {with: {parameters: {n: '3'}}}}\n")
    #expect(try project.run("run").output.contains("3 fresh"))
    #expect(try project.takeRan().isEmpty)
    #expect(try project.result("next", profile: "small") == "n1\n")
  }

  @Test func switchingProfilesAwayAndBackRunsNothing() throws {
    let story = try profiles()
    let project = story.project
    #expect(try project.run("run").status == 0)
    #expect(try project.takeRan().count == 3)
    #expect(try project.run("run", "--profile", "large").status == 0)
    #expect(try project.takeRan() == ["number", "next"])
    for _ in 0..<2 {
      for (profile, text) in [("small", "n1\n"), ("large", "n2\n")] {
        #expect(try project.run("run", "--profile", profile).status == 0)
        #expect(try project.takeRan().isEmpty)
        #expect(try project.result("next", profile: profile) == text)
        #expect(try project.result("alone", profile: profile) == "alone\n")
      }
    }
  }

  @Test func aParameterOfOneRunIsRestoredLater() throws {
    let project = try profiles().project
    try project.run("run")
    _ = try project.takeRan()
    #expect(try project.run("run", "--set", "number.command=echo seven > text").status == 0)
    #expect(try project.result("next", profile: "small") == "nseven\n")
    #expect(try project.takeRan() == ["next"])
    #expect(try project.run("status", "--check").status == 1)
    #expect(try project.run("run").status == 0)
    #expect(try project.result("next", profile: "small") == "n1\n")
    #expect(try project.takeRan().isEmpty)
  }

  // MARK: Time stamps that lie

  @Test func anEditOfTheSameSizeWithItsTimePutBackIsSeen() throws {
    let story = try Story(words: "aaaa\n")
    story.project.setTime(of: "words.txt", to: 1_600_000_000)
    try story.bringUpToDate()
    #expect(try story.bringUpToDate().isEmpty)
    try story.project.keepingTimes(of: "words.txt") {
      try story.project.write("words.txt", "bbbb\n")
    }
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
    #expect(try story.project.result("upper") == "BBBB\n")
  }

  @Test func editsWithinOneTickAreAllSeen() throws {
    let story = try Story(words: "w00\n")
    for round in 0..<20 {
      try story.project.write("words.txt", "w\(10 + round)\n")
      // No pause: the file may be edited, read and edited again within the clock's grain.
      #expect(try story.project.run("run", "upper").status == 0)
      #expect(try story.project.result("upper") == "W\(10 + round)\n")
    }
  }

  @Test func theSamePipelineFileEditedWithinOneTickIsSeen() throws {
    let project = try TestProject()
    func pipeline(_ text: String) -> String {
      "nanobuild: 1\nassets: {a: {step: shell, with: {command: 'echo \(text) > text'}}}\n"
    }
    for round in 0..<20 {
      try project.write("pipeline.yaml", pipeline("v\(10 + round)"))
      #expect(try project.run("run").status == 0)
      #expect(try project.result("a") == "v\(10 + round)\n")
    }
  }

  @Test func filesFromTheFutureAreReadEveryTime() throws {
    let story = try Story(words: "soon\n")
    story.project.setTime(of: "words.txt", to: 4_000_000_000)
    try story.bringUpToDate()
    #expect(try story.bringUpToDate().isEmpty)
    try story.project.keepingTimes(of: "words.txt") {
      try story.project.write("words.txt", "late\n")
    }
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
  }

  // MARK: Names

  @Test(arguments: ["with some spaces", "ünïcödé 日本語", "a'quote\"and$HOME", "-n"])
  func hardFolderNames(_ name: String) throws {
    let story = try Story(pipeline: quoted(Story.pipeline), name: name)
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
    #expect(try story.bringUpToDate().isEmpty)
    try story.project.write("words.txt", "other words here\n")
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
  }

  @Test func hardFileAndAssetNames() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        größe-1.x:
          step: shell
          inputs: {file: "in put/übung 1.txt"}
          with: {command: 'cp "$NB_INPUT_file" "$NB_OUT/à la carte.txt"'}
        日本:
          step: shell
          inputs: {a: größe-1.x}
          with: {command: 'cat "$NB_INPUT_a/à la carte.txt" > text'}
      """)
    for text in ["first\n", "second\n", "first\n"] {
      try project.write("in put/übung 1.txt", text)
      #expect(try project.run("run").status == 0)
      #expect(try project.result("größe-1.x", "à la carte.txt") == text)
      #expect(try project.result("日本") == text)
    }
  }

  @Test func linkedFilesCountByWhatTheyLeadTo() throws {
    let story = try Story()
    let project = story.project
    try project.write("one.txt", "one\n")
    try project.write("two.txt", "two too\n")
    project.remove("words.txt")
    symlink("one.txt", project.file("words.txt"))
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
    try project.write("one.txt", "won\n")
    #expect(try story.bringUpToDate().contains("upper"))
    unlink(project.file("words.txt"))
    symlink("two.txt", project.file("words.txt"))
    #expect(try story.bringUpToDate() == ["both", "count", "upper"])
  }

  @Test func aProjectReachedThroughALinkIsTheSame() throws {
    let story = try Story(name: "real")
    try story.bringUpToDate()
    symlink("real", story.project.folder.file("link"))
    let end = try story.project.run("run", "-C", story.project.folder.file("link"))
    #expect(end.status == 0)
    #expect(end.output.contains("0 ran"), "\(end.output)")
    try story.project.write("words.txt", "new\n")
    #expect(try story.project.run("run", "-C", story.project.folder.file("link")).status == 0)
    try story.expectRight()
  }

  /// The pipeline with its variables in quotes, as folder names with spaces need.
  private func quoted(_ pipeline: String) -> String {
    ["$NB_ROOT/ran", "$NB_INPUT_words", "$NB_INPUT_upper/text", "$NB_INPUT_count/text"]
      .reduce(pipeline) { text, word in text.replacing(word, with: "\\\"\(word)\\\"") }
  }
}
