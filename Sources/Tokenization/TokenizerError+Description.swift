extension TokenizerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read `\(path)`: \(reason)"
    case .unwritable(let path, let reason): "cannot write `\(path)`: \(reason)"
    case .notJSON(let path, let error): "`\(path)`:\(error)"
    case .malformed(let path, let line, let reason):
      line > 0 ? "`\(path)`:\(line): \(reason)" : "`\(path)`: \(reason)"
    case .invalidVocabulary(let path, let fault): "`\(path)`: \(fault)"
    case .unknownPattern(let path, let expression):
      "`\(path)`: the split pattern is none of gpt4, nanochat and gpt2: `\(expression)`"
    case .vocabularyTooSmall(let requested, let minimum):
      "a vocabulary of \(requested) is too small: all bytes and special tokens take \(minimum)"
    case .vocabularyTooLarge(let requested, let maximum):
      "a vocabulary of \(requested) is too large: at most \(maximum)"
    case .noText: "there is no text to train the tokenizer on"
    case .memoryTooSmall(let limit, let needed):
      "`max_memory` of \(limit) bytes is too small: even the most frequent pieces of the text take "
        + "\(needed)"
    case .tooManySymbols(let count, let limit):
      "even the most frequent pieces of the text have \(count) bytes, more than \(limit)"
    case .cancelled: "cancelled"
    }
  }
}

extension TokenizerError.MalformedReason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let key): "`\(key)` is missing"
    case .wrongType(let key, let expected): "`\(key)` must be \(expected)"
    case .notBase64: "this is no base64 text followed by a space and a number"
    case .notAnID(let text): "`\(text)` is no token id"
    case .unknownFormat:
      "this is no tokenizer: expected a Hugging Face `tokenizer.json`, a `.tiktoken` file or a "
        + "list of `mergeable_ranks`"
    case .unsupportedModel(let model): "only byte-level BPE can be read, not `\(model)`"
    case .unsupported(let what): "\(what) is not supported: other ids would come out"
    case .invalidTokenSpelling(let token):
      "the token `\(token)` has a character outside the byte-level alphabet"
    case .invalidMerge(let merge): "`\(merge)` is no pair of tokens"
    }
  }
}

extension VocabularyFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingByte(let byte): "no token spells the single byte \(byte)"
    case .duplicateToken(let first, let second):
      "tokens \(first) and \(second) spell the same bytes"
    case .emptyToken(let id): "token \(id) is empty"
    case .missingID(let id): "ids must be contiguous, and \(id) is missing"
    case .repeatedID(let id): "the id \(id) stands twice"
    case .idOutOfRange(let id): "the id \(id) is out of range"
    case .tooManyTokens(let count): "\(count) tokens are too many"
    case .declaredSize(let declared, let entries):
      "the file declares \(declared) tokens and has \(entries)"
    }
  }
}
