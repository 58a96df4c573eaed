package import Corpus
package import Tokenization

extension TokenDataset {
  /// Throws when another tokenizer made the tokens, as far as the shards tell: ids of equal size mean
  /// other texts there. `input` is what the user calls them.
  package func check(_ tokenizer: Tokenizer, input: String) throws(TrainingError) {
    guard vocabularySize == tokenizer.vocabularySize else {
      throw .vocabularyMismatch(
        input: input, found: vocabularySize, expected: tokenizer.vocabularySize)
    }
    guard tokenizerHash != 0 else { return }
    let expected = tokenizer.shardHash
    guard tokenizerHash == expected else {
      throw .tokensOfAnotherTokenizer(input: input, found: tokenizerHash, expected: expected)
    }
  }
}
