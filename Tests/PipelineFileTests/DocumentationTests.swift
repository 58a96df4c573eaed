import Diagnostics
import PipelineFile
import Testing

/// The examples of docs/PIPELINE_FORMAT.md mean what the page says.
@Suite struct DocumentationTests {
  private func blocks() throws -> [String] {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let bytes = try FileReader.disk.read("/\(folder)/docs/PIPELINE_FORMAT.md")
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: "```yaml\n").dropFirst()
    return parts.compactMap { $0.split(separator: "```").first.map(String.init) }
  }

  @Test func theExampleLoads() throws {
    let files = TestFiles(try #require(try blocks().first), ["profiles/full.yaml": "assets: {}\n"])
    let quick = try files.pipeline()
    #expect(quick.name == "words")
    #expect(quick["sorted"]?.partitions?.values == ["0", "1"])
    #expect(quick["sorted"]?.references(of: "text").map(\.isPartitionByPartition) == [true])
    #expect(try files.pipeline(profile: "full")["count"]?.inputAssets == ["sorted"])
  }

  @Test func everyPartitionsLineIsAccepted() throws {
    let block = try #require(try blocks().first { $0.hasPrefix("partitions:") })
    let lines = block.split(separator: "\n")
    #expect(lines.count == 5)
    for line in lines {
      let pipeline = try TestFiles(
        """
        nanobuild: 1
        assets:
          text: {step: data.fetch, partitions: {p: 1..3}, with: {url: x}}
          a:
            step: shell
            with: {command: x}
            \(line)
        """
      ).pipeline()
      #expect((pipeline["a"]?.partitions?.values.count ?? 0) > 1)
    }
  }

  @Test func theExampleOfAnErrorIsWhatIsPrinted() throws {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let page = String(
      decoding: try FileReader.disk.read("/\(folder)/docs/PIPELINE_FORMAT.md"), as: UTF8.self)
    let yaml =
      String(repeating: "#\n", count: 9) + "nanobuild: 1\nassets:\n    tokenizer:\n"
      + "      step: shell\n      inptus: {text: text}\n      with: {command: x}\n"
    #expect(page.contains("```text\n\(TestFiles(yaml).report())```"))
  }
}
