package import Corpus

/// A conversation as ids, with the tokens marked that are trained on.
package struct RenderedConversation: Sendable, Hashable {
  package var ids: [Int32]
  /// One entry an id: 1 to train on this token, 0 not to.
  package var mask: [UInt8]

  package init(ids: [Int32] = [], mask: [UInt8] = []) {
    self.ids = ids
    self.mask = mask
  }
}

/// Puts conversations between the special tokens, nanochat's way.
///
/// Each text is encoded on its own and nothing is inserted between them. A system message is put in
/// front of the first user text with an empty line between.
package struct ConversationRenderer {
  package let tokenizer: Tokenizer
  /// Longer conversations are cut here, ids and mask alike.
  package let maxTokens: Int
  private let encoder: PieceEncoder

  package init(_ tokenizer: Tokenizer, maxTokens: Int) {
    self.tokenizer = tokenizer
    self.maxTokens = maxTokens
    encoder = PieceEncoder(tokenizer, cacheBits: 12)
  }

  /// The conversation for training.
  package func render(_ conversation: Conversation) -> RenderedConversation {
    var rendered = renderAll(conversation.messages[...])
    if rendered.ids.count > maxTokens {
      rendered.ids.removeLast(rendered.ids.count - maxTokens)
      rendered.mask.removeLast(rendered.mask.count - maxTokens)
    }
    return rendered
  }

  /// The ids after which a reply begins: the last message is left out if it is the assistant's, the
  /// rest is rendered, and the token that opens a reply follows.
  ///
  /// Nothing is cut: a caller that has less room decides itself what to drop.
  package func promptIds(for messages: [Message]) -> [Int32] {
    let kept = messages.last?.role == .assistant ? messages.dropLast() : messages[...]
    return renderAll(kept).ids + [tokenizer.specialTokens.assistantStart]
  }

  private func renderAll(_ messages: ArraySlice<Message>) -> RenderedConversation {
    let special = tokenizer.specialTokens
    var rendered = RenderedConversation(ids: [special.bos], mask: [0])
    var system = ""
    for message in messages {
      switch message.role {
      case .system:
        system += message.parts.map(\.text).joined() + "\n\n"
      case .user:
        add(special.userStart, 0, to: &rendered)
        add(system + message.parts.map(\.text).joined(), 0, to: &rendered)
        add(special.userEnd, 0, to: &rendered)
        system = ""
      case .assistant:
        add(special.assistantStart, 0, to: &rendered)
        for part in message.parts { add(part, to: &rendered) }
        add(special.assistantEnd, 1, to: &rendered)
      }
    }
    return rendered
  }

  private func add(_ part: MessagePart, to rendered: inout RenderedConversation) {
    let special = tokenizer.specialTokens
    switch part.kind {
    case .text:
      add(part.text, 1, to: &rendered)
    case .python:
      add(special.pythonStart, 1, to: &rendered)
      add(part.text, 1, to: &rendered)
      add(special.pythonEnd, 1, to: &rendered)
    case .pythonOutput:
      add(special.outputStart, 0, to: &rendered)
      add(part.text, 0, to: &rendered)
      add(special.outputEnd, 0, to: &rendered)
    }
  }

  private func add(_ id: Int32, _ mask: UInt8, to rendered: inout RenderedConversation) {
    rendered.ids.append(id)
    rendered.mask.append(mask)
  }

  private func add(_ text: String, _ mask: UInt8, to rendered: inout RenderedConversation) {
    var text = text
    text.withUTF8 { encoder.encode($0, into: &rendered.ids) }
    let missing = rendered.ids.count - rendered.mask.count
    rendered.mask.append(contentsOf: repeatElement(mask, count: missing))
  }
}
