import Corpus
import JSON
import LanguageModel

/// Conversations of a JSONL file, one JSON array of messages a line.
struct ConversationReader {
  private var conversations: [Conversation] = []
  private var index = 0

  init(path: String) throws(CorpusError) {
    let text = (try? CheckpointFiles.read(path)) ?? []
    for line in text.split(separator: 0x0a) {
      guard let json = try? JSONParser.parse(Array(line)) else { continue }
      let messages = (json.arrayValue ?? json["messages"]?.arrayValue ?? []).compactMap { m -> Message? in
        guard let role = m["role"]?.stringValue.flatMap(Message.Role.init) else { return nil }
        if let text = m["content"]?.stringValue { return Message(role: role, text: text) }
        return Message(role: role, parts: (m["content"]?.arrayValue ?? []).compactMap { p in
          guard let kind = p["type"]?.stringValue.flatMap(MessagePart.Kind.init) else { return nil }
          return MessagePart(kind: kind, text: p["text"]?.stringValue ?? "")
        })
      }
      conversations.append(Conversation(messages: messages))
    }
  }

  mutating func next() throws(CorpusError) -> Conversation? {
    guard index < conversations.count else { return nil }
    index += 1
    return conversations[index - 1]
  }
}
