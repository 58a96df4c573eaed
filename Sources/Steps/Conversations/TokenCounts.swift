import BuildEngine
import Corpus
import Tokenization

/// How many tokens each source has in a mixture, as fine-tuning will see them.
struct TokenCounts {
  /// By source.
  private(set) var all: [Int]
  private(set) var trained: [Int]

  /// `order` has the source of each conversation in `file`.
  init(
    file: String, order: [UInt32], sources: Int, tokenizer: String, _ reporter: any StepReporter
  ) throws {
    all = Array(repeating: 0, count: sources)
    trained = all
    let renderer = ConversationRenderer(try Tokenizer.load(tokenizer), maxTokens: .max)
    let reader = try ConversationReader(paths: [file])
    for (number, source) in order.enumerated() {
      guard let conversation = try reader.next() else { break }
      if number % 1024 == 0 {
        if reporter.isCancelled { throw StepInterrupted() }
        reporter.progress(
          StepProgress(
            completed: Double(number), total: Double(order.count), unit: "conversations",
            detail: "counting tokens"))
      }
      let rendered = renderer.render(conversation)
      all[Int(source)] += rendered.ids.count
      trained[Int(source)] += rendered.mask.count { $0 == 1 }
    }
  }
}
