package import BuildEngine
import JSON
package import PipelineFile
import Training

/// `eval.chat`: what a chat model answers to questions whose answers are known.
package struct EvaluateChatStep: Step {
  package init() {}

  package static let schema = StepSchema(
    name: "eval.chat",
    summary: "Examines a chat model: multiple choice, word problems with the calculator, spelling.",
    revision: 2,
    inputs: [
      InputSchema("model", "the chat model", kinds: [.checkpoint]),
      InputSchema(
        "choices", "multiple-choice questions (ARC or MMLU)", kinds: [.files], isRequired: false,
        acceptsMany: true),
      InputSchema(
        "problems", "questions with worked answers (GSM8K)", kinds: [.files], isRequired: false,
        acceptsMany: true),
      InputSchema(
        "words", "a list of words, for letter counting", kinds: [.files], isRequired: false),
    ],
    parameters: [
      ParameterSchema(
        "held_out_only", .boolean, default: true,
        "ask only what `data.conversations` keeps out of training"),
      ParameterSchema(
        "limit", .integer(1...Int.max), default: 500, "most questions of each kind"),
      ParameterSchema(
        "maximum_tokens", .integer(1...65_536), default: 256, "longest written answer, in tokens"),
      ParameterSchema(
        "batch_rows", .integer(1...1024), default: 16, "answers written at a time"),
    ],
    produces: .metrics,
    metrics: [
      NamedSummary("choices_accuracy", "share of multiple-choice questions answered rightly"),
      NamedSummary("problems_accuracy", "share of word problems solved"),
      NamedSummary(
        "problems_tool_use", "share of word problems in which the calculator was called"),
      NamedSummary("letters_accuracy", "share of letters counted rightly"),
      NamedSummary("<task>_low, <task>_high", "95 % interval of each accuracy"),
      NamedSummary("<task>_total", "questions asked"),
      NamedSummary("chat_core", "mean of the accuracies with guessing taken off"),
    ],
    usesAllCores: true)

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    // Before the model, which takes a while to load.
    let questions = try ChatQuestions(
      context, limit: try parameters.int("limit"),
      heldOutOnly: try parameters.bool("held_out_only"))
    let rows = try parameters.int("batch_rows")
    let maximumTokens = try parameters.int("maximum_tokens")
    let reporter = DomainReporter(context.reporter)
    let loaded = try EvaluationSuite.load(
      try context.input("model").path, threads: context.threads, rows: rows)
    var results: [TaskResult] = []

    if !questions.choices.isEmpty {
      guard
        let result = try EvaluationSuite.multipleChoice(
          loaded, name: "choices", items: questions.choices, reporter: reporter)
      else { throw StepInterrupted() }
      results.append(result)
    }
    for (name, items) in [("problems", questions.problems), ("letters", questions.letters)]
    where !items.isEmpty {
      guard
        let result = try EvaluationSuite.written(
          loaded, name: name, items: items, maximumTokens: maximumTokens, rows: rows,
          reporter: reporter)
      else { throw StepInterrupted() }
      results.append(result)
    }
    try publish(results, context)
  }

  private func publish(_ results: [TaskResult], _ context: StepContext) throws {
    var numbers: [String: JSONValue] = [:]
    for result in results {
      context.reporter.log("\(result.name): \(result.text)")
      numbers["\(result.name)_accuracy"] = .double(result.accuracy)
      numbers["\(result.name)_low"] = .double(result.interval.lower)
      numbers["\(result.name)_high"] = .double(result.interval.upper)
      numbers["\(result.name)_total"] = .int(result.total)
      if result.name != "choices" {
        let calls = result.details.count { $0["called_tool"]?.boolValue == true }
        numbers["\(result.name)_tool_use"] = .double(Double(calls) / Double(result.total))
      }
    }
    let core = results.reduce(0) { $0 + $1.centred } / Double(results.count)
    numbers["chat_core"] = .double(core)
    for (name, value) in numbers.sorted(by: { $0.key < $1.key }) {
      context.reporter.metric(name, value)
    }
    let lines = results.flatMap(\.details).map { JSONWriter.text($0) + "\n" }.joined()
    try ResultFiles.write(Array(lines.utf8), to: context.output + "/details.jsonl")
    try ResultFiles.write(
      JSONWriter.bytes(.object(numbers), pretty: true),
      to: context.output + "/" + ResultFiles.metrics)
  }
}
