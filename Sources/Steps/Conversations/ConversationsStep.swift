package import BuildEngine
import Corpus
import JSON
package import PipelineFile
import Tokenization

/// `data.conversations`: a mixture of chats, task data sets and generators as one JSONL file.
package struct ConversationsStep: Step {
  package init() {}

  /// The one file of a result.
  package static let fileName = "conversations.jsonl"

  private static let source: [ParameterSchema] = [
    ParameterSchema(
      "name", .string, "what the metrics call it (default: the input's or generator's name)"),
    ParameterSchema("input", .string, "the input to take conversations from"),
    ParameterSchema(
      "generator", .choice(["spelling", "letter_counting", "arithmetic"]),
      "makes conversations instead of reading them"),
    ParameterSchema(
      "count", .integer(1...ConversationMixture.largestSize), "how many to make"),
    ParameterSchema(
      "maximum", .integer(ConversationGenerator.operands), default: 100,
      "largest operand of `arithmetic`"),
    ParameterSchema("words", .string, "the input that lists words, one a line, for spelling tasks"),
    ParameterSchema(
      "format", .choice(ConversationFormat.allCases.map(\.rawValue)),
      "shape of the records (default: found by their fields)"),
    ParameterSchema(
      "split", .choice(["train", "test"]), default: "train",
      "`test` takes what is held out, `train` everything else"),
    ParameterSchema("epochs", .number(0...1e6), default: 1.0, "how often all of it is used"),
    ParameterSchema("weight", .number(0...1e9), "share of `size` among sources with a weight"),
    ParameterSchema("limit", .integer(1...Int.max), "most conversations to take"),
    ParameterSchema(
      "seed", .integer(0...Int.max), "choose them at random (default: the first ones)"),
  ]

  package static let schema = StepSchema(
    name: "data.conversations",
    summary: "Mixes chats, task data sets and generated exercises into one shuffled file.",
    revision: 4,
    inputs: [
      InputSchema(
        "tokenizer", "counts tokens for the metrics", kinds: [.tokenizer], isRequired: false)
    ],
    parameters: [
      ParameterSchema(
        "sources", .list(of: .record(source)), isRequired: true, "what to mix, in order"),
      ParameterSchema(
        "held_out", .list(of: .string), default: [],
        "inputs with questions, of which one in ten is kept out of every `train` source"),
      ParameterSchema("seed", .integer(0...Int.max), default: 42, "seed of the order"),
      ParameterSchema(
        "size", .integer(1...ConversationMixture.largestSize),
        "conversations in all, where sources have weights"),
    ],
    produces: .conversations,
    metrics: [
      NamedSummary("conversations", "conversations in the mixture"),
      NamedSummary("tokens", "tokens when rendered, where a tokenizer is given"),
      NamedSummary("trained_tokens", "tokens that fine-tuning trains on"),
      NamedSummary("<source>_conversations", "conversations of that source in the mixture"),
      NamedSummary("<source>_tokens", "its tokens"),
      NamedSummary("<source>_trained_tokens", "its tokens that fine-tuning trains on"),
    ],
    acceptsAnyInput: true,
    faults: { ConversationsDeclaration($0).faults })

  package func run(_ context: StepContext) throws {
    let parameters = ParameterReader(context)
    let declared = try parameters.array("sources")
    let heldOut = try HeldOutQuestions(
      context, inputs: parameters.array("held_out"), sources: declared)
    var sources: [ConversationSource] = []
    for (index, value) in declared.enumerated() {
      let reader = ParameterReader(value.objectValue ?? [:], owner: "sources[\(index)]")
      sources.append(try source(reader, context, heldOut))
    }
    Self.makeNamesUnique(&sources)
    let mixture = ConversationMixture(
      sources: sources, seed: try parameters.int("seed"), size: try parameters.optionalInt("size"))
    let path = context.output + "/" + Self.fileName
    let reporter = context.reporter
    let (counts, order) = try Self.write(mixture, to: path, reporter)
    reporter.metric("conversations", .int(order.count))
    let tokens = try context.inputs["tokenizer"]?.first.map {
      try TokenCounts(
        file: path, order: order, sources: counts.count, tokenizer: $0.path, reporter)
    }
    if let tokens {
      reporter.metric("tokens", .int(tokens.all.reduce(0, +)))
      reporter.metric("trained_tokens", .int(tokens.trained.reduce(0, +)))
    }
    for (index, count) in counts.enumerated() {
      reporter.metric(count.name + "_conversations", .int(count.taken))
      var line = "\(count.name): \(count.taken) of \(count.available) conversations"
      if let tokens {
        let (all, trained) = (tokens.all[index], tokens.trained[index])
        reporter.metric(count.name + "_tokens", .int(all))
        reporter.metric(count.name + "_trained_tokens", .int(trained))
        line += ", \(all) tokens, \(trained) trained"
      }
      reporter.log(line)
    }
  }

  /// Gives the source of every line as well.
  private static func write(
    _ mixture: ConversationMixture, to path: String, _ reporter: any StepReporter
  ) throws -> ([ConversationMixture.SourceCount], [UInt32]) {
    var order: [UInt32] = []
    do {
      let counts = try mixture.write(to: path) { count throws(CorpusError) in
        if reporter.isCancelled { throw .cancelled }
        reporter.progress(StepProgress(completed: Double(count), unit: "conversations"))
      } written: {
        order.append(UInt32($0))
      }
      return (counts, order)
    } catch CorpusError.cancelled {
      throw StepInterrupted()
    }
  }

  /// What is counted of every source and, under the bare name, of all.
  private static let counted = ["conversations", "tokens", "trained_tokens"]

  /// Metrics go by the names: the second `spelling` becomes `spelling_2`, and so does what would share
  /// a metric with the whole (`trained`) or with another source (`x_trained` beside `x`).
  private static func makeNamesUnique(_ sources: inout [ConversationSource]) {
    var taken = Set(counted)
    for place in sources.indices {
      let name = sources[place].name
      var number = 1
      while true {
        let metrics = counted.map { "\(sources[place].name)_\($0)" }
        if taken.isDisjoint(with: metrics) {
          taken.formUnion(metrics)
          break
        }
        number += 1
        sources[place].name = "\(name)_\(number)"
      }
    }
  }

  private func source(
    _ parameters: ParameterReader, _ context: StepContext, _ heldOut: HeldOutQuestions
  ) throws -> ConversationSource {
    let isTest = try parameters.string("split") == "test"
    let input = try parameters.optionalString("input")
    let generator = try parameters.optionalString("generator")
    let origin: ConversationSource.Origin
    var filter = ConversationSource.Filter.all
    switch (input, generator) {
    case (let input?, nil):
      guard let values = context.inputs[input] else {
        throw StepFailure(
          "\(parameters.owner) names input `\(input)`, which the asset does not have",
          help: "it has \(context.inputs.keys.sorted().joined(separator: ", "))")
      }
      let format = try parameters.optionalString("format").flatMap(
        ConversationFormat.init(rawValue:))
      origin = .files(values.map(\.path), format: format)
      if isTest {
        filter = .including(heldOut.texts)
      } else if !heldOut.texts.isEmpty {
        filter = .excluding(heldOut.texts)
      }
    case (nil, let generator?):
      guard let count = try parameters.optionalInt("count") else {
        throw StepFailure("\(parameters.owner) has a generator and no `count`")
      }
      let task = try self.task(generator, parameters, context)
      // A generator shuffles by itself; its own seed decides which items it makes.
      let seed = try parameters.optionalInt("seed") ?? 42
      origin = .generated(
        try ConversationGenerator(task, split: isTest ? .test : .train, seed: seed), count: count)
    default:
      throw StepFailure("\(parameters.owner) must have either `input` or `generator`")
    }
    let name = try parameters.optionalString("name")
    return ConversationSource(
      name: name ?? input ?? generator ?? "", origin: origin,
      limit: try parameters.optionalInt("limit"),
      epochs: try parameters.double("epochs"), weight: try parameters.optionalDouble("weight"),
      seed: generator == nil ? try parameters.optionalInt("seed") : nil, filter: filter)
  }

  private func task(
    _ name: String, _ parameters: ParameterReader, _ context: StepContext
  ) throws -> ConversationGenerator.Task {
    if name == "arithmetic" { return .arithmetic(maximum: try parameters.int("maximum")) }
    guard let input = try parameters.optionalString("words"),
      let path = context.inputs[input]?.first?.path
    else {
      throw StepFailure(
        "\(parameters.owner): `\(name)` needs `words`, the input that lists words",
        help: "inputs: {words: data/words.txt}")
    }
    let list = try WordList(path: path)
    return name == "spelling" ? .spelling(list) : .letterCounting(list)
  }
}
