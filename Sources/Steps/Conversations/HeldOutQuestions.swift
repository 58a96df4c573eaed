import BuildEngine
import Corpus
import JSON

/// Questions that are kept for examinations: no training conversation may contain one.
struct HeldOutQuestions {
  /// What the user would say.
  let texts: Set<String>

  /// Of the questions in these inputs, the one in ten that `HeldOut` assigns to tests.
  init(_ context: StepContext, inputs: [JSONValue]) throws {
    var texts = Set<String>()
    for name in inputs.compactMap(\.stringValue) {
      guard let values = context.inputs[name] else {
        throw StepFailure("`held_out` names input `\(name)`, which the asset does not have")
      }
      let reader = try ConversationReader(paths: values.map(\.path))
      while let conversation = try reader.next() {
        for message in conversation.messages where message.role == .user {
          let text = message.parts.map(\.text).joined()
          if HeldOut.split(of: text) == .test { texts.insert(text) }
        }
      }
    }
    self.texts = texts
  }
}
