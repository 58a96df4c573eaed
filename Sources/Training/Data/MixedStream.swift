/// Midtraining's rows with plain text in between: a fixed part of the rows comes from the text,
/// evenly spread, so that the model keeps what it learnt in pretraining.
package struct MixedStream: BatchSource {
  private var conversations: ConversationStream
  private var text: TextStream
  private let textFraction: Double
  private var row = 0

  package init(_ conversations: ConversationStream, text: TextStream, textFraction: Double) {
    self.conversations = conversations
    self.text = text
    self.textFraction = textFraction
  }

  package mutating func next(_ batch: inout MicroBatch) throws(TrainingError) {
    for index in 0..<batch.rows {
      let isText =
        (Double(row + 1) * textFraction).rounded(.down)
        > (Double(row) * textFraction).rounded(.down)
      if isText {
        try text.row(index, of: &batch)
      } else {
        conversations.row(index, of: &batch)
      }
      row += 1
    }
  }

  package func write(to position: inout SourcePosition) {
    conversations.write(to: &position)
    position.row = row
    let inText = text.position
    if position.text.count != 2 { position.text = [0, 0] }
    position.text[0] = inText.epoch
    position.text[1] = inText.index
  }

  package mutating func seek(_ position: SourcePosition) throws(TrainingError) {
    guard position.text.count == 2 else {
      throw .badData(input: "tokens", problem: "the saved position has no place in the text")
    }
    try conversations.seek(position)
    var inText = SourcePosition()
    (inText.epoch, inText.index) = (position.text[0], position.text[1])
    try text.seek(inText)
    row = position.row
  }
}
