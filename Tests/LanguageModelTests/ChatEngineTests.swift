import Corpus
import LanguageModel
import Testing
import Tokenization

@Suite struct ChatEngineTests {
  let model: GPT
  let tokenizer: Tokenizer

  init() throws {
    model = try TinyModel.make()
    tokenizer = try TinyModel.tokenizer()
  }

  private func settings(_ tokens: Int) -> ChatEngine.Settings {
    ChatEngine.Settings(sampling: .greedy, maximumTokens: tokens)
  }

  private func text(_ ids: [Int32]) -> String {
    var assembler = ReplyAssembler(tokenizer)
    for id in ids { _ = assembler.append(id) }
    _ = assembler.finish()
    return assembler.text
  }

  @Test func aCachedReplyEqualsAnUncachedOne() throws {
    let engine = try ChatEngine(model: model, tokenizer: tokenizer)
    let renderer = ConversationRenderer(tokenizer, maxTokens: 64)
    for question in ["Hi", "What?", "0123456789"] {
      engine.clear()
      let reply = engine.reply(to: question, settings: settings(20))
      let prompt = renderer.promptIds(for: [Message(role: .user, text: question)])
      let expected = TinyModel.greedyReply(model, after: prompt, tokens: 20)
      #expect(reply.parts.map(\.text).joined() == text(expected), "\(question)")
    }
  }

  @Test func theCacheOfEarlierTurnsChangesNothing() throws {
    let first = try ChatEngine(model: model, tokenizer: tokenizer)
    let second = try ChatEngine(model: model, tokenizer: tokenizer)
    _ = second.reply(to: "Something else", settings: settings(8))
    second.clear()
    for question in ["One", "Two"] {
      let a = first.reply(to: question, settings: settings(6))
      let b = second.reply(to: question, settings: settings(6))
      #expect(a == b)
    }
    #expect(first.messages == second.messages)
    #expect(first.messages.map(\.role) == [.user, .assistant, .user, .assistant])
  }

  @Test func theSameSeedGivesTheSameReplyAndAnotherSeedAnother() throws {
    func reply(_ seed: UInt64) throws -> Message {
      try ChatEngine(model: model, tokenizer: tokenizer).reply(
        to: "Hi",
        settings: ChatEngine.Settings(
          sampling: Sampler.Settings(temperature: 1, topK: 50, seed: seed), maximumTokens: 24))
    }
    #expect(try reply(1) == reply(1))
    #expect(try reply(1) != reply(2))
  }

  @Test func eventsJoinToTheReplyAndEndOnce() throws {
    let engine = try ChatEngine(model: model, tokenizer: tokenizer)
    var events: [ChatEvent] = []
    let reply = engine.reply(to: "Hi", settings: settings(12)) { event in
      events.append(event)
      return true
    }
    let streamed = events.compactMap { if case .text(let text) = $0 { text } else { nil } }
    let whole = reply.parts.filter { $0.kind == .text }.map(\.text).joined()
    #expect(streamed.joined() == whole)
    let ends = events.compactMap { if case .end(let end) = $0 { end } else { nil } }
    #expect(ends.count == 1 && events.last == .end(ends[0]))
  }

  @Test func aListenerCanStopAReply() throws {
    let engine = try ChatEngine(model: model, tokenizer: tokenizer)
    var count = 0
    var end: ChatEnd?
    engine.reply(to: "Hi", settings: settings(30)) { event in
      if case .end(let reason) = event { end = reason }
      count += 1
      return count < 3
    }
    #expect(end == .cancelled)
  }

  @Test func aLongConversationForgetsItsOldestTurns() throws {
    let engine = try ChatEngine(model: model, tokenizer: tokenizer, contextLength: 48)
    engine.clear(system: "Be brief.")
    for turn in 0..<12 {
      var end: ChatEnd?
      engine.reply(to: "Question \(turn)", settings: settings(16)) { event in
        if case .end(let reason) = event { end = reason }
        return true
      }
      #expect(end != nil)
    }
    #expect(engine.messages.count == 25)
    // Longer than the whole context, alone and again.
    for _ in 0..<2 {
      engine.reply(to: String(repeating: "long ", count: 100), settings: settings(500))
    }
  }

  @Test func aRestoredConversationGoesOnLikeTheOriginal() throws {
    let messages = [
      Message(role: .system, text: "S"), Message(role: .user, text: "ab"),
      Message(
        role: .assistant,
        parts: [
          MessagePart(kind: .python, text: "1+1"), MessagePart(kind: .pythonOutput, text: "2"),
          MessagePart(kind: .text, text: "2"),
        ]),
    ]
    let engine = try ChatEngine(model: model, tokenizer: tokenizer)
    engine.restore(messages)
    let reply = engine.reply(to: "cd", settings: settings(10))
    let prompt = ConversationRenderer(tokenizer, maxTokens: 64)
      .promptIds(for: messages + [Message(role: .user, text: "cd")])
    let expected = TinyModel.greedyReply(model, after: prompt, tokens: 10)
    #expect(reply.parts.map(\.text).joined() == text(expected))
  }
}

@Suite struct ChatToolUseTests {
  let tokenizer: Tokenizer
  let special: SpecialTokens

  init() throws {
    tokenizer = try TinyModel.tokenizer()
    special = tokenizer.specialTokens
  }

  private func forced(after tokens: [Int32]) -> [Int32] {
    var tool = ToolUse(tokenizer)
    for token in tokens { tool.accept(token) }
    var forced: [Int32] = []
    while let token = tool.nextForced() {
      forced.append(token)
      tool.accept(token)
    }
    return forced
  }

  @Test func aCallIsAnsweredWithItsResult() {
    let call = [special.pythonStart] + tokenizer.encode("12/60") + [special.pythonEnd]
    let answer = [special.outputStart] + tokenizer.encode("0.2") + [special.outputEnd]
    #expect(forced(after: call) == answer)
    #expect(forced(after: tokenizer.encode("so ") + call) == answer)
  }

  @Test func nothingIsForcedWithoutAResult() {
    #expect(forced(after: [special.pythonStart, special.pythonEnd]).isEmpty)
    #expect(forced(after: [special.pythonEnd]).isEmpty)
    #expect(forced(after: tokenizer.encode("1+1") + [special.pythonEnd]).isEmpty)
    for text in ["1/0", "import os", "2**9"] {
      #expect(
        forced(after: [special.pythonStart] + tokenizer.encode(text) + [special.pythonEnd]).isEmpty)
    }
  }

  @Test func aSecondStartForgetsWhatWasCollected() {
    let tokens =
      [special.pythonStart] + tokenizer.encode("9+") + [special.pythonStart]
      + tokenizer.encode("1+1") + [special.pythonEnd]
    #expect(
      forced(after: tokens) == [special.outputStart] + tokenizer.encode("2") + [special.outputEnd])
  }

  @Test func partsAndEventsFollowTheBlocks() {
    var assembler = ReplyAssembler(tokenizer)
    var events: [ChatEvent] = []
    let tokens: [Int32] =
      tokenizer.encode("é") + [special.pythonStart] + tokenizer.encode("1+1")
      + [special.pythonEnd, special.outputStart] + tokenizer.encode("2") + [special.outputEnd]
      + tokenizer.encode("ok")
    for token in tokens { events += assembler.append(token) }
    events += assembler.finish()
    #expect(
      events == [.text("é"), .toolCall("1+1"), .toolOutput("2"), .text("o"), .text("k")])
    #expect(assembler.parts.map(\.kind) == [.text, .python, .pythonOutput, .text])
    #expect(assembler.parts.map(\.text) == ["é", "1+1", "2", "ok"])
    #expect(assembler.text == "éok")
  }

  @Test func anUnfinishedCallIsStillShown() {
    var assembler = ReplyAssembler(tokenizer)
    for token in [special.pythonStart] + tokenizer.encode("1+") { _ = assembler.append(token) }
    #expect(assembler.finish() == [.toolCall("1+")])
  }
}
