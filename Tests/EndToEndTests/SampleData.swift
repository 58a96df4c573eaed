import TestSupport

/// Assets made of the shipped sample data, which stories about training begin with.
enum SampleData {
  /// `text`, `tokenizer`, `tokens` and `chats`, to follow `assets:`.
  static func assets(vocabulary: Int, conversations: Int) -> String {
    """
      text: {step: data.fetch, with: {url: data/shard_00004.parquet}}
      tokenizer: {step: tokenizer.train, inputs: {text: text}, with: {vocab_size: \(vocabulary)}}
      tokens: {step: tokenizer.encode, inputs: {text: text, tokenizer: tokenizer}}
      chats:
        step: data.conversations
        inputs: {chats: data/conversations.jsonl, tokenizer: tokenizer}
        with: {sources: [{input: chats, limit: \(conversations)}]}
    """
  }

  /// A project that has the files these assets read.
  static func project(_ pipeline: String) throws -> TestProject {
    let project = try TestProject(pipeline)
    for name in ["shard_00004.parquet", "conversations.jsonl"] {
      try project.copy(fromRepository: "data/" + name)
    }
    return project
  }
}
