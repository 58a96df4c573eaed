import BuildEngine
import JSON
import PipelineFile
import Tokenization

/// Checks on tokenizers: each judges by a function of `TokenizerChecks`.
struct TokenizerCheck: Check {
  let judge: @Sendable (CheckContext, ParameterReader) throws -> TokenizerVerdict

  func run(_ context: CheckContext) throws -> CheckVerdict {
    let parameters = ParameterReader(context.parameters, owner: context.check)
    let verdict = try judge(context, parameters)
    let details = verdict.details.prefix(6).joined(separator: "; ")
    return CheckVerdict(
      passed: verdict.passed,
      message: details.isEmpty ? verdict.summary : "\(verdict.summary) (\(details))",
      numbers: verdict.numbers.mapValues { .double($0) })
  }
}

enum TokenizerCheckList {
  static let all: [(CheckSchema, any Check)] = [
    (
      CheckSchema(
        name: "tokenizer.valid",
        summary: "All files agree, ids have no gaps, and the merges make every token.",
        appliesTo: [.tokenizer]),
      TokenizerCheck { context, _ in TokenizerChecks.valid(folder: context.result) }
    ),
    (
      CheckSchema(
        name: "tokenizer.round_trip",
        summary: "Encoding and decoding gives back texts of many scripts and arbitrary bytes.",
        appliesTo: [.tokenizer]),
      TokenizerCheck { context, _ in
        TokenizerChecks.roundTrip(try Tokenizer.load(context.result))
      }
    ),
    (
      CheckSchema(
        name: "tokenizer.compression",
        summary: "Bytes for each token over news, Korean, code and science.",
        appliesTo: [.tokenizer],
        parameters: [
          ParameterSchema(
            "min_bytes_per_token", .number(0...100), default: 1.5, "the least over all texts")
        ]),
      TokenizerCheck { context, parameters in
        TokenizerChecks.compression(
          try Tokenizer.load(context.result),
          minimum: try parameters.double("min_bytes_per_token"))
      }
    ),
    (
      CheckSchema(
        name: "tokenizer.compare",
        summary: "Not many more tokens than another vocabulary, such as GPT-2's.",
        appliesTo: [.tokenizer],
        parameters: [
          ParameterSchema(
            "vocabulary", .path, isRequired: true,
            "the other tokenizer: a folder, tokenizer.json or .tiktoken file"),
          ParameterSchema(
            "min_difference", .number(-100...1), default: -0.3,
            "(their tokens − ours) ÷ their tokens must be at least this; positive is better"),
        ], fileParameters: ["vocabulary"]),
      TokenizerCheck { context, parameters in
        let path = try parameters.string("vocabulary")
        let absolute = path.hasPrefix("/") ? path : context.projectRoot + "/" + path
        return TokenizerChecks.compare(
          try Tokenizer.load(context.result), baseline: try Tokenizer.load(absolute),
          minimum: try parameters.double("min_difference"))
      }
    ),
    (
      CheckSchema(
        name: "tokenizer.letters",
        summary: "A to E and the digits are one token each, as multiple choice needs.",
        appliesTo: [.tokenizer]),
      TokenizerCheck { context, _ in
        TokenizerChecks.letters(try Tokenizer.load(context.result))
      }
    ),
  ]
}
