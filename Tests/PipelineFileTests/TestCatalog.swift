import JSON
import PipelineFile

/// A small catalog with a parameter of every type.
enum TestCatalog {
  static let catalog = StepCatalog(
    steps: [
      shell, fetch, tokenizer, encode, train,
      StepSchema(
        name: "eval.loss", summary: "Measures the loss",
        inputs: [
          InputSchema("checkpoint", "The model", kinds: [.checkpoint]),
          InputSchema("baseline", "To compare with", kinds: [.metrics], isRequired: false),
        ], produces: .metrics),
    ],
    checks: [
      CheckSchema(
        name: "shell", summary: "Runs a command",
        parameters: [
          ParameterSchema("command", .string, isRequired: true, "The command"),
          ParameterSchema("name", .string, "Its name"),
        ]),
      CheckSchema(name: "data.parquet_readable", summary: "Files open", appliesTo: [.files]),
      CheckSchema(
        name: "tokenizer.compression", summary: "Packs well", appliesTo: [.tokenizer],
        parameters: [
          ParameterSchema(
            "min_bytes_per_token", .number(0...100), default: 3.5, "Bytes for a token")
        ]),
      CheckSchema(
        name: "train.beats", summary: "Better than another", appliesTo: [.checkpoint, .metrics],
        parameters: [
          ParameterSchema("asset", .string, isRequired: true, "The other"),
          ParameterSchema("metric", .string, default: "loss", "Which number"),
        ], assetParameters: ["asset"]),
    ])

  private static let shell = StepSchema(
    name: "shell", summary: "Runs a command",
    parameters: [
      ParameterSchema("command", .string, isRequired: true, "The command"),
      ParameterSchema("environment", .list(of: .string), default: [], "Variables to pass through"),
    ], produces: .files, acceptsAnyInput: true)

  private static let fetch = StepSchema(
    name: "data.fetch", summary: "Downloads files",
    parameters: [
      ParameterSchema("url", .string, isRequired: true, "Where from"),
      ParameterSchema("token", .string, isSecret: true, "Bearer token"),
      ParameterSchema(
        "parallel", .integer(1...64), default: 16, affectsResult: false, "Downloads at once"),
      ParameterSchema("max_total_size", .size, "Stop past this"),
      ParameterSchema("sha256", .dictionary(of: .string), "Expected digests by partition"),
      ParameterSchema("mirrors", .list(of: .string), default: [], "Other places"),
    ], produces: .files, makesPartitionsTogether: true, isNetworkBound: true)

  private static let tokenizer = StepSchema(
    name: "tokenizer.train", summary: "Trains a tokenizer",
    inputs: [InputSchema("text", "Text", kinds: [.files], acceptsMany: true)],
    parameters: [
      ParameterSchema("vocab_size", .integer(259...1_000_000), default: 4096, "Entries"),
      ParameterSchema(
        "pattern", .choice(["gpt2", "gpt4", "nanochat"]), default: "gpt4", "Splitter"),
    ], produces: .tokenizer)

  private static let encode = StepSchema(
    name: "tokenizer.encode", summary: "Encodes text",
    inputs: [
      InputSchema("text", "Text", kinds: [.files], acceptsMany: true),
      InputSchema("tokenizer", "Tokenizer", kinds: [.tokenizer]),
    ], produces: .tokens)

  private static let train = StepSchema(
    name: "train.base", summary: "Trains a model",
    inputs: [
      InputSchema("tokens", "Training tokens", kinds: [.tokens]),
      InputSchema("tokenizer", "Tokenizer", kinds: [.tokenizer], isRequired: false),
    ],
    parameters: [
      ParameterSchema("depth", .integer(1...64), default: 4, "Layers"),
      ParameterSchema("steps", .integer(1...(.max)), default: 100, "Optimiser steps"),
      ParameterSchema("dropout", .number(0...1), default: 0.0, "Share of zeroed activations"),
      ParameterSchema("compile", .boolean, default: false, "Whether to compile"),
      ParameterSchema(
        "optimizer",
        .record([
          ParameterSchema("matrix_rate", .number(0...10), default: 0.02, "Muon"),
          ParameterSchema("name", .choice(["muon", "adamw"]), isRequired: true, "Which"),
          ParameterSchema(
            "betas",
            .record([ParameterSchema("first", .number(0...1), default: 0.9, "β₁")]),
            default: [:], "Decay"),
        ]), default: ["name": "muon"], "Optimiser"),
      ParameterSchema(
        "mixture",
        .list(
          of: .record([
            ParameterSchema("source", .path, isRequired: true, "File"),
            ParameterSchema("weight", .number(0...100), default: 1.0, "Weight"),
          ])), "Data mixture"),
      ParameterSchema(
        "checkpoint_every", .either([.integer(1...1_000_000), .duration]), default: 100,
        "Steps or time"),
      ParameterSchema("memory", .size, "Limit"),
      ParameterSchema("extra", .any, "Anything"),
      ParameterSchema("limit", .duration, "Time limit"),
    ], produces: .checkpoint, usesAllCores: true)
}
