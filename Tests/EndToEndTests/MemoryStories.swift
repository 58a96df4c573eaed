import JSON
import TestSupport
import Testing

/// What training takes is what it says before it begins.
@Suite(.serialized) struct MemoryStories {
  private func project() throws -> TestProject {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        text: {step: data.fetch, with: {url: data/shard_00004.parquet}}
        tokenizer: {step: tokenizer.train, inputs: {text: text}, with: {vocab_size: 4096}}
        tokens: {step: tokenizer.encode, inputs: {text: text, tokenizer: tokenizer}}
        base:
          step: train.base
          inputs: {tokens: tokens, validation: tokens, tokenizer: tokenizer}
          with:
            {depth: 2, sequence_length: 256, batch_rows: 8, steps: 4, evaluation_tokens: 8192,
            sample_tokens: 4}

      """)
    try project.copy(fromRepository: "data/shard_00004.parquet")
    return project
  }

  /// A number of the last run of `base`.
  private func measurement(_ name: String, _ project: TestProject) throws -> Double {
    let end = try project.run("show", "base", "--json")
    func search(_ value: JSONValue) -> Double? {
      if let found = value[name]?.doubleValue { return found }
      for inner in value.objectValue?.values.map({ $0 }) ?? value.arrayValue ?? [] {
        if let found = search(inner) { return found }
      }
      return nil
    }
    return try #require(search(try JSONParser.parse(end.output)), "\(end.output)")
  }

  @Test(arguments: [2, 4]) func thePeakIsWithinATenthOfThePlan(depth: Int) throws {
    let project = try project()
    let end = try project.run("run", "--set", "base.depth=\(depth)")
    #expect(end.status == 0, "\(end.error)")
    let planned = try measurement("planned_memory_bytes", project)
    let peak = try measurement("peak_memory_bytes", project)
    #expect(abs(peak / planned - 1) < 0.1, "\(peak) of \(planned)")
  }

  @Test func aStepKeepsNoMemory() throws {
    var peaks: [Double] = []
    for steps in [10, 60] {
      let project = try project()
      let end = try project.run(
        "run", "--set", "base.steps=\(steps)", "--set", "base.sequence_length=64")
      #expect(end.status == 0, "\(end.error)")
      peaks.append(try measurement("peak_memory_bytes", project))
    }
    // 50 steps leave 50 lines of metrics and nothing else.
    #expect(peaks[1] - peaks[0] < 1_048_576, "\(peaks)")
  }
}
