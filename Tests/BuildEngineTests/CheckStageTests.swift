import BuildEngine
import Glibc
import JSON
import Testing

/// The staging folder of a check, named by process and job.
@Suite struct CheckStageTests {
  @Test func linksOfADeadRunWithTheSameNumberAreNotJudged() throws {
    let lab = try EngineLab()
    lab.toys.defineCheck("good") { context in
      let text = try Toys.contents(context.result + "/x/text")
      return CheckVerdict(passed: text.contains("good"), message: text)
    }
    for number in 0..<8 {
      let folder = "\(lab.layout.staging)/check-\(getpid())-\(number)/inputs/a/x"
      try Disk.makeFolders(folder)
      try Disk.writeWhole(Array("good".utf8), to: folder + "/text")
    }
    let check = CheckNode(name: "good")
    let asset = join(
      "a", [:], ["text": "bad"], checks: [check],
      partitions: PartitionSet(key: "p", values: ["x"]))
    #expect(try lab.run([asset]).summary.failedChecks == 1)
  }
}
