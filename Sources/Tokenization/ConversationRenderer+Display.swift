extension ConversationRenderer {
  /// How trained and untrained tokens are told apart.
  package enum MarkStyle: Sendable {
    /// Green for what is trained on, grey for the rest, by terminal escapes.
    case colour
    /// `⟦…⟧` around what is trained on.
    case brackets
  }

  /// A rendered conversation for people: the text with the special tokens by name, and marks that
  /// show which tokens are trained on. `cleaned` gets all text that comes from data, for terminals
  /// that data must not drive.
  package func display(
    _ rendered: RenderedConversation, style: MarkStyle,
    cleaned: (String) -> String = { $0 }
  ) -> String {
    var text = ""
    var isMarked = false
    var bytes: [UInt8] = []
    func flush() {
      text += cleaned(String(decoding: bytes, as: UTF8.self))
      bytes.removeAll()
    }
    for (id, mask) in zip(rendered.ids, rendered.mask) {
      let wantsMark = mask == 1
      if wantsMark != isMarked || text.isEmpty {
        flush()
        switch style {
        case .colour: text += wantsMark ? "\u{1b}[32m" : "\u{1b}[90m"
        case .brackets:
          if wantsMark { text += "⟦" } else if isMarked { text += "⟧" }
        }
        isMarked = wantsMark
      }
      if let name = tokenizer.specialTokens.name(of: id) {
        bytes.append(contentsOf: name.utf8)
      } else {
        bytes.append(contentsOf: tokenizer.bytes(of: id))
      }
    }
    flush()
    switch style {
    case .colour: text += "\u{1b}[0m"
    case .brackets: if isMarked { text += "⟧" }
    }
    return text
  }
}
