import JSON

extension Tokenizer {
  /// Reads a tokenizer from a folder that holds a `tokenizer.json`, or from a file.
  ///
  /// A file may be Hugging Face's `tokenizer.json`, a `.tiktoken` file or a JSON with
  /// `mergeable_ranks`. `pattern` overrides the one in the file. A `.tiktoken` file has none: one with
  /// the 50,256 tokens of GPT-2 is taken for that, every other for GPT-4's. Special tokens of the
  /// file are dropped: ours follow its ordinary tokens.
  package static func load(
    _ path: String, pattern: SplitPattern? = nil
  ) throws(TokenizerError) -> Tokenizer {
    var path = path
    if TokenizerFiles.isFolder(path) { path += "/" + TokenizerFiles.huggingFace }
    let bytes = try TokenizerFiles.read(path)
    return try parse(bytes, path: path, pattern: pattern)
  }

  /// Reads a tokenizer from the bytes of a file; `path` is for messages only.
  package static func parse(
    _ bytes: [UInt8], path: String, pattern: SplitPattern? = nil
  ) throws(TokenizerError) -> Tokenizer {
    let start = bytes.first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
    guard start == UInt8(ascii: "{") else {
      return try TiktokenFile.parse(bytes, path: path, pattern: pattern)
    }
    let json: JSONValue
    do throws(JSONError) { json = try JSONParser.parse(bytes) } catch {
      throw .notJSON(path: path, error)
    }
    if json["mergeable_ranks"] != nil {
      return try RankListFile.parse(json, path: path, pattern: pattern)
    }
    if json["model"] != nil {
      return try HuggingFaceFile.parse(json, path: path, pattern: pattern)
    }
    throw .malformed(path: path, line: 0, reason: .unknownFormat)
  }

  static func make(
    _ vocabulary: Vocabulary, _ pattern: SplitPattern, path: String, merges: [Merge]? = nil,
    prefersWholePieces: Bool = true
  ) throws(TokenizerError) -> Tokenizer {
    do throws(VocabularyFaultError) {
      return try Tokenizer(
        vocabulary: vocabulary, pattern: pattern, merges: merges,
        prefersWholePieces: prefersWholePieces)
    } catch {
      throw .invalidVocabulary(path: path, error.fault)
    }
  }

  /// Tokens in any order, put in the order of their ids, which must have no gap.
  static func ordered(
    _ tokens: [(id: Int, bytes: [UInt8])], path: String
  ) throws(TokenizerError) -> Vocabulary {
    var places = [Int](repeating: -1, count: tokens.count)
    for (place, token) in tokens.enumerated() {
      guard token.id >= 0, token.id <= Vocabulary.largestSize else {
        throw .invalidVocabulary(path: path, .idOutOfRange(token.id))
      }
      guard token.id < tokens.count else { continue }
      guard places[token.id] < 0 else {
        throw .invalidVocabulary(path: path, .repeatedID(token.id))
      }
      places[token.id] = place
    }
    var vocabulary = Vocabulary()
    for (id, place) in places.enumerated() {
      guard place >= 0 else { throw .invalidVocabulary(path: path, .missingID(id)) }
      vocabulary.append(tokens[place].bytes)
    }
    return vocabulary
  }
}

/// One token a line: base64 of its bytes, a space, its id.
enum TiktokenFile {
  /// The learned tokens of GPT-2, whose file is published without its pattern.
  private static let secondGenerationSize = 50_256

  static func parse(
    _ bytes: [UInt8], path: String, pattern: SplitPattern?
  ) throws(TokenizerError) -> Tokenizer {
    var tokens: [(id: Int, bytes: [UInt8])] = []
    var line = 0
    for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      line += 1
      let text = text.last == UInt8(ascii: "\r") ? text.dropLast() : text
      if text.isEmpty { continue }
      guard let space = text.firstIndex(of: UInt8(ascii: " ")),
        let token = Base64.decode(text[..<space])
      else { throw .malformed(path: path, line: line, reason: .notBase64) }
      let number = String(decoding: text[(space + 1)...], as: UTF8.self)
      guard let id = Int(number) else {
        throw .malformed(path: path, line: line, reason: .notAnID(number))
      }
      tokens.append((id, token))
    }
    guard !tokens.isEmpty else { throw .malformed(path: path, line: 0, reason: .unknownFormat) }
    let assumed: SplitPattern = tokens.count == secondGenerationSize ? .gpt2 : .gpt4
    return try Tokenizer.make(
      try Tokenizer.ordered(tokens, path: path), pattern ?? assumed, path: path)
  }

  static func bytes(_ vocabulary: Vocabulary) -> [UInt8] {
    var output: [UInt8] = []
    for id in 0..<vocabulary.count {
      Base64.encode(vocabulary[id], into: &output)
      output.append(contentsOf: " \(id)\n".utf8)
    }
    return output
  }
}

/// The JSON of the project this one grew from: `mergeable_ranks` is a list of `bytes` and
/// `token_id`.
enum RankListFile {
  static func parse(
    _ json: JSONValue, path: String, pattern: SplitPattern?
  ) throws(TokenizerError) -> Tokenizer {
    func wrong(_ key: String, _ expected: String) -> TokenizerError {
      .malformed(path: path, line: 0, reason: .wrongType(key: key, expected: expected))
    }
    guard let ranks = json["mergeable_ranks"]?.arrayValue else {
      throw wrong("mergeable_ranks", "a list")
    }
    var tokens: [(id: Int, bytes: [UInt8])] = []
    tokens.reserveCapacity(ranks.count)
    for rank in ranks {
      guard let id = rank["token_id"]?.intValue else { throw wrong("token_id", "a number") }
      guard let values = rank["bytes"]?.arrayValue else { throw wrong("bytes", "a list") }
      var token: [UInt8] = []
      for value in values {
        guard let number = value.intValue, let byte = UInt8(exactly: number) else {
          throw wrong("bytes", "a list of numbers from 0 to 255")
        }
        token.append(byte)
      }
      tokens.append((id, token))
    }
    var found = pattern
    if found == nil, let expression = json["pattern"]?.stringValue {
      found = SplitPattern(expression: expression)
      if found == nil { throw .unknownPattern(path: path, expression: expression) }
    }
    if let declared = json["vocab_size"]?.intValue, declared != tokens.count,
      declared != tokens.count + SpecialTokens.count
    {
      throw .invalidVocabulary(path: path, .declaredSize(declared, entries: tokens.count))
    }
    let vocabulary = try Tokenizer.ordered(tokens, path: path)
    return try Tokenizer.make(vocabulary, found ?? .gpt4, path: path)
  }
}
