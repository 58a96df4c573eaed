import CommandLineTool
import PipelineFile
import TestSupport
import Testing

struct PipelineFormsTests {
  private func forms(_ folder: TemporaryFolder, tool: String = "tool") -> PipelineForms {
    PipelineForms(cache: folder.path, toolIdentifier: tool)
  }

  @Test func formsComeBackToTheProgramThatKeptThem() throws {
    let folder = try TemporaryFolder()
    try folder.write("state.sqlite", "")
    forms(folder).store.save("a", [1, 2, 3])
    #expect(forms(folder).store.load("a") == [1, 2, 3])
    #expect(forms(folder).store.load("b") == nil)
    #expect(forms(folder, tool: "rebuilt").store.load("a") == nil)
  }

  @Test func whereThereIsNoCacheNoneIsMade() throws {
    let folder = try TemporaryFolder()
    forms(folder).store.save("a", [1])
    #expect(try folder.list().isEmpty)
  }

  @Test func onlyTheNewestAreKept() throws {
    let folder = try TemporaryFolder()
    try folder.write("state.sqlite", "")
    let count = PipelineForms.mostKept + 5
    for number in 0..<count { forms(folder).store.save("\(number)", [UInt8(number)]) }
    #expect(try folder.list("pipelines").count == PipelineForms.mostKept)
    #expect(forms(folder).store.load("\(count - 1)") == [UInt8(count - 1)])
  }

  @Test func everyDamageIsNoticed() throws {
    let folder = try TemporaryFolder()
    try folder.write("state.sqlite", "")
    forms(folder).store.save("a", Array("a pipeline".utf8))
    let file = "pipelines/" + (try #require(try folder.list("pipelines").first))
    let whole = try TemporaryFolder.read(at: folder.file(file))
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 1
      try folder.write(file, bytes: bytes)
      #expect(forms(folder).store.load("a") == nil)
      try folder.write(file, bytes: Array(whole.prefix(place)))
      #expect(forms(folder).store.load("a") == nil)
    }
    try folder.write(file, bytes: whole)
    #expect(forms(folder).store.load("a") != nil)
  }
}
