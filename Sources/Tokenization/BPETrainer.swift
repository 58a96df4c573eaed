/// Learns a byte-level BPE vocabulary from text.
///
/// The pair of adjacent tokens that is most frequent in the text is merged, again and again; on a
/// tie the pair with the smaller ids. The ranks equal those of `rustbpe` on the same text, but for
/// one rule: a merge that would spell the bytes of an existing token is skipped, since files map
/// bytes to one id. The result does not depend on the number of threads.
package struct BPETrainer: Sendable {
  package struct Options: Sendable, Hashable {
    /// Learned and special tokens together.
    package var vocabularySize: Int
    package var pattern: SplitPattern
    /// No further document is read once this many characters (code points) were; nil: no limit.
    package var maxCharacters: Int?
    /// Each document is cut after this many characters; nil: no limit.
    package var documentCap: Int?
    /// 0: as many as there are processors.
    package var threads: Int
    /// Bound in bytes for the table of distinct pieces. When it is passed, at fixed amounts of
    /// text whatever the threads, the pieces seen least are forgotten: once, then twice …
    package var maxMemory: Int

    package init(
      vocabularySize: Int, pattern: SplitPattern, maxCharacters: Int? = nil,
      documentCap: Int? = nil, threads: Int = 0, maxMemory: Int = 2 << 30
    ) {
      self.vocabularySize = vocabularySize
      self.pattern = pattern
      self.maxCharacters = maxCharacters
      self.documentCap = documentCap
      self.threads = threads
      self.maxMemory = maxMemory
    }
  }

  package enum Progress: Sendable, Hashable {
    /// Text read so far.
    case counting(documents: Int, characters: Int, bytes: Int)
    case merging(done: Int, total: Int)
  }

  package struct Result: Sendable {
    package let tokenizer: Tokenizer
    package let documents: Int
    package let characters: Int
    package let bytes: Int
    package let distinctPieces: Int
    /// Occurrences of pieces that were forgotten to stay within `maxMemory`.
    package let forgottenOccurrences: Int
    /// Merges left out because they spell an existing token.
    package let skippedDuplicates: Int
    /// Whether no pair was left before the vocabulary was full.
    package let endedEarly: Bool
  }

  package let options: Options

  package init(_ options: Options) { self.options = options }

  /// Trains on the documents that `source` gives, batch by batch, until it returns false.
  ///
  /// `source` appends to an empty buffer, a few megabytes at best. The closures are called on the
  /// calling thread only. An error of `source` is thrown as it is; others are `TokenizerError`.
  package func train(
    source: (inout DocumentBuffer) throws -> Bool,
    progress: (Progress) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws -> Result {
    let minimum = 256 + SpecialTokens.count
    guard options.vocabularySize >= minimum else {
      throw TokenizerError.vocabularyTooSmall(requested: options.vocabularySize, minimum: minimum)
    }
    guard options.vocabularySize <= Vocabulary.largestSize else {
      throw TokenizerError.vocabularyTooLarge(
        requested: options.vocabularySize, maximum: Vocabulary.largestSize)
    }
    let counter = PieceCounter(options)
    try counter.count(source: source, progress: progress, isCancelled: isCancelled)
    guard counter.table.count > 0 else { throw TokenizerError.noText }
    let distinct = counter.table.count
    let merges = MergeLoop(counter.table)
    counter.table.removeAll()
    let total = options.vocabularySize - minimum
    while merges.merged < total {
      if merges.merged % 64 == 0 {
        if isCancelled() { throw TokenizerError.cancelled }
        progress(.merging(done: merges.merged, total: total))
      }
      guard merges.mergeNext() else { break }
    }
    progress(.merging(done: merges.merged, total: total))
    let tokenizer: Tokenizer
    do throws(VocabularyFaultError) {
      tokenizer = try Tokenizer(vocabulary: merges.vocabulary, pattern: options.pattern)
    } catch {
      throw TokenizerError.invalidVocabulary(path: "", error.fault)
    }
    return Result(
      tokenizer: tokenizer, documents: counter.documents, characters: counter.characters,
      bytes: counter.bytes, distinctPieces: distinct,
      forgottenOccurrences: counter.forgotten, skippedDuplicates: merges.skipped,
      endedEarly: merges.merged < total)
  }
}
