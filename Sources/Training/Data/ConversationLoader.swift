import Corpus
import Tokenization

/// Reads conversations from JSONL files or token shards with a loss mask and renders them.
struct ConversationLoader {
  let tokenizer: Tokenizer
  /// Longer ones are cut to this many tokens.
  let longest: Int
  /// Where the rendered tokens are put.
  let folder: String

  func load(_ paths: [String], input: String) throws(TrainingError) -> RenderedConversations {
    guard !paths.isEmpty else {
      throw .missingInput(name: input, purpose: "conversations to learn from")
    }
    var builder = try RenderedConversations.Builder(folder: folder)
    let renderer = ConversationRenderer(tokenizer, maxTokens: longest)
    for path in paths {
      if let dataset = try tokenShards(path) {
        try append(dataset, to: &builder, input: input)
        continue
      }
      let reader: ConversationReader
      do throws(CorpusError) { reader = try ConversationReader(paths: [path]) } catch {
        throw .corpus(error)
      }
      while true {
        let next: Conversation?
        do throws(CorpusError) { next = try reader.next() } catch { throw .corpus(error) }
        guard let next else { break }
        let rendered = renderer.render(next)
        try builder.append(ids: rendered.ids, mask: rendered.mask)
      }
    }
    return try builder.finish()
  }

  /// Nil when the path does not hold token shards.
  private func tokenShards(_ path: String) throws(TrainingError) -> TokenDataset? {
    do throws(CorpusError) { return try TokenDataset(paths: [path]) } catch {
      if case .tokenShard(_, let fault) = error, fault != .notATokenShard { throw .corpus(error) }
      return nil
    }
  }

  private func append(
    _ dataset: TokenDataset, to builder: inout RenderedConversations.Builder, input: String
  ) throws(TrainingError) {
    try dataset.check(tokenizer, input: input)
    for index in 0..<dataset.documentCount {
      let range = dataset.documentRange(index)
      let count = min(range.count, longest)
      let part = range.lowerBound..<(range.lowerBound + count)
      var ids = [Int32](repeating: 0, count: count)
      var mask = [UInt8](repeating: 0, count: count)
      do throws(CorpusError) {
        try dataset.read(part, into: &ids)
        try dataset.readMask(part, into: &mask)
      } catch {
        throw .corpus(error)
      }
      try builder.append(ids: ids, mask: mask)
    }
  }
}
