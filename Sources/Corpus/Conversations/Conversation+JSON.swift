import JSON

extension Conversation {
  /// Reads and checks a list of messages, or an object that has one in `messages`.
  init(json value: JSONValue) throws(LocatedFault) {
    let list: JSONValue
    switch value {
    case .array: list = value
    case .object(let members):
      guard let member = members["messages"] else {
        throw LocatedFault(.missingField("messages"))
      }
      list = member
    default:
      throw LocatedFault(
        .expected(
          "a list of messages or an object with `messages`", found: value.kindDescription))
    }
    guard let elements = list.arrayValue else {
      throw LocatedFault(.expected("a list of messages", found: list.kindDescription))
    }
    var messages: [Message] = []
    for (index, element) in elements.enumerated() {
      do throws(LineFault) { messages.append(try Message(element, index: index)) } catch {
        throw LocatedFault(error, message: index)
      }
    }
    self.init(messages: messages)
    try checkOrder()
  }

  /// Roles must alternate, the user first, behind at most one system message; there must be at
  /// least one answer.
  private func checkOrder() throws(LocatedFault) {
    let first = messages.first?.role == .system ? 1 : 0
    for (index, message) in messages.enumerated().dropFirst(first) {
      let expected: Message.Role = (index - first) % 2 == 0 ? .user : .assistant
      guard message.role == expected else {
        throw LocatedFault(
          .roleOrder(
            message: index, expected: expected.rawValue, found: message.role.rawValue),
          message: index)
      }
    }
    guard messages.count - first >= 2 else { throw LocatedFault(.emptyConversation) }
  }

  /// The conversation as a line of JSONL without its end, in the shape of the sample data:
  /// `[{"role": "user", "content": "…"}, …]`, contents of several parts as lists.
  package var jsonLine: [UInt8] {
    var line: [UInt8] = Array("[".utf8)
    for (index, message) in messages.enumerated() {
      line.append(contentsOf: (index > 0 ? ", {\"role\": \"" : "{\"role\": \"").utf8)
      line.append(contentsOf: message.role.rawValue.utf8)
      line.append(contentsOf: "\", \"content\": ".utf8)
      if message.parts.count == 1, message.parts[0].kind == .text {
        JSONLinesWriter.appendString(message.parts[0].text, to: &line)
      } else {
        line.append(UInt8(ascii: "["))
        for (index, part) in message.parts.enumerated() {
          line.append(contentsOf: (index > 0 ? ", {\"type\": \"" : "{\"type\": \"").utf8)
          line.append(contentsOf: part.kind.rawValue.utf8)
          line.append(contentsOf: "\", \"text\": ".utf8)
          JSONLinesWriter.appendString(part.text, to: &line)
          line.append(UInt8(ascii: "}"))
        }
        line.append(UInt8(ascii: "]"))
      }
      line.append(UInt8(ascii: "}"))
    }
    line.append(UInt8(ascii: "]"))
    return line
  }
}

extension Message {
  fileprivate init(_ value: JSONValue, index: Int) throws(LineFault) {
    guard let members = value.objectValue else {
      throw .expected("a message with `role` and `content`", found: value.kindDescription)
    }
    guard let name = members["role"] else { throw .missingField("role") }
    guard let name = name.stringValue else {
      throw .expected("a string in `role`", found: name.kindDescription)
    }
    guard let role = Role(rawValue: name) else { throw .unknownRole(name) }
    guard let content = members["content"] else { throw .missingField("content") }
    switch content {
    case .string(let text): self.init(role: role, text: text)
    case .array(let list):
      var parts: [MessagePart] = []
      for element in list {
        let part = try MessagePart(element)
        if role != .assistant, part.kind != .text { throw .partsInUserMessage(message: index) }
        parts.append(part)
      }
      self.init(role: role, parts: parts)
    default:
      throw .expected("a string or a list of parts in `content`", found: content.kindDescription)
    }
  }
}

extension MessagePart {
  fileprivate init(_ value: JSONValue) throws(LineFault) {
    guard let members = value.objectValue else {
      throw .expected("a part with `type` and `text`", found: value.kindDescription)
    }
    guard let type = members["type"] else { throw .missingField("type") }
    guard let name = type.stringValue else {
      throw .expected("a string in `type`", found: type.kindDescription)
    }
    guard let kind = Kind(rawValue: name) else { throw .unknownPart(name) }
    guard let text = members["text"] else { throw .missingField("text") }
    guard let text = text.stringValue else {
      throw .expected("a string in `text`", found: text.kindDescription)
    }
    self.init(kind: kind, text: text)
  }
}
