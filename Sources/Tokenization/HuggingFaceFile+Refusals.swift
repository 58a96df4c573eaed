import JSON

/// What of a `tokenizer.json` changes ids in ways that this program does not follow.
extension HuggingFaceFile {
  static func checkNormalizer(_ json: JSONValue?, _ file: Reader) throws(TokenizerError) {
    guard let json, !json.isNull else { return }
    throw file.unsupported("a normalizer (`\(json["type"]?.stringValue ?? "of no type")`)")
  }

  static func checkModel(_ model: JSONValue, _ file: Reader) throws(TokenizerError) {
    if let dropout = model["dropout"], !dropout.isNull, dropout.doubleValue != 0 {
      throw file.unsupported("`dropout`")
    }
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = model[name], !affix.isNull, affix != "" { throw file.unsupported("`\(name)`") }
    }
  }

  /// The spellings of the special tokens. Other added tokens are matched in ordinary text.
  static func specialTokens(
    _ json: JSONValue?, _ file: Reader
  ) throws(TokenizerError) -> Set<String> {
    var spellings: Set<String> = []
    for token in json?.arrayValue ?? [] {
      guard let spelling = token["content"]?.stringValue else {
        throw file.wrong("added_tokens", "a list of tokens with `content`")
      }
      guard token["special"] == true else {
        throw file.unsupported("the added token `\(spelling)`, which is not special,")
      }
      spellings.insert(spelling)
    }
    return spellings
  }

  /// The pattern of the one `Split` before `ByteLevel`, or GPT-2's, which `ByteLevel` has of its own.
  /// A `given` pattern replaces both, and nothing else.
  static func splitPattern(
    _ json: JSONValue?, given: SplitPattern?, _ file: Reader
  ) throws(TokenizerError) -> SplitPattern {
    guard let json, !json.isNull else {
      if let given { return given }
      throw file.error(.missing(key: "pre_tokenizer"))
    }
    var parts = json["pretokenizers"]?.arrayValue ?? [json]
    guard let last = parts.popLast(), last["type"] == "ByteLevel" else {
      throw file.unsupported("a pre-tokenizer that does not end with `ByteLevel`")
    }
    if last["add_prefix_space"] == true { throw file.unsupported("`add_prefix_space: true`") }
    if let other = parts.first(where: { $0["type"] != "Split" }) {
      throw file.unsupported("the pre-tokenizer `\(other["type"]?.stringValue ?? "of no type")`")
    }
    if let given { return given }
    let usesItsOwn = last["use_regex"] != false
    guard let split = parts.first else {
      if usesItsOwn { return .gpt2 }
      throw file.error(.missing(key: "pre_tokenizer.pattern"))
    }
    if parts.count > 1 { throw file.unsupported("more than one `Split`") }
    if usesItsOwn { throw file.unsupported("`use_regex: true` behind a `Split`") }
    return try pattern(of: split, file)
  }

  private static func pattern(
    of split: JSONValue, _ file: Reader
  ) throws(TokenizerError) -> SplitPattern {
    // Our patterns match all of a text, so these are two ways to say that matches are pieces.
    let behavior = split["behavior"]?.stringValue ?? "none"
    let isInverted = split["invert"] == true
    guard behavior == (isInverted ? "Removed" : "Isolated") else {
      throw file.unsupported(
        "a `Split` of `behavior: \(behavior)` and `invert: \(isInverted)`")
    }
    guard let expression = split["pattern"]?["Regex"]?.stringValue else {
      throw file.error(.missing(key: "pre_tokenizer.pattern.Regex"))
    }
    guard let pattern = SplitPattern(expression: expression) else {
      throw .unknownPattern(path: file.path, expression: expression)
    }
    return pattern
  }
}
