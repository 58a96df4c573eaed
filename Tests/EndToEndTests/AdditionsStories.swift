import TestSupport
import Testing

/// A model with everything that later nanochats added, from pretraining to a conversation.
@Suite struct AdditionsStories {
  static let loop = "steps: 3, batch_rows: 2, evaluation_tokens: 512, sample_tokens: 2"
  static let pipeline = """
    nanobuild: 1
    assets:
    \(SampleData.assets(vocabulary: 300, conversations: 50))
      base:
        step: train.base
        inputs: {tokens: tokens, validation: tokens, tokenizer: tokenizer}
        with:
          {layers: 3, width: 64, heads: 2, key_value_heads: 1, sequence_length: 128,
          value_embeddings: true, smear: true, residual_scalars: true, backout: true,
          sharp_attention: true, initial_values: nanochat_2026, muon: normuon, \(loop)}
        checks:
          - train.starts_at_log_vocab
      sft:
        step: train.sft
        inputs: {model: base, conversations: chats, validation: chats}
        with: {muon: normuon, \(loop)}
      loss: {step: eval.loss, inputs: {model: sft, tokens: tokens}, with: {tokens: 512}}
      exported: {step: export.hf, inputs: {model: sft}}

    """

  @Test func theModelGoesThroughAllStagesAndSaysThatItIsNotForTransformers() throws {
    let project = try SampleData.project(Self.pipeline)
    let end = try project.run("run", "loss")
    #expect(end.status == 0, "\(end.error)")
    for stage in ["base", "sft"] {
      let config = try project.result(stage, "config.json")
      #expect(config.contains("\"model_type\": \"nanobuild_nanochat\""))
      #expect(config.contains("\"smear\": true"))
      let record = try project.result(stage, "training.json")
      #expect(record.contains("\"huggingface_loadable\": false"))
    }
    let answer = try project.run("chat", "sft", "-p", "What is the capital of France?")
    #expect(answer.status == 0, "\(answer.error)")
    #expect(!answer.output.isEmpty)

    let export = try project.run("run", "exported")
    #expect(export.status == 1)
    #expect(export.error.contains("value_embeddings, smear"), "\(export.error)")
    #expect(export.error.contains("which transformers' NanoChat model lacks"))
  }

  @Test func withoutThemTheFolderIsANanoChat() throws {
    let project = try SampleData.project(Self.pipeline)
    let off = ["value_embeddings", "smear", "residual_scalars", "backout", "sharp_attention"]
      .flatMap { ["--set", "base.\($0)=false"] }
    let end = try project.run(arguments: ["run", "exported"] + off)
    #expect(end.status == 0, "\(end.error)")
    #expect(try project.result("exported", "config.json").contains("NanoChatForCausalLM"))
  }
}
