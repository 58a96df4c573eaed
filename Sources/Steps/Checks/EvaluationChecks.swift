import BuildEngine
import Diagnostics
import JSON
import PipelineFile

/// Checks on evaluations.
enum EvaluationChecks {
  static let all: [(CheckSchema, any Check)] = [(AtLeastCheck.schema, AtLeastCheck())]
}

/// `eval.at_least`: a metric reaches a value, and says how sure that is.
struct AtLeastCheck: Check {
  static let schema = CheckSchema(
    name: "eval.at_least", summary: "A metric reaches a value.",
    appliesTo: [.metrics, .checkpoint],
    parameters: [
      ParameterSchema("metric", .string, isRequired: true, "such as `arithmetic_accuracy`"),
      ParameterSchema("value", .number(-1e9...1e9), isRequired: true, "the least it may be"),
      ParameterSchema(
        "surely", .boolean, default: false,
        "compare the lower end of the 95 % interval instead of the value"),
    ])

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let parameters = ParameterReader(context.parameters, owner: context.check)
    let metric = try parameters.string("metric")
    let wanted = try parameters.double("value")
    let numbers = try ResultFiles.numbers(in: context.result)
    guard let value = numbers[metric]?.doubleValue else {
      let known = numbers.keys.sorted().joined(separator: ", ")
      throw StepFailure("there is no metric `\(metric)`", help: "there are \(known)")
    }
    let low = numbers[metric + "_low"]?.doubleValue
    let high = numbers[metric + "_high"]?.doubleValue
    let judged = try parameters.bool("surely") ? low ?? value : value
    var message = "\(metric) \(Format.number(value))"
    if let low, let high { message += " (95 %: \(Format.number(low)) to \(Format.number(high)))" }
    message += ", at least \(wanted) wanted"
    return CheckVerdict(
      passed: judged >= wanted, message: message,
      numbers: [metric: .double(value), "wanted": .double(wanted)])
  }
}
