import Corpus
import Testing

@Suite struct MixtureTests {
  private static func words() throws -> WordList { try WordList(path: sampleData + "/words.txt") }

  @Test func heldOutItemsAreNeverTrainedOn() throws {
    let words = try Self.words()
    for task in [
      ConversationGenerator.Task.spelling(words), .letterCounting(words), .arithmetic(maximum: 30),
    ] {
      let train = try ConversationGenerator(task, split: .train, seed: 1)
      let test = try ConversationGenerator(task, split: .test, seed: 1)
      let trained = Set((0..<20_000).map { train.example($0).item })
      let tested = Set((0..<5_000).map { test.example($0).item })
      #expect(trained.count > 100 && tested.count > 20)
      #expect(trained.isDisjoint(with: tested))
      let questions = Set((0..<20_000).map { train.question($0).question.question })
      #expect((0..<5_000).allSatisfy { !questions.contains(test.question($0).question.question) })
    }
    // Both spelling tasks hold out the same words.
    let spelling = try ConversationGenerator(.spelling(words), split: .train, seed: 3)
    let counting = try ConversationGenerator(.letterCounting(words), split: .test, seed: 4)
    let spelt = Set((0..<20_000).map { spelling.example($0).item })
    #expect((0..<5_000).allSatisfy { !spelt.contains(counting.example($0).item) })
  }

  @Test func sumsOfEitherOrderAreOneItem() throws {
    let generator = try ConversationGenerator(.arithmetic(maximum: 100), split: .test, seed: 9)
    for index in 0..<500 {
      let (question, item) = generator.question(index)
      let expression = question.solution[1].text
      #expect(question.solution[2].text == question.answer)
      if let sign = expression.first(where: { "+*".contains($0) }) {
        let sides = expression.split(separator: sign).compactMap { Int($0) }
        #expect(item == "\(sides.min() ?? 0)\(sign)\(sides.max() ?? 0)")
      }
    }
  }

  @Test(arguments: [9, 100, 1000], [ItemSplit.train, .test])
  func noOperandIsAboveTheMaximum(maximum: Int, split: ItemSplit) throws {
    let generator = try ConversationGenerator(
      .arithmetic(maximum: maximum), split: split, seed: 2)
    var signs: Set<Character> = []
    for index in 0..<2000 {
      let expression = generator.question(index).question.solution[1].text
      let operands = expression.split { !$0.isNumber }.compactMap { Int($0) }
      #expect(operands.count == 2 && operands.allSatisfy { (1...maximum).contains($0) })
      signs.formUnion(expression.filter { !$0.isNumber })
    }
    // Up to 9 no quotient is held out.
    #expect(signs == (maximum == 9 && split == .test ? ["+", "-", "*"] : ["+", "-", "*", "/"]))
  }

  @Test func aMaximumOfTooFewSumsIsRefused() {
    #expect(throws: CorpusError.generator(.operandOutOfRange(8, 9...1_000_000))) {
      try ConversationGenerator(.arithmetic(maximum: 8), split: .train, seed: 2)
    }
  }

  @Test func letterCountsAreRight() throws {
    let generator = try ConversationGenerator(
      .letterCounting(Self.words()), split: .test, seed: 5)
    for index in 0..<300 {
      let (question, word) = generator.question(index)
      let python = question.solution[1].text
      let letter = try #require(python.dropLast(2).last)
      #expect(python == "'\(word)'.count('\(letter)')")
      #expect(question.answer == "\(word.count { $0 == letter })")
      #expect(question.question.contains(word))
    }
  }

  /// Guards the bytes of generated sets: other bytes need a new revision of the step.
  @Test func generatorsKeepTheirBytes() throws {
    let list = try WordList([
      "Strawberry\r", "banana", "b4d", "ice cream", " pear\t", "plum", "  ", "fig", "banana",
    ])
    #expect(list.words == ["strawberry", "banana", "pear", "plum", "fig"])
    let spelling = try ConversationGenerator(.spelling(list), split: .train, seed: 1)
    let line = String(decoding: spelling.example(0).conversation.jsonLine, as: UTF8.self)
    #expect(line.hasPrefix("[{\"role\": \"user\", \"content\": \"Spell the word: "))
    var random = SplitMix64(seed: 42)
    #expect(
      (0..<3).map { _ in random.next() } == [
        13_679_457_532_755_275_413, 2_949_826_092_126_892_291, 5_139_283_748_462_763_858,
      ])
  }

  @Test func theGeneratorGivesThePublishedNumbers() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(random.next() == 6_457_827_717_110_365_317)
    #expect(random.next() == 3_203_168_211_198_807_973)
  }

  @Test func mixturesAreTheSameBytesFromTheSameInputs() throws {
    let folder = try ScratchFolder()
    let mixture = ConversationMixture(
      sources: [
        ConversationSource(
          name: "chat", origin: .files([sampleData + "/conversations.jsonl"], format: nil),
          limit: 500, epochs: 2, seed: 7),
        ConversationSource(
          name: "spelling",
          origin: .generated(
            try ConversationGenerator(.spelling(Self.words()), split: .train, seed: 1), count: 300),
          epochs: 0.5),
      ], seed: 3)
    var outputs: [[UInt8]] = []
    for name in ["a", "b"] {
      let counts = try mixture.write(to: "\(folder.path)/\(name).jsonl")
      #expect(counts.map(\.name) == ["chat", "spelling"])
      #expect(counts.map(\.available) == [500, 300] && counts.map(\.taken) == [1000, 150])
      outputs.append(try contents(of: "\(folder.path)/\(name).jsonl"))
    }
    #expect(outputs[0] == outputs[1])
    var other = mixture
    other.seed = 4
    _ = try other.write(to: folder.path + "/c.jsonl")
    #expect(try contents(of: folder.path + "/c.jsonl") != outputs[0])
    let reader = try ConversationReader(paths: [folder.path + "/a.jsonl"])
    var count = 0
    while try reader.next() != nil { count += 1 }
    #expect(count == outputs[0].count { $0 == 0x0a })
  }

  @Test func weightsShareTheSize() throws {
    let folder = try ScratchFolder()
    func source(_ name: String, _ count: Int, weight: Double?) throws -> ConversationSource {
      let generator = try ConversationGenerator(
        .arithmetic(maximum: 50), split: .train, seed: count)
      return ConversationSource(
        name: name, origin: .generated(generator, count: count), weight: weight)
    }
    var mixture = ConversationMixture(
      sources: [
        try source("a", 100, weight: 3), try source("b", 1000, weight: 1),
        try source("c", 10, weight: nil),
      ])
    let path = folder.path + "/m.jsonl"
    #expect(try mixture.write(to: path).map(\.taken) == [100, 33, 10])
    mixture.size = 410
    #expect(try mixture.write(to: path).map(\.taken) == [300, 100, 10])
    // No source is left out without a word, unless that was asked for.
    func fault(_ change: (inout ConversationMixture) -> Void) -> CorpusError? {
      var changed = mixture
      change(&changed)
      return #expect(throws: CorpusError.self) { try changed.write(to: path) }
    }
    #expect(fault { $0.sources[0].weight = -1 } == .generator(.invalidWeight(-1)))
    #expect(fault { $0.size = 10 } == .generator(.nothingTaken("a", rest: 0)))
    #expect(fault { $0.size = 11 } == .generator(.nothingTaken("b", rest: 1)))
    #expect(fault { $0.sources[2].epochs = 0.01 } == .generator(.nothingTaken("c", rest: nil)))
    func withoutWeights(_ mixture: inout ConversationMixture) {
      for index in mixture.sources.indices where mixture.sources[index].weight != nil {
        mixture.sources[index].weight = 0
      }
    }
    #expect(fault(withoutWeights) == .generator(.sizeNotReached(410, unweighted: 10)))
    let none = fault { mixture in
      for index in mixture.sources.indices { mixture.sources[index].weight = 0 }
      mixture.size = nil
    }
    #expect(none == .generator(.emptyMixture))
    var exact = mixture
    withoutWeights(&exact)
    exact.size = 10
    #expect(try exact.write(to: path).map(\.taken) == [0, 0, 10])
    mixture.sources[1].weight = 0
    #expect(try mixture.write(to: path).map(\.taken) == [400, 0, 10])
    mixture.size = 9
    #expect(fault { _ in } == .generator(.sizeExceeded(9, unweighted: 10)))
    #expect(fault { $0.size = 1 << 40 } == .generator(.mixtureTooLarge(1 << 40)))
    #expect(fault { $0.sources[2].epochs = 1e300 } == .generator(.mixtureTooLarge(1 << 40)))
  }

  @Test func anEmptySourceSaysWhy() throws {
    let folder = try ScratchFolder()
    let chats = try folder.file(
      "a.jsonl", #"[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]"#)
    let none = try folder.file("b.jsonl", "")
    func reason(
      _ path: String, _ filter: ConversationSource.Filter, limit: Int? = nil
    ) -> CorpusError? {
      let source = ConversationSource(
        name: "s", origin: .files([path], format: nil), limit: limit, filter: filter)
      return #expect(throws: CorpusError.self) {
        try ConversationMixture(sources: [source]).write(to: folder.path + "/m.jsonl")
      }
    }
    #expect(reason(none, .including(["x"])) == .generator(.emptySource("s", .nothingRead)))
    #expect(reason(chats, .including(["z"])) == .generator(.emptySource("s", .nothingHeldOut)))
    #expect(reason(chats, .excluding(["x"])) == .generator(.emptySource("s", .allHeldOut)))
    #expect(reason(chats, .all, limit: 0) == .generator(.emptySource("s", .limit)))
  }

  @Test(arguments: [
    (10, [1.0, 1, 1], [4, 3, 3]), (5, [1, 1], [3, 2]), (10, [0.1, 0.2, 0.7], [1, 2, 7]),
    (7, [1e-9, 1e9, 5e8], [0, 5, 2]), (100, [1, 2, 4], [14, 29, 57]),
    (3, [0.3, 0.3, 0.3], [1, 1, 1]),
  ])
  func aSizeIsKeptWhateverTheWeights(size: Int, weights: [Double], expected: [Int]) throws {
    let folder = try ScratchFolder()
    let sources = try weights.enumerated().map { index, weight in
      let generator = try ConversationGenerator(
        .arithmetic(maximum: 50), split: .train, seed: index)
      return ConversationSource(
        name: "\(index)", origin: .generated(generator, count: 20), weight: weight)
    }
    let mixture = ConversationMixture(sources: sources, size: size)
    if expected.contains(0) {
      let fault = #expect(throws: CorpusError.self) { try mixture.write(to: folder.path + "/m") }
      #expect(fault == .generator(.nothingTaken("0", rest: size)))
    } else {
      #expect(try mixture.write(to: folder.path + "/m").map(\.taken) == expected)
    }
  }
}
