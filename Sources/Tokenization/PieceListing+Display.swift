extension PieceListing {
  /// The tokens of a text one beside the other, in colours that change at every token.
  package static func coloured(_ tokens: [ListedToken]) -> String {
    let colours = [44, 42, 45, 46, 43]
    var text = ""
    for (index, token) in tokens.enumerated() {
      text += "\u{1b}[30;\(colours[index % colours.count])m" + token.text + "\u{1b}[0m"
      if token.bytes.contains(UInt8(ascii: "\n")) { text += "\n" }
    }
    return text
  }

  /// Counts for `--stats`.
  package struct Statistics: Sendable, Hashable {
    package var bytes = 0
    package var characters = 0
    package var pieces = 0
    package var tokens = 0
    /// Pieces that are one token.
    package var wholePieces = 0

    package var bytesPerToken: Double { tokens > 0 ? Double(bytes) / Double(tokens) : 0 }
    package var tokensPerPiece: Double { pieces > 0 ? Double(tokens) / Double(pieces) : 0 }
  }

  package static func statistics(
    of text: UnsafeBufferPointer<UInt8>, _ tokenizer: Tokenizer
  ) -> Statistics {
    var statistics = Statistics()
    statistics.bytes = text.count
    statistics.characters = CharacterCount.prefix(text, limit: .max).characters
    let encoder = PieceEncoder(tokenizer)
    var start = 0
    var ids: [Int32] = []
    for length in Splitter(tokenizer.pattern).pieceLengths(text) {
      ids.removeAll(keepingCapacity: true)
      encoder.encodePiece(
        UnsafeBufferPointer(rebasing: text[start..<(start + length)]), into: &ids)
      start += length
      statistics.pieces += 1
      statistics.tokens += ids.count
      if ids.count == 1 { statistics.wholePieces += 1 }
    }
    return statistics
  }
}
