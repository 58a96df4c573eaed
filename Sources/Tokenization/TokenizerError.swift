package import JSON

/// What can be wrong with a tokenizer file or a training of one.
package enum TokenizerError: Error, Sendable, Hashable {
  case unreadable(path: String, reason: String)
  case unwritable(path: String, reason: String)
  case notJSON(path: String, JSONError)
  /// `line` is 1-based; 0 when the file has no lines.
  case malformed(path: String, line: Int, reason: MalformedReason)
  case invalidVocabulary(path: String, VocabularyFault)
  case unknownPattern(path: String, expression: String)
  case vocabularyTooSmall(requested: Int, minimum: Int)
  case vocabularyTooLarge(requested: Int, maximum: Int)
  case noText
  /// Not even the most frequent pieces fit into the table that training counts with, in bytes.
  case memoryTooSmall(limit: Int, needed: Int)
  /// The same of the merge loop: its places have 32 bits.
  case tooManySymbols(Int, limit: Int)
  case cancelled

  package enum MalformedReason: Sendable, Hashable {
    case missing(key: String)
    case wrongType(key: String, expected: String)
    case notBase64
    case notAnID(String)
    case unknownFormat
    case unsupportedModel(String)
    /// Something that changes ids in a way that is not followed here.
    case unsupported(String)
    case invalidTokenSpelling(String)
    case invalidMerge(String)
  }
}

/// A rule that every vocabulary has to keep.
package enum VocabularyFault: Sendable, Hashable {
  case missingByte(UInt8)
  case duplicateToken(first: Int, second: Int)
  case emptyToken(id: Int)
  /// Ids have to be 0 … count−1 without a gap.
  case missingID(Int)
  case repeatedID(Int)
  case idOutOfRange(Int)
  case tooManyTokens(Int)
  case declaredSize(Int, entries: Int)
}
