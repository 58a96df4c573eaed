/// Midtraining's rows: conversations in shuffled order, one after the other, cut into passes of
/// B·T + 1 tokens; every token is trained on, the mask is not looked at.
package struct ConversationStream: BatchSource {
  private let conversations: RenderedConversations
  private var order: ShuffledOrder
  private var epoch = 0
  private var index = 0
  private var offset = 0

  /// There must be at least one conversation.
  package init(_ conversations: RenderedConversations, seed: Int) {
    precondition(conversations.count > 0, "no conversations")
    self.conversations = conversations
    order = ShuffledOrder(count: conversations.count, seed: seed)
  }

  package mutating func next(_ batch: inout MicroBatch) {
    // The last token of a pass is the last target and is not carried over.
    var previous = token()
    for place in 0..<(batch.rows * batch.length) {
      batch.tokens[place] = previous
      previous = token()
      batch.targets[place] = previous
    }
  }

  /// The next row of `length` tokens with its own last target, for mixing.
  mutating func row(_ row: Int, of batch: inout MicroBatch) {
    var previous = token()
    for place in (row * batch.length)..<((row + 1) * batch.length) {
      batch.tokens[place] = previous
      previous = token()
      batch.targets[place] = previous
    }
  }

  private mutating func token() -> Int32 {
    let item = order.item(index, epoch: epoch)
    let token = conversations.token(item, offset).id
    offset += 1
    if offset == conversations.length(item) {
      offset = 0
      index += 1
      if index == conversations.count {
        index = 0
        epoch += 1
      }
    }
    return token
  }

  package func write(to position: inout SourcePosition) {
    position.epoch = epoch
    position.index = index
    position.offset = offset
  }

  package mutating func seek(_ position: SourcePosition) throws(TrainingError) {
    guard position.index < conversations.count,
      position.offset < conversations.length(order.item(position.index, epoch: position.epoch))
    else { throw .badData(input: "conversations", problem: "the saved position lies outside") }
    (epoch, index, offset) = (position.epoch, position.index, position.offset)
  }
}
