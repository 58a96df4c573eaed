package import Tokenization

/// Why a model folder or one of its files can't be read or written.
package enum CheckpointError: Error, Sendable, Hashable {
  /// A system call failed on `path`.
  case system(path: String, operation: String, code: Int32)
  /// The bytes of `path` are not what its format allows.
  case malformed(path: String, reason: Reason)
  case missingTensor(path: String, name: String)
  case unexpectedTensor(path: String, name: String)
  case wrongShape(path: String, name: String, found: [Int], expected: [Int])
  case wrongType(path: String, name: String, found: String, expected: String)
  /// A value in `config.json`, `training.json` … that this program can't use.
  case badValue(path: String, key: String, problem: String)
  /// The tokenizer beside or before the model is another one.
  case tokenizerMismatch(path: String, found: String, expected: String)
  case vocabularyMismatch(path: String, model: Int, tokenizer: Int)
  case tokenizer(TokenizerError)
  case model(path: String, LanguageModelError)

  package enum Reason: Sendable, Hashable {
    /// A pipe, a device or a socket.
    case notRegular
    case tooShort(bytes: Int)
    case headerTooLong(bytes: Int)
    case headerBeyondEnd(headerBytes: Int, fileBytes: Int)
    case notJSON(String)
    case entryNotAnObject(name: String)
    case missingField(name: String, field: String)
    case unknownType(name: String, type: String)
    case badShape(name: String)
    case badOffsets(name: String)
    case sizeMismatch(name: String, bytes: Int, expected: Int)
    /// Tensors overlap, or bytes belong to none.
    case notContiguous(name: String)
    case trailingBytes(Int)
    case endedWhileReading(name: String)
    case fileTooLong(bytes: Int, limit: Int)
  }
}
