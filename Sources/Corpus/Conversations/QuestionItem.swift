import JSON

/// A question whose worked answer has a result behind `#### ` (GSM8K's shape).
package struct QuestionItem: Sendable, Hashable {
  package var question: String
  /// The worked answer, as parts: text, calculator calls and what they gave.
  package var solution: [MessagePart]
  /// The result as `FinalAnswer` finds it; empty when there is none.
  package var answer: String

  package init(question: String, solution: [MessagePart]) {
    self.question = question
    self.solution = solution
    answer = FinalAnswer.extract(from: solution.map(\.text).joined()) ?? ""
  }

  package var conversation: Conversation {
    Conversation(messages: [
      Message(role: .user, text: question), Message(role: .assistant, parts: solution),
    ])
  }
}

extension QuestionItem {
  init(_ value: JSONValue) throws(LocatedFault) {
    let answer = try value.text("answer")
    self.init(
      question: try value.text("question"), solution: CalculatorAnnotation.parts(of: answer))
  }
}

/// The result that a worked answer states.
package enum FinalAnswer {
  /// The digits, dots and commas (with an optional minus) behind the first `#### ` that has any;
  /// commas are removed. Compared as text.
  package static func extract(from text: String) -> String? {
    let marker = Array("#### ".utf8)
    let bytes = Array(text.utf8)
    var start = 0
    while let range = bytes[start...].firstRange(of: marker) {
      var end = range.upperBound
      if end < bytes.count, bytes[end] == UInt8(ascii: "-") { end += 1 }
      let firstDigit = end
      while end < bytes.count, "0123456789.,".utf8.contains(bytes[end]) { end += 1 }
      if end > firstDigit {
        let digits = bytes[range.upperBound..<end].filter { $0 != UInt8(ascii: ",") }
        return String(decoding: digits, as: UTF8.self)
      }
      start = range.upperBound
    }
    return nil
  }
}

/// GSM8K's notes of what a calculator was asked: `<<48/2=24>>`.
enum CalculatorAnnotation {
  /// Cuts a text at its annotations; the expression ends at the last `=`. What only looks like an
  /// annotation (no `=`, or a `>` inside) stays text.
  static func parts(of text: String) -> [MessagePart] {
    var parts: [MessagePart] = []
    let bytes = Array(text.utf8)
    let angle = UInt8(ascii: ">")
    var written = 0
    var position = 0
    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    while let opening = bytes[position...].firstRange(of: Array("<<".utf8)) {
      position = opening.upperBound
      guard let end = bytes[position...].firstIndex(of: angle) else { break }
      guard end + 1 < bytes.count, bytes[end + 1] == angle,
        let equals = bytes[position..<end].lastIndex(of: UInt8(ascii: "="))
      else {
        // Nor is any other that opens before this angle: to search again for each would take the
        // square of the time.
        position = end
        continue
      }
      if written < opening.lowerBound {
        parts.append(MessagePart(kind: .text, text: string(written..<opening.lowerBound)))
      }
      parts.append(MessagePart(kind: .python, text: string(position..<equals)))
      parts.append(MessagePart(kind: .pythonOutput, text: string(equals + 1..<end)))
      position = end + 2
      written = position
    }
    if written < bytes.count || parts.isEmpty {
      parts.append(MessagePart(kind: .text, text: string(written..<bytes.count)))
    }
    return parts
  }
}
