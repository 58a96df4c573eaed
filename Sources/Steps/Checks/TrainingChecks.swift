import BuildEngine
import Diagnostics
import Glibc
import JSON
import LanguageModel
import PipelineFile

/// Checks on checkpoints.
enum TrainingChecks {
  static let all: [(CheckSchema, any Check)] = [
    (LossBelowCheck.schema, LossBelowCheck()),
    (NoNaNCheck.schema, NoNaNCheck()),
    (StartsAtLogVocabularyCheck.schema, StartsAtLogVocabularyCheck()),
    (BeatsCheck.schema, BeatsCheck()),
  ]
}

/// `train.loss_below`: training came down to a loss.
struct LossBelowCheck: Check {
  static let schema = CheckSchema(
    name: "train.loss_below", summary: "The smoothed loss of the last step is below a limit.",
    appliesTo: [.checkpoint],
    parameters: [
      ParameterSchema("loss", .number(0...1000), isRequired: true, "limit, in nats a token"),
      ParameterSchema("metric", .string, default: "loss", "the metric to look at"),
    ])

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let parameters = ParameterReader(context.parameters, owner: context.check)
    let limit = try parameters.double("loss")
    let metric = try parameters.string("metric")
    guard let value = try ResultFiles.numbers(in: context.result)[metric]?.doubleValue else {
      throw StepFailure("the checkpoint has no metric `\(metric)`")
    }
    return CheckVerdict(
      passed: value < limit, message: "\(metric) \(Format.fixed(value, 4)), below \(limit) wanted",
      numbers: [metric: .double(value), "limit": .double(limit)])
  }
}

/// `train.no_nan`: no weight and no reported number is infinite or not a number.
struct NoNaNCheck: Check {
  static let schema = CheckSchema(
    name: "train.no_nan", summary: "Every weight and every reported loss is a finite number.",
    appliesTo: [.checkpoint])

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let numbers = try ResultFiles.numbers(in: context.result)
    for (name, value) in numbers.sorted(by: { $0.key < $1.key }) where value.isNull {
      return CheckVerdict(passed: false, message: "metric `\(name)` is not a finite number")
    }
    if let bytes = try ResultFiles.optionalBytes(context.result + "/" + ResultFiles.curve) {
      for (index, line) in bytes.split(separator: 0x0a).enumerated() {
        let point = try ResultFiles.object(
          Array(line), path: "\(context.result)/\(ResultFiles.curve)")
        for (name, value) in point where value.isNull {
          return CheckVerdict(
            passed: false,
            message: "`\(name)` in line \(index + 1) of the curve is not a finite number")
        }
      }
    }
    let weights = try SafetensorsFile(path: context.result + "/" + ModelFolder.weights)
    var count = 0
    for name in weights.names {
      guard let shape = weights.entries[name]?.shape else { continue }
      var values = [Float](repeating: 0, count: shape.reduce(1, *))
      try weights.read(name, shape: shape, into: &values)
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        return CheckVerdict(
          passed: false, message: "element \(index) of `\(name)` is \(values[index])")
      }
      count += values.count
    }
    return CheckVerdict(
      passed: true, message: "\(count) weights are finite", numbers: ["weights": .int(count)])
  }
}

/// `train.starts_at_log_vocab`: a model that knows nothing gives every token the same probability.
struct StartsAtLogVocabularyCheck: Check {
  static let schema = CheckSchema(
    name: "train.starts_at_log_vocab",
    summary: "The first loss of a new model is ln V, as its zero head makes it.",
    appliesTo: [.checkpoint],
    parameters: [
      ParameterSchema("tolerance", .number(0...100), default: 0.001, "largest difference, in nats")
    ])

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let tolerance = try ParameterReader(context.parameters, owner: context.check).double(
      "tolerance")
    let numbers = try ResultFiles.numbers(in: context.result)
    guard let first = numbers["first_loss"]?.doubleValue,
      let vocabulary = numbers["vocabulary_size"]?.doubleValue
    else {
      throw StepFailure("the checkpoint does not say its first loss and vocabulary size")
    }
    let expected = log(vocabulary)
    return CheckVerdict(
      passed: abs(first - expected) <= tolerance,
      message:
        "the first loss is \(Format.fixed(first, 4)), ln \(Int(vocabulary)) is \(Format.fixed(expected, 4))",
      numbers: ["first_loss": .double(first), "expected": .double(expected)])
  }
}

/// `train.beats`: a metric is better than another asset's.
struct BeatsCheck: Check {
  static let schema = CheckSchema(
    name: "train.beats", summary: "A metric is better than that of another asset.",
    appliesTo: [.checkpoint, .metrics],
    parameters: [
      ParameterSchema("asset", .string, isRequired: true, "the asset to compare with"),
      ParameterSchema("metric", .string, default: "bpb", "the metric of both"),
      ParameterSchema(
        "better", .choice(["lower", "higher"]), default: "lower", "which way is better"),
      ParameterSchema("by", .number(0...1e9), default: 0.0, "smallest difference that counts"),
    ],
    assetParameters: ["asset"])

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let parameters = ParameterReader(context.parameters, owner: context.check)
    let other = try parameters.string("asset")
    let metric = try parameters.string("metric")
    guard let folder = context.otherResults[other] else {
      throw StepFailure("there is no result of `\(other)`")
    }
    let ours = try Self.value(metric, in: context.result, of: context.asset)
    let theirs = try Self.value(metric, in: folder, of: other)
    let gain = try parameters.string("better") == "lower" ? theirs - ours : ours - theirs
    let margin = try parameters.double("by")
    return CheckVerdict(
      passed: margin > 0 ? gain >= margin : gain > 0,
      message: "\(metric) \(Format.fixed(ours, 4)), `\(other)` has \(Format.fixed(theirs, 4))",
      numbers: [metric: .double(ours), "other": .double(theirs)])
  }

  private static func value(
    _ metric: String, in folder: String, of asset: String
  ) throws(StepFailure) -> Double {
    guard let value = try ResultFiles.numbers(in: folder)[metric]?.doubleValue else {
      throw StepFailure("`\(asset)` has no metric `\(metric)`")
    }
    return value
  }
}
