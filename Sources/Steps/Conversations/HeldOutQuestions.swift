import BuildEngine
import Corpus
import JSON

/// Questions that are kept for examinations: no training conversation may contain one.
struct HeldOutQuestions {
  /// What the user would say.
  private(set) var texts: Set<String> = []

  /// Of the questions in the inputs that `held_out` names, the one in ten that `HeldOut` assigns to
  /// tests.
  ///
  /// A record may be a question in several formats, with other words in each. An input is read in
  /// every format in which one of `sources` reads it; in that of its fields where none does.
  init(_ context: StepContext, inputs: [JSONValue], sources: [JSONValue]) throws {
    for name in inputs.compactMap(\.stringValue) {
      guard let values = context.inputs[name] else {
        throw StepFailure("`held_out` names input `\(name)`, which the asset does not have")
      }
      var questions = 0
      var kept = Set<String>()
      for format in Self.formats(of: name, in: sources) {
        let reader = try ConversationReader(paths: values.map(\.path), format: format)
        while let conversation = try reader.next() {
          for message in conversation.messages where message.role == .user {
            let text = message.parts.map(\.text).joined()
            questions += 1
            if HeldOut.split(of: text) == .test { kept.insert(text) }
          }
        }
      }
      guard questions > 0 else {
        throw StepFailure(
          "`held_out` names the input `\(name)`, which holds no question",
          help: "nothing would be kept out of training: take it out of `held_out`, or fill it")
      }
      context.reporter.log(
        "`\(name)`: \(questions) questions read, \(kept.count) different ones held out")
      texts.formUnion(kept)
    }
  }

  /// Nil stands for the format that the fields of a record tell.
  private static func formats(of input: String, in sources: [JSONValue]) -> [ConversationFormat?] {
    var formats: [ConversationFormat?] = []
    for source in sources where source["input"]?.stringValue == input {
      let format = source["format"]?.stringValue.flatMap(ConversationFormat.init(rawValue:))
      if !formats.contains(format) { formats.append(format) }
    }
    return formats.isEmpty ? [nil] : formats
  }
}
