import BuildEngine
import JSON
import PipelineFile
import Steps
import TestSupport
import Testing

/// What `eval.chat` says of questions before it asks a model for its first word.
@Suite struct EvaluateChatStepTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder("chat-questions") }

  private func failure(_ inputs: [String: String], heldOutOnly: Bool = true) -> String {
    var files = ["model": [StepInput(name: "model", path: folder.file("no-model"))]]
    for (name, file) in inputs { files[name] = [StepInput(name: name, path: folder.file(file))] }
    let context = StepContext(
      step: "eval.chat", asset: "scores", inputs: files,
      parameters: [
        "limit": 10, "batch_rows": 2, "maximum_tokens": 8, "held_out_only": .bool(heldOutOnly),
      ],
      output: folder.path, partitionKey: nil, partitions: [], projectRoot: folder.path, threads: 1,
      memoryLimit: nil, reporter: MetricListener())
    do { try EvaluateChatStep().run(context) } catch { return "\(error)" }
    return "none"
  }

  @Test func anInputThatLeavesNoQuestionIsNamed() throws {
    // By its hash the first question is never held out, the second always.
    for (name, sum, result) in [("trained", "8 + 1", "9"), ("kept", "9 + 1", "10")] {
      let question: JSONValue = [
        "question": .string("What is \(sum)?"), "answer": .string("#### \(result)"),
      ]
      try folder.write("\(name).jsonl", JSONWriter.text(question))
    }
    try folder.write("empty.jsonl", "\n")
    let choices = #"{"question": "Which is red?", "choices": ["sky", "blood"], "answer": 1}"#
    try folder.write("choices.jsonl", choices)
    #expect(
      failure(["problems": "trained.jsonl"])
        == "`held_out_only` leaves nothing to ask: none of the 1 questions of the input `problems` is "
        + "held out\nhelp: `held_out_only: false` asks them all, trained on or not")
    #expect(failure(["problems": "kept.jsonl", "choices": "choices.jsonl"]).contains("`choices`"))
    #expect(failure(["choices": "empty.jsonl"]) == "the input `choices` holds no question")
    #expect(failure([:]).hasPrefix("there is nothing to ask"))
    // What can be asked goes on to the model.
    for (file, heldOutOnly) in [("kept", true), ("trained", false)] {
      let end = failure(["problems": "\(file).jsonl"], heldOutOnly: heldOutOnly)
      #expect(end.contains("no-model"), "\(end)")
    }
  }

  @Test func conversationsAreNoMultipleChoice() {
    let choices = EvaluateChatStep.schema.inputs.first { $0.name == "choices" }
    #expect(choices?.kinds == [.files])
  }
}
