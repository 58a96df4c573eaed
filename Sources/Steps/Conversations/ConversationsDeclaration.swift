import JSON
import PipelineFile

/// Faults of a `data.conversations` asset that can be told before anything runs.
struct ConversationsDeclaration {
  private let declaration: StepDeclaration
  private let sources: [JSONValue]

  init(_ declaration: StepDeclaration) {
    self.declaration = declaration
    sources = declaration.parameters["sources"]?.arrayValue ?? []
  }

  var faults: [StepDeclaration.Fault] {
    var faults: [StepDeclaration.Fault] = []
    if declaration.parameters["sources"] != nil, sources.isEmpty {
      faults.append(.init(["sources"], "`sources` names nothing to take conversations from"))
    }
    let heldOut = declaration.parameters["held_out"]?.arrayValue ?? []
    for (index, name) in heldOut.enumerated() {
      faults += unknownInput(name, "held_out", ["held_out", "\(index)"])
    }
    for (index, source) in sources.enumerated() {
      faults += self.faults(of: source, ["sources", "\(index)"], hasHeldOut: !heldOut.isEmpty)
    }
    if declaration.parameters["size"] != nil, sources.allSatisfy({ $0["weight"] == nil }) {
      faults.append(
        .init(
          ["size"], "`size` is shared by the sources with a `weight`, and none has one",
          help: "give each source a `weight`, or use `limit` or `epochs`"))
    }
    return faults
  }

  private func faults(
    of source: JSONValue, _ path: [String], hasHeldOut: Bool
  ) -> [StepDeclaration.Fault] {
    switch (source["input"], source["generator"]?.stringValue) {
    case (nil, nil):
      return [.init(path, "a source needs `input` or `generator`")]
    case (_?, _?):
      return [.init(path, "a source has either `input` or `generator`, not both")]
    case (let input?, nil):
      var faults = unknownInput(input, "input", path + ["input"])
      if source["count"] != nil {
        faults.append(
          .init(path + ["count"], "`count` is for generators", help: "use `limit` for an input"))
      }
      if source["split"]?.stringValue == "test", !hasHeldOut {
        faults.append(
          .init(
            path + ["split"], "`split: test` takes what is held out, and nothing is",
            help: "name the inputs with the questions in `held_out`"))
      }
      return faults
    case (nil, let generator?):
      var faults: [StepDeclaration.Fault] = []
      if source["count"] == nil {
        faults.append(
          .init(
            path, "the generator `\(generator)` needs `count`", help: "for example `count: 500`"))
      }
      if let words = source["words"] {
        faults += unknownInput(words, "words", path + ["words"])
      } else if generator != "arithmetic" {
        faults.append(
          .init(
            path, "the generator `\(generator)` needs `words`, the input that lists words",
            help: "`inputs: {words: data/words.txt}` and here `words: words`"))
      }
      return faults
    }
  }

  private func unknownInput(
    _ name: JSONValue, _ parameter: String, _ path: [String]
  ) -> [StepDeclaration.Fault] {
    guard let name = name.stringValue, !declaration.inputs.contains(name) else { return [] }
    let known = declaration.inputs.map { "`\($0)`" }.joined(separator: ", ")
    return [
      .init(
        path, "`\(parameter)` names the input `\(name)`, which the asset does not have",
        help: known.isEmpty ? "add it under `inputs`" : "its inputs are \(known)")
    ]
  }
}
