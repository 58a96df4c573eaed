import JSON
import TestSupport
import Testing

/// `bench engine` makes its own projects and cleans up behind itself.
@Suite struct BenchStories {
  @Test func theEngineIsMeasured() throws {
    let project = try TestProject()
    project.environment["TMPDIR"] = project.path
    let end = try project.run(
      "bench", "engine", "--sizes", "10,20", "--repeats", "3", "--megabytes", "4", "--json")
    #expect(end.status == 0, "\(end.error)")
    let json = try JSONParser.parse(end.output)
    #expect(json["version"]?.intValue == 1)
    let graphs = try #require(json["graphs"]?.arrayValue)
    #expect(graphs.map { $0["steps"]?.intValue } == [10, 20])
    for graph in graphs {
      for name in ["run", "status"] {
        #expect((graph[name]?["seconds"]?.doubleValue ?? 0) > 0)
      }
      let hasPeer = graph["ninja"] != nil
      #expect((graph["run"]?["time_ratio_to_ninja"] != nil) == hasPeer)
    }
    #expect((json["hashing"]?["one_thread_seconds"]?.doubleValue ?? 0) > 0)
    #expect((json["start"]?["version_seconds"]?.doubleValue ?? 0) > 0)
    #expect(try project.list(".") == [], "something is left behind")
  }

  @Test func itSaysWhatIsMissing() throws {
    let project = try TestProject()
    project.environment["TMPDIR"] = project.path
    project.environment["PATH"] = "/nowhere"
    let end = try project.run(
      "bench", "engine", "--sizes", "2", "--repeats", "1", "--megabytes", "1")
    #expect(end.error.contains("ninja is not installed"))
    #expect(end.error.contains("xxhsum is not installed"))
  }

  @Test func wrongSizesAreTold() throws {
    let end = try TestProject().run("bench", "engine", "--sizes", "1000,x")
    #expect(end.status == 64)
    #expect(end.error.contains("--sizes"))
  }
}
