import Glibc
import TestSupport
import Testing

/// The completion scripts, loaded into the shell they are for.
@Suite struct CompletionStories {
  /// What bash offers for the last of `words`.
  private func candidates(_ project: TestProject, _ words: String...) throws -> [String] {
    try project.write("completions.bash", project.run("completions", "bash").output)
    try project.write(
      "ask.bash",
      """
      source completions.bash
      COMP_WORDS=("$@")
      COMP_CWORD=$(($# - 1))
      COMP_LINE="$*"
      COMP_POINT=${#COMP_LINE}
      complete=$(complete -p nanobuild)
      complete=${complete##*-F }
      ${complete%% *} nanobuild "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """)
    try project.folder.makeFolder("bin")
    symlink(TestProject.program, project.file("bin/nanobuild"))
    let end = try RunningProgram(
      "/bin/bash", ["ask.bash", "nanobuild"] + words, folder: project.path,
      environment: ["PATH": project.file("bin") + ":/usr/bin:/bin", "LANG": "C.UTF-8"]
    ).wait()
    return end.lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }
  }

  @Test(.enabled(if: access("/bin/bash", X_OK) == 0, "there is no bash"))
  func bashOffersWhatThePipelineHas() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      profiles: {quick: {}, full: {}}
      assets:
        words: {step: shell, with: {command: "true"}}
        größe: {step: shell, with: {command: "true"}}

      """)
    try project.write(
      "sub/pipeline.yaml", "nanobuild: 1\nassets: {other: {step: shell, with: {command: 'true'}}}\n"
    )
    #expect(try candidates(project, "ru") == ["run"])
    #expect(try candidates(project, "run", "") == ["words", "größe"])
    #expect(try candidates(project, "explain", "w") == ["words"])
    #expect(try candidates(project, "status", "-C", "sub", "") == ["other"])
    #expect(try candidates(project, "-C", "sub", "run", "") == ["other"])
    #expect(try candidates(project, "-f", "sub/pipeline.yaml", "--plain", "sta") == ["status"])
    #expect(try candidates(project, "-C", "s") == ["sub"])
    #expect(try candidates(project, "run", "--profile", "") == ["quick", "full"])
    #expect(try candidates(project, "run", "--keep") == ["--keep-going"])
    #expect(try candidates(project, "run", "--set", "words.c") == ["words.command="])
    #expect(try candidates(project, "compare", "quick", "") == ["quick", "full", "words", "größe"])
    #expect(try candidates(project, "steps", "tokenizer.tr") == ["tokenizer.train"])
    #expect(try candidates(project, "cache", "v") == ["verify"])
    #expect(try candidates(project, "cache", "gc", "--or") == ["--orphans"])
    // Without a pipeline that can be read nothing is offered, and nothing is said.
    try project.write("pipeline.yaml", "assets: [")
    #expect(try candidates(project, "run", "").isEmpty)
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func everyShellsScriptIsPrinted(shell: String) throws {
    let project = try TestProject()
    let end = try project.run("completions", shell)
    #expect(end.status == 0)
    #expect(end.output.contains("nanobuild") && end.output.contains("keep-going"))
    #expect(try project.run("completions", "tcsh").status == 64)
  }
}
