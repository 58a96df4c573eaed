/// A chat: user and assistant in turns, a user first; one system message may stand before.
package struct Conversation: Sendable, Hashable {
  package var messages: [Message]

  package init(messages: [Message]) {
    self.messages = messages
  }
}

package struct Message: Sendable, Hashable {
  package enum Role: String, Sendable, Hashable {
    case system, user, assistant
  }

  package var role: Role
  /// What is said. Only an assistant has parts that are not `text`; a plain string is one `text` part.
  package var parts: [MessagePart]

  package init(role: Role, parts: [MessagePart]) {
    self.role = role
    self.parts = parts
  }

  package init(role: Role, text: String) {
    self.init(role: role, parts: [MessagePart(kind: .text, text: text)])
  }
}

package struct MessagePart: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable {
    case text
    /// A call of the calculator.
    case python
    /// What the calculator answered.
    case pythonOutput = "python_output"
  }

  package var kind: Kind
  package var text: String

  package init(kind: Kind, text: String) {
    self.kind = kind
    self.text = text
  }
}
