import TestSupport
import Testing

/// More inputs than a process may be given in variables.
@Suite struct ManyInputsStories {
  @Test func aLongListOfFilesComesInAFile() throws {
    let project = try TestProject(
      """
      nanobuild: 1
      name: many
      assets:
        all:
          step: shell
          inputs: {files: "in/*.txt"}
          with: {command: 'cut -f2 "$NB_INPUTS" | xargs cat > text; cut -f1 "$NB_INPUTS" | uniq > names'}
        wrong:
          step: shell
          inputs: {files: "in/*.txt"}
          with: {command: 'echo "$NB_INPUT_files" > text'}
        few:
          step: shell
          inputs: {file: in/one.txt}
          with: {command: 'test -z "${NB_INPUTS-}"; cat "$NB_INPUT_file" > text'}

      """)
    let long = String(repeating: "x", count: 200)
    var expected = ""
    for number in 1000..<1900 {
      try project.write("in/\(long)\(number).txt", "\(number)\n")
      expected += "\(number)\n"
    }
    try project.write("in/one.txt", "one\n")
    let end = try project.run("run", "all", "few")
    #expect(end.status == 0, "\(end.error)")
    #expect(try project.result("all") == "one\n" + expected)
    #expect(try project.read("cache/current/default/all/names") == "files\n")
    #expect(try project.result("few") == "one\n")
    let wrong = try project.run("run", "wrong")
    #expect(wrong.status == 1)
    #expect(wrong.error.contains("NB_INPUT_files"), "\(wrong.error)")
  }
}
