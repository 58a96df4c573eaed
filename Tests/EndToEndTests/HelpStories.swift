import TestSupport
import Testing

@Suite struct HelpStories {
  /// Of a command that consists of subcommands, in whatever order its words stand.
  @Test(arguments: [("cache", "verify"), ("cache", "gc"), ("bench", "train"), ("bench", "machine")])
  func helpOfASubcommandIsFoundEitherWay(group: String, name: String) throws {
    let project = try TestProject()
    let help = try project.run(group, name, "--help")
    #expect(help.status == 0 && help.output.contains("USAGE: nanobuild \(group) \(name) "))
    for arguments in [
      ["help", group, name], [group, "help", name], [group, "--no-color", "help", name],
      ["-C", "elsewhere", group, "--plain", "help", "--no-color", name],
    ] {
      let end = try project.run(arguments: arguments)
      #expect(end.status == 0 && end.output == help.output, "\(arguments): \(end.error)")
    }
    let all = try project.run(group, "--plain", "help")
    let expected = try project.run(group, "--help")
    #expect(all.status == 0 && all.output == expected.output)
  }
}
