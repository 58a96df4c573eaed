import CommandLineTool
import Testing

@Suite struct FreshRequestTests {
  @Test func plainSpellingsAreUnderstood() throws {
    let request = try #require(
      FreshRequest([
        "-C", "dir", "--plain", "run", "a", "--profile", "full", "--set", "a.x=1", "-j", "4", "b",
        "-f", "other.yaml", "--json", "--keep-going",
      ]))
    #expect(request.command == .run)
    #expect(request.targets == ["a", "b"])
    #expect(request.directory == "dir")
    #expect(request.file == "other.yaml")
    #expect(request.profile == "full")
    #expect(request.overrides == ["a.x=1"])
    #expect(request.plain && request.json && !request.noColor)
    #expect(FreshRequest(["status", "--check"])?.command == .status)
    #expect(FreshRequest(["--version"])?.command == .version)
  }

  /// What changes the work, or could be an error, is the parser's.
  @Test(arguments: [
    [], ["--help"], ["run", "--help"], ["run", "-n"], ["run", "--dry-run"],
    ["run", "--force", "a"],
    ["run", "--only", "a"], ["run", "-j", "0"], ["run", "-j", "x"], ["run", "-j4"], ["run", "-j"],
    ["run", "--executor", "slurm"], ["run", "--profile=full"], ["run", "--set"],
    ["run", "--set", "-x"], ["run", "--unknown"], ["run", "--", "a"], ["run", "--check"],
    ["status", "-j", "2"], ["status", "--keep-going"], ["--json", "run"],
    ["--profile", "p", "run"],
    ["plan"], ["explain", "a"], ["runs"], ["a", "run"], ["run", "-C", "a", "-C", "b"],
    ["run", "--profile", "a", "--profile", "b"], ["--version", "run"],
  ])
  func theRestIsLeftToTheParser(_ arguments: [String]) {
    #expect(FreshRequest(arguments) == nil)
  }
}
