import JSON

/// A question with labelled choices, one of which is right.
package struct MultipleChoiceItem: Sendable, Hashable {
  package var question: String
  package var choices: [String]
  /// One label a choice: letters, or digits in some ARC questions.
  package var labels: [String]
  /// The label of the right choice.
  package var answer: String

  package init(question: String, choices: [String], labels: [String], answer: String) {
    self.question = question
    self.choices = choices
    self.labels = labels
    self.answer = answer
  }

  /// What the user says. The label stands behind the choice, without a space before it, so that
  /// it is the same token as the answer.
  package var prompt: String {
    var text = "Multiple Choice question: \(question)\n"
    for (choice, label) in zip(choices, labels) { text += "- \(choice)=\(label)\n" }
    return text + "\nRespond only with the letter of the correct answer."
  }

  /// The prompt, answered by the label alone.
  package var conversation: Conversation {
    Conversation(messages: [
      Message(role: .user, text: prompt), Message(role: .assistant, text: answer),
    ])
  }

  /// Position of the right choice.
  package var answerIndex: Int { labels.firstIndex(of: answer) ?? 0 }
}

extension MultipleChoiceItem {
  /// Reads a record in ARC's or MMLU's shape.
  init(_ value: JSONValue, format: ConversationFormat) throws(LocatedFault) {
    let record = value["train"].flatMap { $0.objectValue == nil ? nil : $0 } ?? value
    question = try record.text("question")
    guard let choices = record["choices"] else { throw LocatedFault(.missingField("choices")) }
    if format == .arc {
      self.choices = try choices.texts("text")
      labels = try choices.texts("label")
      answer = try record.text("answerKey")
      guard labels.count == self.choices.count else {
        throw LocatedFault(
          .expected("\(self.choices.count) labels", found: "\(labels.count)"))
      }
    } else {
      self.choices = try record.texts("choices")
      let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init)
      labels = Array(letters.prefix(self.choices.count))
      guard let number = record["answer"] else { throw LocatedFault(.missingField("answer")) }
      guard let index = number.intValue else {
        throw LocatedFault(.expected("an index in `answer`", found: number.kindDescription))
      }
      guard labels.indices.contains(index) else {
        throw LocatedFault(.answerOutOfRange(index, choices: self.choices.count))
      }
      answer = labels[index]
    }
    guard labels.contains(answer) else {
      throw LocatedFault(.answerNotALabel(answer, labels: labels))
    }
  }
}
