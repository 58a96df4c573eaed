import Corpus
import Testing
import Tokenization

@Suite struct ConversationRendererTests {
  private func renderer(_ maxTokens: Int = 2048) throws -> ConversationRenderer {
    ConversationRenderer(
      try Tokenizer(vocabulary: TestVocabulary.bytesAnd([]), pattern: .gpt4), maxTokens: maxTokens)
  }

  private let chat = Conversation(messages: [
    Message(role: .system, text: "S"), Message(role: .user, text: "u"),
    Message(
      role: .assistant,
      parts: [
        MessagePart(kind: .text, text: "a"), MessagePart(kind: .python, text: "1"),
        MessagePart(kind: .pythonOutput, text: "2"), MessagePart(kind: .text, text: "b"),
      ]),
  ])

  @Test func conversationsAreRenderedWithTheirMask() throws {
    let rendered = try renderer().render(chat)
    #expect(
      rendered.ids == [
        256, 257, 83, 10, 10, 117, 258, 259, 97, 261, 49, 262, 263, 50, 264, 98, 260,
      ])
    #expect(rendered.mask == [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1])
  }

  @Test func longConversationsAreCut() throws {
    let rendered = try renderer(9).render(chat)
    #expect(rendered.ids.count == 9 && rendered.mask == [0, 0, 0, 0, 0, 0, 0, 0, 1])
  }

  @Test func promptsEndWhereTheReplyBegins() throws {
    let renderer = try renderer()
    let expected: [Int32] = [256, 257, 83, 10, 10, 117, 258, 259]
    #expect(renderer.promptIds(for: chat.messages) == expected)
    #expect(renderer.promptIds(for: Array(chat.messages.dropLast())) == expected)
  }

  @Test func displaysShowWhatIsTrainedOn() throws {
    let renderer = try renderer()
    let rendered = renderer.render(chat)
    #expect(
      renderer.display(rendered, style: .brackets)
        == "<|bos|><|user_start|>S\n\nu<|user_end|><|assistant_start|>⟦a<|python_start|>1"
        + "<|python_end|>⟧<|output_start|>2<|output_end|>⟦b<|assistant_end|>⟧")
    #expect(renderer.display(rendered, style: .colour).contains("\u{1b}[32ma<|python_start|>"))
  }
}
