import JSON

/// The shapes that conversations and task data sets come in.
package enum ConversationFormat: String, Sendable, Hashable, CaseIterable {
  /// An array of `{role, content}`, or an object with such an array in `messages` (SmolTalk).
  case messages
  /// `question`, `choices` (list of texts), `answer` (index), also all inside `train`.
  case mmlu
  /// `question`, `choices` (`text` and `label`), `answerKey`.
  case arc
  /// `question` and `answer` with `<<expression=result>>`.
  case gsm8k

  /// The format of a record, by the names of its members.
  static func detect(_ value: JSONValue) -> ConversationFormat? {
    switch value {
    case .array: return .messages
    case .object(let members):
      if members["messages"] != nil { return .messages }
      if members.count == 1, let train = members["train"], train.objectValue != nil {
        return detect(train)
      }
      guard members["question"] != nil else { return nil }
      if members["choices"] != nil {
        if members["answerKey"] != nil { return .arc }
        return members["answer"] != nil ? .mmlu : nil
      }
      return members["answer"] != nil ? .gsm8k : nil
    default: return nil
    }
  }

  func conversation(_ value: JSONValue) throws(LocatedFault) -> Conversation {
    switch self {
    case .messages: return try Conversation(json: value)
    case .mmlu, .arc: return try MultipleChoiceItem(value, format: self).conversation
    case .gsm8k: return try QuestionItem(value).conversation
    }
  }
}

extension JSONValue {
  /// A member that must be a string.
  func text(_ name: String) throws(LocatedFault) -> String {
    guard let member = self[name] else { throw LocatedFault(.missingField(name)) }
    guard let text = member.stringValue else {
      throw LocatedFault(.expected("a string in `\(name)`", found: member.kindDescription))
    }
    return text
  }

  /// A member that must be a list of strings.
  func texts(_ name: String) throws(LocatedFault) -> [String] {
    guard let member = self[name] else { throw LocatedFault(.missingField(name)) }
    guard let list = member.arrayValue else {
      throw LocatedFault(.expected("a list in `\(name)`", found: member.kindDescription))
    }
    var texts: [String] = []
    for element in list {
      guard let text = element.stringValue else {
        throw LocatedFault(.expected("strings in `\(name)`", found: element.kindDescription))
      }
      texts.append(text)
    }
    return texts
  }
}
