package import Corpus
import Kernels
package import Tokenization

/// A conversation with a model: remembers the turns, keeps the cache of keys and values between
/// them, runs the calculator, and hands out a reply piece by piece.
///
/// One caller at a time.
package final class ChatEngine {
  package struct Settings: Sendable, Hashable {
    package var sampling: Sampler.Settings
    /// Of one reply, the tool's tokens included.
    package var maximumTokens: Int

    package init(sampling: Sampler.Settings = Sampler.Settings(), maximumTokens: Int = 256) {
      self.sampling = sampling
      self.maximumTokens = maximumTokens
    }
  }

  package let tokenizer: Tokenizer
  /// Tokens of conversation and reply that fit.
  package let contextLength: Int
  package private(set) var messages: [Message] = []

  private let decoder: GPTDecoder
  /// The tokens whose keys and values the decoder holds.
  private var cached: [Int32] = []
  private var turns: [Turn] = []
  private var system = ""
  /// Replies made so far: each draws from a stream of its own.
  private var replies: UInt64 = 0

  /// A question and its answer; the answer's tokens are kept as they were drawn, since encoding its
  /// text again may give others.
  private struct Turn {
    var question: String
    var reply: [Int32]
  }

  /// `contextLength` is the model's own length unless given.
  package init(
    model: GPT, tokenizer: Tokenizer, contextLength: Int? = nil
  ) throws(LanguageModelError) {
    self.tokenizer = tokenizer
    self.contextLength = max(16, contextLength ?? model.configuration.sequenceLength)
    decoder = try GPTDecoder(
      model: model, maximumRows: 1, maximumLength: self.contextLength)
  }

  /// Starts a new conversation, with a system message when `system` is not empty.
  package func clear(system: String = "") {
    self.system = system
    turns = []
    messages = system.isEmpty ? [] : [Message(role: .system, text: system)]
  }

  /// Replaces the conversation by `messages`, which end before the user's next words.
  package func restore(_ messages: [Message]) {
    clear(
      system: messages.filter { $0.role == .system }
        .flatMap { $0.parts.map(\.text) }.joined(separator: "\n\n"))
    for message in messages where message.role != .system {
      self.messages.append(message)
      if message.role == .user {
        turns.append(Turn(question: message.parts.map(\.text).joined(), reply: []))
      } else if !turns.isEmpty {
        turns[turns.count - 1].reply += encode(message.parts)
      }
    }
  }

  /// Answers `text`, telling `onEvent` as it goes; a false answer of it stops the reply. Every
  /// reply ends with `.end`. The oldest turns are forgotten when the context is full.
  @discardableResult
  package func reply(
    to text: String, settings: Settings = Settings(), onEvent: (ChatEvent) -> Bool = { _ in true }
  ) -> Message {
    messages.append(Message(role: .user, text: text))
    turns.append(Turn(question: text, reply: []))
    let prompt = fittingPrompt(reserving: settings.maximumTokens)
    let (ids, parts) = generate(prompt, settings: settings, onEvent: onEvent)
    turns[turns.count - 1].reply = ids
    let message = Message(role: .assistant, parts: parts)
    messages.append(message)
    return message
  }

  // MARK: Generating

  private func generate(
    _ prompt: [Int32], settings: Settings, onEvent: (ChatEvent) -> Bool
  ) -> (ids: [Int32], parts: [MessagePart]) {
    var sampler = Sampler(settings: settings.sampling, stream: replies)
    replies += 1
    var tool = ToolUse(tokenizer)
    var assembler = ReplyAssembler(tokenizer)
    var ids: [Int32] = []
    var end = ChatEnd.finished
    var logits = prefill(prompt)
    reply: while true {
      guard ids.count < settings.maximumTokens else {
        end = .maximumTokens
        break
      }
      let token = tool.nextForced() ?? Int32(sampler.next(UnsafeBufferPointer(logits)))
      if ToolUse.isEnd(token, tokenizer.specialTokens) { break }
      tool.accept(token)
      ids.append(token)
      for event in assembler.append(token) where !onEvent(event) {
        end = .cancelled
        break reply
      }
      guard cached.count < contextLength else {
        end = .contextFull
        break
      }
      logits = decoder.decode(tokens: [token])
      cached.append(token)
    }
    for event in assembler.finish() { _ = onEvent(event) }
    _ = onEvent(.end(end))
    return (ids, assembler.parts)
  }

  /// Brings the cache to `prompt`, keeping what it has in common with it, and returns the logits
  /// after its last token.
  private func prefill(_ prompt: [Int32]) -> UnsafeMutableBufferPointer<Float> {
    var common = 0
    while common < min(cached.count, prompt.count - 1), cached[common] == prompt[common] {
      common += 1
    }
    decoder.truncate(row: 0, to: common)
    cached = prompt
    return decoder.prefill(Array(prompt[common...]))
  }

  // MARK: The prompt

  /// The conversation up to the coming reply, without its oldest turns if it is too long. A single
  /// question that is too long loses its beginning.
  private func fittingPrompt(reserving tokens: Int) -> [Int32] {
    let room = contextLength - max(1, min(tokens, contextLength / 2))
    var first = 0
    while true {
      let prompt = prompt(from: first)
      if prompt.count <= room {
        turns.removeFirst(first)
        return prompt
      }
      if first == turns.count - 1 {
        turns.removeFirst(first)
        return shortened(prompt, to: room)
      }
      first += 1
    }
  }

  private func shortened(_ prompt: [Int32], to room: Int) -> [Int32] {
    // bos and the token that opens the question stay.
    Array(prompt.prefix(2)) + prompt.suffix(max(1, room - 2))
  }

  private func prompt(from first: Int) -> [Int32] {
    let special = tokenizer.specialTokens
    var ids = [special.bos]
    for (index, turn) in turns.enumerated().dropFirst(first) {
      let prefix = index == first && !system.isEmpty ? system + "\n\n" : ""
      ids.append(special.userStart)
      ids.append(contentsOf: tokenizer.encode(prefix + turn.question))
      ids.append(special.userEnd)
      ids.append(special.assistantStart)
      guard index < turns.count - 1 else { break }
      ids.append(contentsOf: turn.reply)
      // Also when the reply had been cut off.
      ids.append(special.assistantEnd)
    }
    return ids
  }

  private func encode(_ parts: [MessagePart]) -> [Int32] {
    let special = tokenizer.specialTokens
    return parts.flatMap { part -> [Int32] in
      let ids = tokenizer.encode(part.text)
      switch part.kind {
      case .text: return ids
      case .python: return [special.pythonStart] + ids + [special.pythonEnd]
      case .pythonOutput: return [special.outputStart] + ids + [special.outputEnd]
      }
    }
  }
}
