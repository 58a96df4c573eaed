import BuildEngine
import JSON
import LanguageModel
import PipelineFile
import Training

/// Faults of a training asset that can be told before anything runs: all that asks for no data.
struct TrainingDeclaration {
  private let kind: TrainingStage.Kind
  private let declaration: StepDeclaration

  init(_ kind: TrainingStage.Kind, _ declaration: StepDeclaration) {
    self.kind = kind
    self.declaration = declaration
  }

  var faults: [StepDeclaration.Fault] {
    guard hasAllDefaults else { return [] }
    let options: TrainingOptions
    do throws(StepFailure) {
      let parameters = ParameterReader(declaration.parameters, owner: schema.name)
      options = try TrainingOptions(parameters: parameters, stage: kind)
    } catch {
      return [.init([shapeParameter], error.message, help: error.help)]
    }
    return contradictions
      + fault { () throws(TrainingError) in try options.validate() } + shape(options)
      + fault { () throws(TrainingError) in
        // Without it the model's own length counts, which is not known yet.
        guard let sequence = options.sequenceLength else { return }
        _ = try options.accumulation(sequenceLength: sequence)
      } + text(options)
  }

  private var schema: StepSchema {
    switch kind {
    case .base: TrainStep.baseSchema
    case .mid: TrainStep.midSchema
    case .sft: TrainStep.sftSchema
    }
  }

  /// A parameter of a wrong type has no value here; that fault is told already.
  private var hasAllDefaults: Bool {
    schema.parameters.allSatisfy {
      $0.defaultValue == nil || declaration.parameters[$0.name] != nil
    }
  }

  /// Where to point when numbers of the shape do not go together.
  private var shapeParameter: String {
    ["layers", "width", "heads", "key_value_heads"]
      .first { declaration.parameters[$0] != nil } ?? "layers"
  }

  /// Ways to say one thing, of which the first one that is given counts: so a profile or `--set` can
  /// shorten a run planned otherwise. Given in one place, or below what would be ignored, it is a
  /// mistake.
  private static let alternatives: [(what: String, names: [String])] = [
    ("the shape", ["layers", "depth"]),
    ("how long to train", ["steps", "operations", "tokens_per_parameter", "epochs"]),
  ]

  private var contradictions: [StepDeclaration.Fault] {
    var faults: [StepDeclaration.Fault] = []
    for (what, names) in Self.alternatives {
      for (place, name) in names.enumerated() {
        guard let layer = declaration.layers[name],
          let winner = names[..<place].first(where: {
            declaration.layers[$0].map { $0 <= layer } ?? false
          })
        else { continue }
        faults.append(
          .init(
            [name], "`\(winner)` and `\(name)` both say \(what)",
            help: "leave one out, or make it `null`: `\(winner)` would count alone", other: winner))
      }
    }
    return faults
  }

  /// Later stages take the shape of their model. The size of the vocabulary does not matter here.
  private func shape(_ options: TrainingOptions) -> [StepDeclaration.Fault] {
    guard kind == .base else { return [] }
    return fault { () throws(TrainingError) in
      _ = try TrainingPlan.configuration(options, vocabularySize: 512)
    }
  }

  private func text(_ options: TrainingOptions) -> [StepDeclaration.Fault] {
    guard kind == .mid, options.textFraction > 0, !declaration.inputs.contains("tokens") else {
      return []
    }
    return [
      .init(
        ["text_fraction"], "`text_fraction` mixes in text, and there is no input `tokens`",
        help: "name the token shards under `inputs`")
    ]
  }

  private func fault(_ body: () throws(TrainingError) -> Void) -> [StepDeclaration.Fault] {
    do throws(TrainingError) {
      try body()
      return []
    } catch {
      return [.init(path(of: error), error.description)]
    }
  }

  private func path(of error: TrainingError) -> [String] {
    switch error {
    case .badOption(let name, _): [name]
    case .indivisibleStep: ["tokens_per_step"]
    case .model(.invalidDepth): ["depth"]
    case .model(.invalidShape(let field, _, _)), .model(.invalidNumber(let field, _, _)): [field]
    default: []
    }
  }
}
