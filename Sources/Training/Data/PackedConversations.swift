/// Fine-tuning's rows, packed: each holds whole conversations that fit best, only replies are
/// trained on, and what is left over is padding.
///
/// A conversation longer than a row is cut to one. Each is placed once before any is placed again.
package struct PackedConversations: BatchSource {
  private let conversations: RenderedConversations
  private let padding: Int32
  private var order: ShuffledOrder
  private var epoch = 0
  private var index = 0
  /// Conversations to choose from, oldest first.
  private var waiting: [Int] = []
  /// Conversations of the row at hand; kept for its memory.
  private var items: [Int] = []

  static let waitingLimit = 256

  /// There must be at least one conversation; `padding` is the id that fills rows.
  package init(_ conversations: RenderedConversations, padding: Int32, seed: Int) {
    precondition(conversations.count > 0, "no conversations")
    self.conversations = conversations
    self.padding = padding
    order = ShuffledOrder(count: conversations.count, seed: seed)
    waiting.reserveCapacity(Self.waitingLimit)
    items.reserveCapacity(Self.waitingLimit)
  }

  package mutating func next(_ batch: inout MicroBatch) {
    for row in 0..<batch.rows {
      let start = row * batch.length
      // A row has one place more than it has inputs: the last target.
      var filled = 0
      fillRow(places: batch.length + 1)
      for item in items {
        for offset in 0..<min(conversations.length(item), batch.length + 1) {
          let (id, isTrained) = conversations.token(item, offset)
          if filled < batch.length { batch.tokens[start + filled] = id }
          if filled > 0 { batch.targets[start + filled - 1] = isTrained ? id : -1 }
          filled += 1
        }
      }
      while filled <= batch.length {
        if filled < batch.length { batch.tokens[start + filled] = padding }
        batch.targets[start + filled - 1] = -1
        filled += 1
      }
    }
  }

  /// Puts the conversations of the next row into `items`: again and again the longest that still
  /// fits, the one that has waited longest among equals.
  private mutating func fillRow(places: Int) {
    items.removeAll(keepingCapacity: true)
    var left = places
    while true {
      refill()
      var best: Int?
      var bestLength = 0
      for (candidate, item) in waiting.enumerated() {
        let length = min(conversations.length(item), places)
        if length <= left, length > bestLength { (best, bestLength) = (candidate, length) }
      }
      guard let best else { return }
      items.append(waiting.remove(at: best))
      left -= bestLength
    }
  }

  /// The next pass over the set begins when none of the one before waits any more: otherwise the long
  /// ones of all passes would go before the short ones of the first.
  private mutating func refill() {
    while waiting.count < Self.waitingLimit, index > 0 || waiting.isEmpty {
      waiting.append(order.item(index, epoch: epoch))
      index += 1
      if index == conversations.count {
        index = 0
        epoch += 1
      }
    }
  }

  /// Rows that it takes to place as many conversations as `epochs` passes hold.
  package func rowCount(epochs: Double, length: Int) -> Int {
    var packer = self
    var toPlace = Int((epochs * Double(conversations.count)).rounded(.up))
    var rows = 0
    while toPlace > 0 {
      packer.fillRow(places: length + 1)
      toPlace -= packer.items.count
      rows += 1
    }
    return rows
  }

  package func write(to position: inout SourcePosition) {
    position.stand(epoch, index, waiting, limit: Self.waitingLimit)
  }

  package mutating func seek(_ position: SourcePosition) throws(TrainingError) {
    guard position.index < conversations.count, position.waiting.count <= Self.waitingLimit,
      position.waiting.allSatisfy({ $0 < conversations.count })
    else { throw .badData(input: "conversations", problem: "the saved position lies outside") }
    (epoch, index, waiting) = (position.epoch, position.index, position.waiting)
  }
}
