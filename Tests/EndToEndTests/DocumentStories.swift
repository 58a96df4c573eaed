import TestSupport
import Testing

/// What the documents say of the tests is so.
@Suite struct DocumentStories {
  @Test func everyStoryOfTheTableIsToldSomewhere() throws {
    let page = try text("docs/ARCHITECTURE.md")
    let title = try #require(page.firstRange(of: "and the story of each"))
    let table = page[title.upperBound...]
    var tests = ""
    for folder in ["Tests/EndToEndTests", "Tests/BuildEngineTests"] {
      for name in try TemporaryFolder.list(at: TestProject.repository + "/" + folder)
      where name.hasSuffix(".swift") {
        tests += try text("\(folder)/\(name)")
      }
    }
    var found = 0
    for name in table.split(separator: "`").map(String.init) {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy(\.isLetter) }),
        let last = parts.last, last.contains(where: \.isUppercase), last != "JSON"
      else { continue }
      found += 1
      let isThere =
        last.first?.isUppercase == true
        ? tests.contains("struct \(last) ") : tests.contains("func \(last)(")
      #expect(isThere, "\(name)")
    }
    #expect(found > 40)
  }

  private func text(_ path: String) throws -> String {
    String(
      decoding: try TemporaryFolder.read(at: TestProject.repository + "/" + path), as: UTF8.self)
  }
}
