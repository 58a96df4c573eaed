package import BuildEngine
import JSON
package import PipelineFile
import Training

/// `train.base`, `train.mid` and `train.sft`: one loop, three kinds of data.
package struct TrainStep: Step {
  let kind: TrainingStage.Kind

  package static let base = TrainStep(kind: .base)
  package static let mid = TrainStep(kind: .mid)
  package static let sft = TrainStep(kind: .sft)

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    let options = try TrainingOptions(parameters: parameters, stage: kind)
    var inputs = TrainingStage.Inputs()
    inputs.text = context.paths("tokens")
    inputs.conversations = context.paths("conversations")
    inputs.tokenizer = context.inputs["tokenizer"]?.first?.path
    inputs.model = context.inputs["model"]?.first?.path
    if kind == .base {
      inputs.validationText = context.paths("validation")
    } else {
      inputs.validationConversations = context.paths("validation")
    }
    do {
      try TrainingStage.run(
        kind: kind, options: options, inputs: inputs,
        environment: TrainingStage.Environment(
          output: context.output, threads: context.threads, memoryLimit: context.memoryLimit,
          toolVersion: ToolVersion.text),
        reporter: DomainReporter(context.reporter))
    } catch is TrainingInterrupted {
      throw StepInterrupted()
    }
  }
}

extension TrainStep {
  package static let baseSchema = StepSchema(
    name: "train.base",
    summary: "Pretrains a GPT on token shards with Muon and AdamW.",
    revision: 2,
    inputs: [
      InputSchema("tokens", "token shards to train on", kinds: [.tokens], acceptsMany: true),
      InputSchema(
        "validation", "token shards for bits per byte", kinds: [.tokens], isRequired: false,
        acceptsMany: true),
      InputSchema("tokenizer", "goes into the checkpoint", kinds: [.tokenizer]),
    ],
    parameters: TrainingParameters.shape
      + TrainingParameters.length([
        TrainingParameters.tokensPerParameter, TrainingParameters.operations,
      ])
      + [
        ParameterSchema(
          "text_rows", .choice(["stream", "best_fit"]), default: "stream",
          "cut the stream of documents anywhere, or begin every row with a document")
      ]
      + TrainingParameters.additions
      + TrainingParameters.batch(sequenceLength: 512)
      + TrainingParameters.schedule(rateFactor: 1, warmdown: 0.2)
      + TrainingParameters.observation(sampleEvery: 2000),
    produces: .checkpoint, metrics: TrainingParameters.metrics,
    isResumable: true, usesAllCores: true,
    faults: { TrainingDeclaration(.base, $0).faults })

  package static let midSchema = StepSchema(
    name: "train.mid",
    summary: "Goes on training on conversations, every token counting, to learn their format.",
    inputs: [
      InputSchema("model", "the base model", kinds: [.checkpoint]),
      InputSchema("conversations", "the mixture", kinds: [.conversations], acceptsMany: true),
      InputSchema(
        "tokens", "plain text mixed in by `text_fraction`", kinds: [.tokens], isRequired: false,
        acceptsMany: true),
      InputSchema(
        "validation", "conversations for bits per byte",
        kinds: [.conversations], isRequired: false, acceptsMany: true),
    ],
    parameters: TrainingParameters.length([TrainingParameters.epochs])
      + [
        ParameterSchema(
          "text_fraction", .number(0...1), default: 0.0,
          "share of the rows that are plain text from `tokens`")
      ]
      + TrainingParameters.batch(sequenceLength: nil)
      + TrainingParameters.schedule(rateFactor: 1, warmdown: 0.2)
      + TrainingParameters.observation(sampleEvery: 0),
    produces: .checkpoint, metrics: TrainingParameters.metrics,
    isResumable: true, usesAllCores: true,
    faults: { TrainingDeclaration(.mid, $0).faults })

  package static let sftSchema = StepSchema(
    name: "train.sft",
    summary: "Fine-tunes on conversations; only what the assistant says counts.",
    revision: 2,
    inputs: [
      InputSchema("model", "the model to fine-tune", kinds: [.checkpoint]),
      InputSchema("conversations", "the mixture", kinds: [.conversations], acceptsMany: true),
      InputSchema(
        "validation", "conversations for bits per byte", kinds: [.conversations],
        isRequired: false, acceptsMany: true),
    ],
    parameters: TrainingParameters.length([TrainingParameters.epochs])
      + [
        ParameterSchema(
          "rows", .choice(["packed", "padded"]), default: "packed",
          "whole conversations packed into rows, or one a row with padding")
      ]
      + TrainingParameters.batch(sequenceLength: nil)
      + TrainingParameters.schedule(rateFactor: 0.02, warmdown: 1)
      + TrainingParameters.observation(sampleEvery: 0),
    produces: .checkpoint, metrics: TrainingParameters.metrics,
    isResumable: true, usesAllCores: true,
    faults: { TrainingDeclaration(.sft, $0).faults })
}
