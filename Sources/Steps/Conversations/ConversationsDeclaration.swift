import JSON
import PipelineFile

/// Faults of a `data.conversations` asset that can be told before anything runs, among them every
/// parameter that would have no effect.
struct ConversationsDeclaration {
  private let declaration: StepDeclaration
  /// With what was given alone: a default says nothing of what was meant.
  private let sources: [[String: JSONValue]]

  init(_ declaration: StepDeclaration) {
    self.declaration = declaration
    let given = declaration.written["sources"] ?? declaration.parameters["sources"]
    sources = (given?.arrayValue ?? []).map { source in
      (source.objectValue ?? [:]).filter { !$0.value.isNull }
    }
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
      let path = ["sources", "\(index)"]
      faults += self.faults(of: source, path, hasHeldOut: !heldOut.isEmpty)
      faults += ignoredEpochs(of: source, path)
    }
    return faults + unreachableSize
  }

  private func faults(
    of source: [String: JSONValue], _ path: [String], hasHeldOut: Bool
  ) -> [StepDeclaration.Fault] {
    switch (source["input"], source["generator"]?.stringValue) {
    case (nil, nil):
      return [.init(path, "a source needs `input` or `generator`")]
    case (_?, _?):
      return [.init(path, "a source has either `input` or `generator`, not both")]
    case (let input?, nil):
      var faults = unknownInput(input, "input", path + ["input"])
      faults += ignored(source, path, Self.ignoredByInputs)
      if source["seed"] != nil, source["limit"] == nil {
        faults.append(
          .init(
            path + ["seed"], "`seed` chooses what `limit` takes, and this source has no `limit`",
            help: "add a `limit`, or leave it out: the order is that of the asset's own `seed`"))
      }
      if source["split"]?.stringValue == "test", !hasHeldOut {
        faults.append(
          .init(
            path + ["split"], "`split: test` takes what is held out, and nothing is",
            help: "name the inputs with the questions in `held_out`"))
      }
      return faults
    case (nil, let generator?):
      let takesWords = generator != "arithmetic"
      var faults = ignored(
        source, path, takesWords ? Self.ignoredBySpelling : Self.ignoredByArithmetic)
      if source["count"] == nil {
        faults.append(
          .init(
            path, "the generator `\(generator)` needs `count`", help: "for example `count: 500`"))
      }
      guard takesWords else { return faults }
      if let words = source["words"] {
        faults += unknownInput(words, "words", path + ["words"])
      } else {
        faults.append(
          .init(
            path, "the generator `\(generator)` needs `words`, the input that lists words",
            help: "`inputs: {words: data/words.txt}` and here `words: words`"))
      }
      return faults
    }
  }

  // MARK: Parameters without effect

  /// A parameter of other sources: whose it is, and what to do instead.
  private typealias Foreign = (name: String, owner: String, help: String)

  private static let words: Foreign = (
    "words", "the generators `spelling` and `letter_counting`", "leave it out"
  )
  private static let maximum: Foreign = ("maximum", "the generator `arithmetic`", "leave it out")
  private static let format: Foreign = (
    "format", "sources with an `input`", "leave it out: a generator reads no records"
  )
  private static let ignoredByInputs: [Foreign] = [
    ("count", "generators", "use `limit` for an input"), maximum, words,
  ]
  private static let ignoredBySpelling = [format, maximum]
  private static let ignoredByArithmetic = [format, words]

  private func ignored(
    _ source: [String: JSONValue], _ path: [String], _ parameters: [Foreign]
  ) -> [StepDeclaration.Fault] {
    parameters.filter { source[$0.name] != nil }.map {
      .init(path + [$0.name], "`\($0.name)` is for \($0.owner)", help: $0.help)
    }
  }

  /// With `size`, a weight alone says how much a source gives. A `size` from above, of a profile or
  /// `--set`, may take the place of `epochs`.
  private func ignoredEpochs(
    of source: [String: JSONValue], _ path: [String]
  ) -> [StepDeclaration.Fault] {
    guard source["epochs"] != nil, source["weight"] != nil, declaration.parameters["size"] != nil
    else { return [] }
    if let size = declaration.layers["size"], let own = declaration.layers["sources"], size > own {
      return []
    }
    return [
      .init(
        path + ["epochs"], "`epochs` does not count beside `weight` and `size`",
        help: "leave out `epochs` for a share of `size`, or `weight` for that many rounds",
        other: "size")
    ]
  }

  private var unreachableSize: [StepDeclaration.Fault] {
    let weights = sources.compactMap { $0["weight"]?.doubleValue }
    guard declaration.parameters["size"] != nil, !weights.contains(where: { $0 > 0 }) else {
      return []
    }
    let found = weights.isEmpty ? "none has one" : "none has one above 0"
    return [
      .init(
        ["size"], "`size` is shared by the sources with a `weight`, and \(found)",
        help: "give each source a `weight`, or use `limit` or `epochs`")
    ]
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
