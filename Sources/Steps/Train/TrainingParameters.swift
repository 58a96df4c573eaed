import JSON
import LanguageModel
import PipelineFile

/// The parameters that the three training steps declare; each takes the groups it reads.
enum TrainingParameters {
  private static let positive = 1...Int.max

  /// Shape of a new model: the depth dial, or every number by itself.
  static let shape: [ParameterSchema] = [
    ParameterSchema(
      "depth", .integer(1...200),
      "layers, with width 64 × depth and heads of 128: the one dial that scales everything (default 4)"
    ),
    ParameterSchema("layers", .integer(1...1000), "number of layers, instead of `depth`"),
    ParameterSchema("width", .integer(8...65_536), "model width, with `layers`"),
    ParameterSchema("heads", .integer(1...1024), "attention heads, with `layers`"),
    ParameterSchema(
      "key_value_heads", .integer(1...1024), "grouped key and value heads; default: as `heads`"),
  ]

  /// What nanochat's later transformer has and transformers' NanoChat model has not.
  static let additions: [ParameterSchema] = [
    ParameterSchema(
      "value_embeddings", .boolean, default: false,
      "gated tables of tokens added to the values of every second layer; not for transformers"),
    ParameterSchema(
      "smear", .boolean, default: false,
      "each token takes a learnt part of the one before it along; not for transformers"),
    ParameterSchema(
      "residual_scalars", .boolean, default: false,
      "learnt factors on the stream and on its start before each layer; not for transformers"),
    ParameterSchema(
      "backout", .boolean, default: false,
      "a learnt part of the middle layer's output is taken out at the end; not for transformers"),
    ParameterSchema(
      "sharp_attention", .boolean, default: false,
      "queries and keys 1.2 times as long; not for transformers"),
    ParameterSchema(
      "initial_values", .choice(InitialValues.allCases.map(\.rawValue)),
      default: .string(InitialValues.nanochat2025.rawValue),
      "nanochat's initial weights of October 2025 or of 2026"),
  ]

  /// How long to train; `extra` adds what only one stage knows.
  static func length(_ extra: [ParameterSchema]) -> [ParameterSchema] {
    [ParameterSchema("steps", .integer(positive), "optimiser steps")] + extra
  }

  static let tokensPerParameter = ParameterSchema(
    "tokens_per_parameter", .number(0.001...1e6),
    "trained tokens for every parameter, instead of `steps` (default 20)")

  static let operations = ParameterSchema(
    "operations", .number(1...1e30), "floating-point operations in all, instead of `steps`")

  static let epochs = ParameterSchema(
    "epochs", .number(0.001...1e6), "passes over the conversations, instead of `steps` (default 1)")

  static func batch(sequenceLength: JSONValue?) -> [ParameterSchema] {
    [
      ParameterSchema(
        "sequence_length", .integer(8...1_048_576), default: sequenceLength,
        "tokens of one row" + (sequenceLength == nil ? " (default: the model's)" : "")),
      ParameterSchema("batch_rows", .integer(positive), default: 16, "rows computed at a time"),
      ParameterSchema(
        "tokens_per_step", .integer(positive),
        "tokens of one optimiser step, a multiple of rows × sequence length (default: one batch)"),
      ParameterSchema("seed", .integer(0...Int.max), default: 42, "seed of every random choice"),
      ParameterSchema(
        "precision", .choice(["fp32", "bf16"]), default: "fp32",
        "bf16 multiplies bfloat16 copies and keeps fp32 weights and sums; refused where the processor lacks the instruction"
      ),
    ]
  }

  static func schedule(rateFactor: Double, warmdown: Double) -> [ParameterSchema] {
    [
      ParameterSchema(
        "rate_factor", .number(0...1000), default: .double(rateFactor), "multiplies all three rates"
      ),
      ParameterSchema("embedding_rate", .number(0...10), default: 0.2, "AdamW's on the embedding"),
      ParameterSchema("head_rate", .number(0...10), default: 0.004, "AdamW's on the head"),
      ParameterSchema(
        "matrix_rate", .number(0...10), default: 0.02, "Muon's on the layers' matrices"),
      ParameterSchema("weight_decay", .number(0...1), default: 0.0, "AdamW's decoupled decay"),
      ParameterSchema("warmup_ratio", .number(0...1), default: 0.0, "share of steps that warm up"),
      ParameterSchema(
        "warmdown_ratio", .number(0...1), default: .double(warmdown),
        "share of steps over which the rates fall at the end"),
      ParameterSchema("final_rate_fraction", .number(0...1), default: 0.0, "where the rates end"),
      ParameterSchema(
        "muon_warmup_steps", .integer(0...Int.max), default: 300,
        "steps over which Muon's momentum rises from 0.85 to 0.95"),
      ParameterSchema(
        "muon", .choice(MuonKind.allCases.map(\.rawValue)),
        default: .string(MuonKind.newtonSchulz.rawValue),
        "Muon of 2024, or with NorMuon's averages and Polar Express coefficients"),
      ParameterSchema(
        "clip", .number(0...1e9), default: 1.0, "largest gradient norm; 0 for no limit"),
      ParameterSchema(
        "outlier_margin", .number(0...1e9), default: 0.0,
        "leaves out a step whose loss is this much above the average; 0 keeps all"),
      ParameterSchema(
        "explosion_margin", .number(0.1...1e9), default: 4.0,
        "stops when the loss is this much above the first one"),
    ]
  }

  static func observation(sampleEvery: Int) -> [ParameterSchema] {
    [
      ParameterSchema(
        "evaluate_every", .integer(0...Int.max), default: 250,
        "steps between validations; 0 for the end only"),
      ParameterSchema(
        "evaluation_tokens", .integer(positive), default: 10_485_760, "tokens of one validation"),
      ParameterSchema(
        "sample_every", .integer(0...Int.max), default: .int(sampleEvery),
        "steps between text samples; 0 for the end only"),
      ParameterSchema(
        "sample_tokens", .integer(1...4096), default: 16, "length of a text sample, in tokens"),
      ParameterSchema("sample_prompts", .list(of: .string), "beginnings of the text samples"),
      ParameterSchema(
        "save_every", .integer(0...Int.max), default: 0, affectsResult: false,
        "steps between checkpoints to resume from; 0 for none by steps"),
      ParameterSchema(
        "save_interval", .duration, default: 120.0, affectsResult: false,
        "time between checkpoints to resume from; 0 for none by time"),
      ParameterSchema(
        "keep_checkpoints", .integer(1...1000), default: 2, affectsResult: false,
        "checkpoints to resume from that are kept while training"),
    ]
  }

  /// Numbers every training step reports.
  static let metrics: [NamedSummary] = [
    NamedSummary("parameters", "weights of the model"),
    NamedSummary("steps", "optimiser steps taken"),
    NamedSummary("tokens", "tokens trained on, counting repeats"),
    NamedSummary("first_loss", "loss of the first step, in nats a token"),
    NamedSummary("loss", "smoothed loss of the last step, in nats a token"),
    NamedSummary("validation_bpb", "bits per byte of the validation text, where there is one"),
    NamedSummary("validation_loss", "nats a token of the validation text"),
    NamedSummary("validation_chat_bpb", "bits per byte of the replies in the validation chats"),
    NamedSummary("validation_chat_loss", "nats a token of those replies"),
    NamedSummary(
      "huggingface_loadable", "false where additions make it a model that transformers lacks"),
  ]
}
