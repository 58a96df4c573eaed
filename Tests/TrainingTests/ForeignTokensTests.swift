import Corpus
import LanguageModel
import Testing
import Tokenization
import Training

/// Token shards that another tokenizer made.
@Suite struct ForeignTokensTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Equal sizes are not enough: the ids of the other tokenizer stand for other texts.
  @Test func tokensOfAnotherTokenizerOfTheSameSizeAreRefused() throws {
    try workshop.train(.base, into: "base")
    let other = try Tokenizer(vocabulary: .bytes, pattern: .gpt2)
    #expect(other.vocabularySize == workshop.tokenizer.vocabularySize)
    for (name, hasMask) in [("text", false), ("chats", true)] {
      let writer = try TokenShardWriter(
        path: workshop.path + "/\(name)-other.tokens", vocabularySize: other.vocabularySize,
        hasMask: hasMask, tokenizerHash: other.shardHash)
      for _ in 0..<40 {
        try writer.append(document: [256, 1, 2, 3], mask: hasMask ? [0, 1, 1, 1] : nil)
      }
      try writer.finish()
    }
    let text = workshop.path + "/text-other.tokens"
    let chats = workshop.path + "/chats-other.tokens"
    let changes: [(TrainingStage.Kind, (inout TrainingStage.Inputs) -> Void)] = [
      (.base, { $0.text = [text] }), (.base, { $0.validationText = [text] }),
      (.sft, { $0.conversations = [chats] }), (.mid, { $0.validationConversations = [chats] }),
    ]
    for (kind, change) in changes {
      var inputs = workshop.inputs(kind)
      change(&inputs)
      let error = #expect(throws: TrainingError.self) {
        try TrainingStage.run(
          kind: kind, options: Workshop.options(kind), inputs: inputs,
          environment: .init(output: workshop.path + "/out", threads: 1), reporter: Recorder())
      }
      let message = error.map { "\($0)" } ?? ""
      #expect(message.contains(other.hash.prefix(16)), "\(message)")
      #expect(message.contains("encode the text with this tokenizer"))
    }
    let loaded = try EvaluationSuite.load(workshop.path + "/base", threads: 1)
    #expect(throws: TrainingError.self) {
      try EvaluationSuite.loss(loaded, text: [text], tokenLimit: 9, reporter: Recorder())
    }
  }
}
