package import Corpus
package import Tokenization

/// What a reply consists of, as it comes.
package enum ChatEvent: Sendable, Hashable {
  /// The next piece of text, always whole characters.
  case text(String)
  /// The model asks the calculator.
  case toolCall(String)
  /// What the calculator answered.
  case toolOutput(String)
  case end(ChatEnd)
}

/// Why a reply ended.
package enum ChatEnd: String, Sendable, Hashable {
  case finished
  case maximumTokens = "maximum_tokens"
  /// The conversation fills the model's context.
  case contextFull = "context_full"
  case cancelled
}

/// Turns the tokens of a reply into events and into the parts of a message.
package struct ReplyAssembler {
  private let special: SpecialTokens
  private var decoder: StreamingDecoder
  private var kind = MessagePart.Kind.text
  private var open = ""
  package private(set) var parts: [MessagePart] = []

  package init(_ tokenizer: Tokenizer) {
    special = tokenizer.specialTokens
    decoder = StreamingDecoder(tokenizer)
  }

  /// The text of all text parts.
  package var text: String { parts.filter { $0.kind == .text }.map(\.text).joined() }

  package mutating func append(_ token: Int32) -> [ChatEvent] {
    switch token {
    case special.pythonStart: return change(to: .python)
    case special.outputStart: return change(to: .pythonOutput)
    case special.pythonEnd, special.outputEnd: return change(to: .text)
    default: return add(decoder.append(token))
    }
  }

  /// Closes what is still open; nothing may follow.
  package mutating func finish() -> [ChatEvent] { change(to: .text) }

  private mutating func add(_ piece: String) -> [ChatEvent] {
    open += piece
    return kind == .text && !piece.isEmpty ? [.text(piece)] : []
  }

  private mutating func change(to next: MessagePart.Kind) -> [ChatEvent] {
    var events = add(decoder.finish())
    switch kind {
    case .text:
      if !open.isEmpty { parts.append(MessagePart(kind: .text, text: open)) }
    case .python:
      parts.append(MessagePart(kind: .python, text: open))
      events.append(.toolCall(open))
    case .pythonOutput:
      parts.append(MessagePart(kind: .pythonOutput, text: open))
      events.append(.toolOutput(open))
    }
    open = ""
    kind = next
    return events
  }
}
