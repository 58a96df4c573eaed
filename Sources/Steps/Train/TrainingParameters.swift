import JSON
import PipelineFile

/// The parameters that the three training steps declare; each takes the groups it reads.
enum TrainingParameters {
  private static let positive = 1...Int.max

  /// Shape of a new model: the depth dial, or every number by itself.
  static let shape: [ParameterSchema] = [
    ParameterSchema(
      "depth", .integer(1...200),
      "layers, with width 64 × depth and heads of 128: the one dial that scales everything"),
    ParameterSchema("layers", .integer(1...1000), "number of layers, instead of `depth`"),
    ParameterSchema("width", .integer(8...65_536), "model width, with `layers`"),
    ParameterSchema("heads", .integer(1...1024), "attention heads, with `layers`"),
    ParameterSchema(
      "key_value_heads", .integer(1...1024), "grouped key and value heads; default: as `heads`"),
  ]

  static let run: [ParameterSchema] = [
    ParameterSchema("steps", .integer(1...Int.max), "optimiser steps"),
    ParameterSchema(
      "sequence_length", .integer(8...1_048_576), default: 512, "tokens of one row"),
    ParameterSchema("batch_rows", .integer(positive), default: 8, "rows computed at a time"),
    ParameterSchema(
      "tokens_per_step", .integer(positive),
      "tokens of one optimiser step, a multiple of rows × sequence length; default: one batch"),
    ParameterSchema("seed", .integer(0...Int.max), default: 42, "seed of every random choice"),
    ParameterSchema(
      "precision", .choice(["fp32", "bf16"]), default: "fp32",
      "bf16 multiplies bfloat16 copies and keeps fp32 weights and sums; refused where the processor has no such instruction"),
  ]

  static func schedule(warmup: Double, warmdown: Double, rateFactor: Double) -> [ParameterSchema] {
    [
      ParameterSchema(
        "learning_rate_factor", .number(0...1000), default: .double(rateFactor),
        "multiplies all three rates"),
      ParameterSchema("embedding_rate", .number(0...10), default: 0.2, "AdamW on the embedding"),
      ParameterSchema("head_rate", .number(0...10), default: 0.004, "AdamW on the head"),
      ParameterSchema("matrix_rate", .number(0...10), default: 0.02, "Muon on the layers' matrices"),
      ParameterSchema("weight_decay", .number(0...1), default: 0.0, "AdamW's decoupled decay"),
      ParameterSchema(
        "warmup_ratio", .number(0...1), default: .double(warmup), "share of steps that warm up"),
      ParameterSchema(
        "warmdown_ratio", .number(0...1), default: .double(warmdown),
        "share of steps over which the rates fall at the end"),
      ParameterSchema(
        "final_rate_fraction", .number(0...1), default: 0.0, "where the rates end"),
      ParameterSchema(
        "clip", .number(0...1e9), default: 1.0, "largest gradient norm; 0 for no limit"),
    ]
  }

  static let observation: [ParameterSchema] = [
    ParameterSchema(
      "eval_every", .integer(0...Int.max), default: 100,
      "steps between validations; 0 for the last step only"),
    ParameterSchema("eval_tokens", .integer(positive), default: 65_536, "tokens of one validation"),
    ParameterSchema(
      "sample_every", .integer(0...Int.max), default: 0,
      "steps between text samples; 0 for the last step only"),
    ParameterSchema(
      "save_every", .integer(0...Int.max), default: 0, affectsResult: false,
      "steps between checkpoints to resume from; 0 for by time only"),
    ParameterSchema(
      "save_minutes", .number(0...10_000), default: 10.0, affectsResult: false,
      "minutes between checkpoints to resume from"),
    ParameterSchema(
      "keep_checkpoints", .integer(1...1000), default: 2, affectsResult: false,
      "how many checkpoints to resume from stay in the staging folder"),
    ParameterSchema(
      "maximum_loss", .number(0...1e9), default: 50.0, "a loss above this stops the run as exploded"),
  ]

  /// Numbers every training step reports.
  static let metrics: [NamedSummary] = [
    NamedSummary("parameters", "weights of the model"),
    NamedSummary("steps", "optimiser steps taken"),
    NamedSummary("tokens", "tokens trained on, counting repeats"),
    NamedSummary("first_loss", "loss of the first step, in nats a token"),
    NamedSummary("loss", "smoothed loss of the last step, in nats a token"),
    NamedSummary("bpb", "bits per byte of the validation text, where there is one"),
    NamedSummary("best_bpb", "lowest bits per byte seen"),
  ]
}
