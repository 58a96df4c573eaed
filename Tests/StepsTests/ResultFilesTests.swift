import BuildEngine
import Glibc
import JSON
import Steps
import TestSupport
import Testing

@Suite struct ResultFilesTests {
  @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedAndNotWaitedFor() throws {
    let folder = try TemporaryFolder("result-files")
    #expect(mkfifo(folder.file(ResultFiles.metrics), 0o600) == 0)
    #expect(throws: StepFailure.self) { try ResultFiles.numbers(in: folder.path) }
  }

  @Test func noFileIsNoFault() throws {
    let folder = try TemporaryFolder("result-files")
    #expect(try ResultFiles.numbers(in: folder.path).isEmpty)
    #expect(try ResultFiles.optionalBytes(folder.file("none")) == nil)
    try folder.write(ResultFiles.metrics, "{\"loss\": 1.5}")
    #expect(try ResultFiles.numbers(in: folder.path) == ["loss": 1.5])
  }
}
