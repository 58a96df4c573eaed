/// Fine-tuning's rows, one conversation each, padded to the longest of the pass; only replies are
/// trained on, nanochat's original form.
package struct PaddedConversations: BatchSource {
  private let conversations: RenderedConversations
  private let padding: Int32
  private let longestRow: Int
  private var order: ShuffledOrder
  private var epoch = 0
  private var index = 0
  /// Conversations of the pass at hand; kept for its memory.
  private var items: [Int] = []

  /// There must be at least one conversation; longer ones than `longestRow` + 1 tokens are cut.
  package init(
    _ conversations: RenderedConversations, padding: Int32, longestRow: Int, seed: Int
  ) {
    precondition(conversations.count > 0, "no conversations")
    self.conversations = conversations
    self.padding = padding
    self.longestRow = longestRow
    order = ShuffledOrder(count: conversations.count, seed: seed)
  }

  package mutating func next(_ batch: inout MicroBatch) {
    items.removeAll(keepingCapacity: true)
    var longest = 1
    for _ in 0..<batch.rows {
      let item = nextItem()
      items.append(item)
      longest = max(longest, min(conversations.length(item) - 1, longestRow))
    }
    batch.length = longest
    for (row, item) in items.enumerated() {
      let start = row * batch.length
      let inputs = min(conversations.length(item) - 1, batch.length)
      for place in 0..<batch.length {
        batch.tokens[start + place] = padding
        batch.targets[start + place] = -1
        guard place < inputs else { continue }
        batch.tokens[start + place] = conversations.token(item, place).id
        let (id, isTrained) = conversations.token(item, place + 1)
        if isTrained { batch.targets[start + place] = id }
      }
    }
  }

  private mutating func nextItem() -> Int {
    let item = order.item(index, epoch: epoch)
    index += 1
    if index == conversations.count {
      index = 0
      epoch += 1
    }
    return item
  }

  package func write(to position: inout SourcePosition) {
    position.epoch = epoch
    position.index = index
  }

  package mutating func seek(_ position: SourcePosition) throws(TrainingError) {
    guard position.index < conversations.count else {
      throw .badData(input: "conversations", problem: "the saved position lies outside")
    }
    (epoch, index) = (position.epoch, position.index)
  }
}
