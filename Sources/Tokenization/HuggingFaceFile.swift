import JSON

/// Hugging Face's `tokenizer.json` of a byte-level BPE model.
///
/// Whatever would give other ids than ours is refused by name: see `HuggingFaceFile+Refusals.swift`.
enum HuggingFaceFile {
  // MARK: Reading

  static func parse(
    _ json: JSONValue, path: String, pattern: SplitPattern?
  ) throws(TokenizerError) -> Tokenizer {
    let file = Reader(path: path)
    guard let model = json["model"], model.objectValue != nil else {
      throw file.wrong("model", "an object")
    }
    let kind = model["type"]?.stringValue ?? "BPE"
    guard kind == "BPE", model["byte_fallback"]?.boolValue != true else {
      throw file.error(.unsupportedModel(kind == "BPE" ? "BPE with byte fallback" : kind))
    }
    guard let entries = model["vocab"]?.objectValue else { throw file.wrong("vocab", "an object") }
    try checkNormalizer(json["normalizer"], file)
    try checkModel(model, file)
    let added = try specialTokens(json["added_tokens"], file)
    var tokens: [(id: Int, bytes: [UInt8])] = []
    tokens.reserveCapacity(entries.count)
    for (spelling, value) in entries where !added.contains(spelling) {
      guard let id = value.intValue else { throw file.wrong("vocab", "numbers by token") }
      guard let token = ByteAlphabet.parse(spelling) else {
        throw file.error(.invalidTokenSpelling(spelling))
      }
      tokens.append((id, token))
    }
    let vocabulary = try Tokenizer.ordered(tokens, path: path)
    let found = try splitPattern(json["pre_tokenizer"], given: pattern, file)
    guard let list = model["merges"]?.arrayValue else { throw file.wrong("merges", "a list") }
    let merges = try self.merges(list, vocabulary, file)
    let plain = try Tokenizer.make(vocabulary, found, path: path)
    if isNatural(merges, of: plain) { return plain }
    return try Tokenizer.make(
      vocabulary, found, path: path, merges: merges,
      prefersWholePieces: model["ignore_merges"]?.boolValue ?? false)
  }

  /// Whether the listed merges say no more than the ids: what we and `tiktoken` derive from them.
  private static func isNatural(_ merges: [Tokenizer.Merge], of tokenizer: Tokenizer) -> Bool {
    merges == HuggingFaceFile.merges(of: tokenizer)
  }

  private static func merges(
    _ list: [JSONValue], _ vocabulary: Vocabulary, _ file: Reader
  ) throws(TokenizerError) -> [Tokenizer.Merge] {
    var index = SpellingIndex(capacity: vocabulary.count)
    for id in 0..<vocabulary.count { _ = index.insert(id, in: vocabulary) }
    guard list.count <= PairTable.limit else {
      throw .invalidVocabulary(path: file.path, .tooManyTokens(list.count))
    }
    var merges: [Tokenizer.Merge] = []
    merges.reserveCapacity(list.count)
    for entry in list {
      let parts: [String]
      if let text = entry.stringValue {
        parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      } else {
        parts = (entry.arrayValue ?? []).compactMap(\.stringValue)
      }
      guard parts.count == 2, let left = ByteAlphabet.parse(parts[0]),
        let right = ByteAlphabet.parse(parts[1]),
        let leftID = index.id(of: left[...], in: vocabulary),
        let rightID = index.id(of: right[...], in: vocabulary),
        let result = index.id(of: (left + right)[...], in: vocabulary)
      else { throw file.error(.invalidMerge(parts.joined(separator: " "))) }
      merges.append(
        Tokenizer.Merge(left: Int32(leftID), right: Int32(rightID), result: Int32(result)))
    }
    return merges
  }

  struct Reader {
    let path: String

    func error(_ reason: TokenizerError.MalformedReason) -> TokenizerError {
      .malformed(path: path, line: 0, reason: reason)
    }

    func unsupported(_ what: String) -> TokenizerError { error(.unsupported(what)) }

    func wrong(_ key: String, _ expected: String) -> TokenizerError {
      error(.wrongType(key: key, expected: expected))
    }
  }

  // MARK: Writing

  /// The merges in rank order: one for every token that its bytes merge into, and for the others
  /// every way to cut them, so that the file says all that the ids say.
  static func merges(of tokenizer: Tokenizer) -> [Tokenizer.Merge] {
    if let listed = tokenizer.listedMerges { return listed }
    guard tokenizer.unreachable.isEmpty else {
      guard let index = try? tokenizer.vocabulary.validatedIndex() else { return [] }
      return Tokenizer.allSplits(tokenizer.vocabulary, index)
    }
    let merger = LastMergeFinder(tokenizer)
    return (0..<tokenizer.vocabulary.count).compactMap { merger.lastMerge(of: $0) }
  }

  static func text(_ tokenizer: Tokenizer) -> String {
    let special = tokenizer.specialTokens
    var text = "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n"
    text += "  \"added_tokens\": [\n"
    for (offset, name) in SpecialTokens.names.enumerated() {
      text += "    {\"id\": \(Int(special.base) + offset), \"content\": \"\(name)\", "
      text += "\"single_word\": false, \"lstrip\": false, \"rstrip\": false, "
      text += "\"normalized\": false, \"special\": true}"
      text += offset + 1 < SpecialTokens.count ? ",\n" : "\n"
    }
    text += "  ],\n  \"normalizer\": null,\n  \"pre_tokenizer\": {\n    \"type\": \"Sequence\",\n"
    text += "    \"pretokenizers\": [\n      {\"type\": \"Split\", \"pattern\": {\"Regex\": "
    JSONWriter.writeString(tokenizer.pattern.expression, into: &text)
    text += "}, \"behavior\": \"Isolated\", \"invert\": false},\n"
    text += "      {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, "
    text += "\"use_regex\": false}\n    ]\n  },\n  \"post_processor\": null,\n"
    text += "  \"decoder\": {\"type\": \"ByteLevel\", \"add_prefix_space\": true, "
    text += "\"trim_offsets\": true, \"use_regex\": true},\n"
    text += "  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n"
    text += "    \"unk_token\": null,\n    \"continuing_subword_prefix\": null,\n"
    text += "    \"end_of_word_suffix\": null,\n    \"fuse_unk\": false,\n"
    text += "    \"byte_fallback\": false,\n"
    text += "    \"ignore_merges\": \(!tokenizer.unreachable.isEmpty),\n    \"vocab\": {\n"
    let spellings = (0..<tokenizer.vocabulary.count).map {
      ByteAlphabet.spell(tokenizer.vocabulary[$0])
    }
    for (id, spelling) in spellings.enumerated() {
      text += id == 0 ? "      " : ",\n      "
      JSONWriter.writeString(spelling, into: &text)
      text += ": \(id)"
    }
    text += "\n    },\n    \"merges\": ["
    for (index, merge) in merges(of: tokenizer).enumerated() {
      text += index == 0 ? "\n      [" : ",\n      ["
      JSONWriter.writeString(spellings[Int(merge.left)], into: &text)
      text += ", "
      JSONWriter.writeString(spellings[Int(merge.right)], into: &text)
      text += "]"
    }
    text += "\n    ]\n  }\n}\n"
    return text
  }
}

/// Finds the two tokens that become a given one when its bytes are merged in order of rank.
private struct LastMergeFinder {
  private let tokenizer: Tokenizer
  private let merger: PieceMerger
  private let ids = TokenBuffer()

  init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    merger = PieceMerger(
      byteIDs: tokenizer.byteIDs, lengths: tokenizer.lengths, pairs: tokenizer.pairs)
  }

  func lastMerge(of id: Int) -> Tokenizer.Merge? {
    let token = tokenizer.vocabulary[id]
    guard token.count > 1 else { return nil }
    ids.count = 0
    token.withUnsafeBufferPointer { merger.merge($0, into: ids) }
    guard ids.count == 1 else { return nil }
    let (left, right) = merger.wholeMerge
    return Tokenizer.Merge(left: left, right: right, result: Int32(id))
  }
}
