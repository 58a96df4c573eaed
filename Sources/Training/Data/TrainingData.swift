import Corpus
import LanguageModel
import Tokenization

/// Everything a stage reads, opened and checked: the tokenizer, the shape of the model to start from,
/// and the sets to train and to validate on.
struct TrainingData {
  let tokenizer: Tokenizer
  /// Folder and shape of the model to start from; nil for a new one.
  let startingModel: (path: String, configuration: GPTConfiguration)?
  let text: TokenDataset?
  let conversations: RenderedConversations?
  let validation: [(name: String, set: ValidationSet)]
  /// A hash of all tokens that are trained on.
  let hash: String

  static func open(
    _ kind: TrainingStage.Kind, _ options: TrainingOptions, _ inputs: TrainingStage.Inputs,
    workFolder: String
  ) throws(TrainingError) -> TrainingData {
    try checkpoint { () throws(CheckpointError) in try CheckpointFiles.makeFolder(workFolder) }
    let (tokenizer, model) = try start(kind, inputs)
    let text = try texts(
      inputs.text, "tokens", tokenizer,
      isNeeded: kind == .base || (kind == .mid && options.textFraction > 0))
    let sequence = options.sequenceLength ?? model?.configuration.sequenceLength
    // A row has one place more than it has inputs, and what is longer would be cut later anyway;
    // midtraining reads conversations as one stream and keeps them whole.
    let longest = kind == .sft ? (sequence ?? Int.max - 1) + 1 : .max
    var conversations: RenderedConversations?
    if kind != .base {
      conversations = try ConversationLoader(
        tokenizer: tokenizer, longest: longest, folder: workFolder
      ).load(inputs.conversations, input: "conversations")
      guard let conversations, conversations.count > 0 else {
        throw .notEnoughData(input: "conversations", found: 0, needed: 1, unit: "conversations")
      }
      guard kind == .mid || conversations.trainedTokenCount > 0 else {
        throw .badData(input: "conversations", problem: "no conversation has a reply to learn")
      }
    }
    var validation: [(name: String, set: ValidationSet)] = []
    if let set = try texts(inputs.validationText, "validation", tokenizer, isNeeded: false) {
      validation.append(("validation", .text(set)))
    }
    if kind != .base, !inputs.validationConversations.isEmpty {
      let set = try ConversationLoader(tokenizer: tokenizer, longest: longest, folder: workFolder)
        .load(inputs.validationConversations, input: "validation")
      // What a row can't hold is cut off already: replies behind a long prompt are not measured.
      guard (kind == .sft ? set.trainedTokenCount : set.count) > 0 else {
        throw .badData(
          input: "validation",
          problem: kind == .sft && longest < .max
            ? "no conversation has a reply within the first \(longest) tokens, so there is no loss "
              + "to measure: take shorter ones, or a longer `sequence_length`"
            : "it holds no conversation to measure the loss on")
      }
      validation.append(("validation_chat", .conversations(set, repliesOnly: kind == .sft)))
    }
    var hash = TokenHash()
    if let text { try hash.add(text) }
    if let conversations { hash.add(conversations) }
    return TrainingData(
      tokenizer: tokenizer, startingModel: model, text: text, conversations: conversations,
      validation: validation, hash: hash.text)
  }

  private static func start(
    _ kind: TrainingStage.Kind, _ inputs: TrainingStage.Inputs
  ) throws(TrainingError) -> (Tokenizer, (path: String, configuration: GPTConfiguration)?) {
    if kind == .base {
      guard let path = inputs.tokenizer else {
        throw .missingInput(name: "tokenizer", purpose: "it says how many tokens there are")
      }
      do throws(TokenizerError) { return (try Tokenizer.load(path), nil) } catch {
        throw .tokenizer(error)
      }
    }
    guard let path = inputs.model else {
      throw .missingInput(name: "model", purpose: "this stage continues from a checkpoint")
    }
    let description = try checkpoint { () throws(CheckpointError) in
      try ModelFolder.describe(path)
    }
    if let other = inputs.tokenizer {
      let hash: String
      do throws(TokenizerError) { hash = try Tokenizer.load(other).hash } catch {
        throw .tokenizer(error)
      }
      guard hash == description.tokenizer.hash else {
        throw .checkpoint(
          .tokenizerMismatch(path: path, found: hash, expected: description.tokenizer.hash))
      }
    }
    return (description.tokenizer, (path, description.configuration))
  }

  private static func texts(
    _ paths: [String], _ input: String, _ tokenizer: Tokenizer, isNeeded: Bool
  ) throws(TrainingError) -> TokenDataset? {
    guard !paths.isEmpty else {
      guard isNeeded else { return nil }
      throw .missingInput(name: input, purpose: "token shards to train on")
    }
    let dataset: TokenDataset
    do throws(CorpusError) { dataset = try TokenDataset(paths: paths) } catch {
      throw .corpus(error)
    }
    try dataset.check(tokenizer, input: input)
    guard dataset.count >= 2 else {
      throw .notEnoughData(input: input, found: dataset.count, needed: 2, unit: "tokens")
    }
    return dataset
  }
}
