import JSON
import PipelineFile
import Steps
import Testing

/// What is wrong with a training asset is told before anything runs.
@Suite struct TrainingDeclarationTests {
  /// With the defaults of all parameters that are not given.
  private func faults(
    _ schema: StepSchema, _ given: [String: JSONValue], inputs: [String] = []
  ) -> [StepDeclaration.Fault] {
    var parameters = given
    for parameter in schema.parameters where parameters[parameter.name] == nil {
      parameters[parameter.name] = parameter.defaultValue
    }
    return schema.faults(StepDeclaration(parameters: parameters, inputs: inputs))
  }

  @Test func defaultsHaveNoFault() {
    for schema in [TrainStep.baseSchema, TrainStep.midSchema, TrainStep.sftSchema] {
      #expect(faults(schema, [:]) == [])
    }
    #expect(
      faults(TrainStep.baseSchema, ["tokens_per_step": 16_384, "depth": 6]) == [])
  }

  static let wrong: [(given: [String: JSONValue], parameter: String, text: String)] = [
    (["depth": 5], "depth", "4 and 6"),
    (["width": 64], "width", "`width` is given without `layers`"),
    (["layers": 2, "width": 64], "layers", "needs `width` and `heads`"),
    (["layers": 2, "width": 65, "heads": 2], "width", "an even multiple of `heads`"),
    (
      ["layers": 2, "width": 64, "heads": 4, "key_value_heads": 3], "key_value_heads",
      "must divide `heads`"
    ),
    (["tokens_per_step": 10_000], "tokens_per_step", "8192 or 16384 would do"),
    (["batch_rows": 100_000], "batch_rows", "must be 1 to 65536"),
    (["warmup_ratio": 0.9], "warmup_ratio", "`warmdown_ratio` of 0.2"),
  ]

  @Test(arguments: wrong) func aFaultIsToldAtItsParameter(
    given: [String: JSONValue], parameter: String, text: String
  ) throws {
    let found = faults(TrainStep.baseSchema, given)
    #expect(found.map(\.path) == [[parameter]], "\(found)")
    #expect(try #require(found.first).message.contains(text), "\(found)")
  }

  @Test func ofTwoWaysToSayOneThingNoneIsIgnoredSilently() {
    func paths(
      _ schema: StepSchema, _ given: [String: (JSONValue, StepDeclaration.Layer)]
    ) -> [[String]] {
      var parameters = given.mapValues { $0.0 }
      for parameter in schema.parameters where parameters[parameter.name] == nil {
        parameters[parameter.name] = parameter.defaultValue
      }
      let faults = schema.faults(
        StepDeclaration(parameters: parameters, layers: given.mapValues { $0.1 }))
      return faults.map(\.path)
    }
    let all: [String: (JSONValue, StepDeclaration.Layer)] = [
      "depth": (4, .pipelineFile), "layers": (2, .pipelineFile), "width": (64, .pipelineFile),
      "heads": (2, .pipelineFile), "steps": (10, .pipelineFile),
      "operations": (1e9, .pipelineFile), "tokens_per_parameter": (20, .pipelineFile),
    ]
    #expect(
      paths(TrainStep.baseSchema, all) == [["depth"], ["operations"], ["tokens_per_parameter"]])
    let layers: [StepDeclaration.Layer] = [.pipelineFile, .profile, .commandLine]
    for (steps, epochs) in layers.flatMap({ a in layers.map { (a, $0) } }) {
      // What is above may change what is below, but not be ignored for it.
      #expect(
        paths(TrainStep.sftSchema, ["steps": (10, steps), "epochs": (2, epochs)])
          == (steps > epochs ? [] : [["epochs"]]), "\(steps) \(epochs)")
    }
  }

  @Test func faultsAreToldTogether() {
    #expect(
      faults(TrainStep.baseSchema, ["depth": 5, "tokens_per_step": 100, "warmup_ratio": 0.9])
        .map(\.path) == [["warmup_ratio"], ["depth"], ["tokens_per_step"]])
  }

  @Test func stagesHaveFaultsOfTheirOwn() {
    // Its rates fall over the whole run unless told otherwise.
    let warmUp = faults(TrainStep.sftSchema, ["warmup_ratio": 0.1])
    #expect(warmUp.map(\.path) == [["warmup_ratio"]])
    #expect(faults(TrainStep.sftSchema, ["warmup_ratio": 0.1, "warmdown_ratio": 0.9]) == [])
    // The model's own length is not known yet.
    #expect(faults(TrainStep.sftSchema, ["tokens_per_step": 1000]) == [])
    #expect(
      faults(TrainStep.sftSchema, ["tokens_per_step": 1000, "sequence_length": 64]).map(\.path)
        == [["tokens_per_step"]])
    let mixed = faults(TrainStep.midSchema, ["text_fraction": 0.5], inputs: ["model"])
    #expect(mixed.map(\.path) == [["text_fraction"]])
    #expect(faults(TrainStep.midSchema, ["text_fraction": 0.5], inputs: ["tokens"]) == [])
  }

  /// A value of a wrong type is missing here, and told elsewhere.
  @Test func aMissingValueIsNoFault() {
    #expect(TrainStep.baseSchema.faults(StepDeclaration(parameters: ["depth": 5])) == [])
  }
}
