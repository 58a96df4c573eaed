package import JSON

/// Where in its data a source stands: exact, small, and the same on every machine.
package struct SourcePosition: Sendable, Hashable {
  /// Passes over the data that are complete.
  package var epoch = 0
  /// Items (tokens of a text, conversations of a set) taken in this pass.
  package var index = 0
  /// Tokens of the current conversation already taken.
  package var offset = 0
  /// Conversations taken but not yet placed in a row.
  package var waiting: [Int] = []
  /// Rows made, and the position in the text mixed in between.
  package var row = 0
  package var text: [Int] = []

  package init() {}

  /// Where packing stands in a set of which at most `limit` items wait.
  mutating func stand(_ epoch: Int, _ index: Int, _ waiting: [Int], limit: Int) {
    self.epoch = epoch
    self.index = index
    self.waiting.removeAll(keepingCapacity: true)
    // Fewer wait towards the end of a pass than at the start of the next.
    self.waiting.reserveCapacity(limit)
    self.waiting.append(contentsOf: waiting)
  }

  package var json: JSONValue {
    [
      "epoch": .int(epoch), "index": .int(index), "offset": .int(offset), "row": .int(row),
      "waiting": .array(waiting.map(JSONValue.int)), "text": .array(text.map(JSONValue.int)),
    ]
  }

  /// Nil when a member is missing or no count.
  package init?(json: JSONValue) {
    func list(_ key: String) -> [Int]? {
      guard let values = json[key]?.arrayValue else { return nil }
      let numbers = values.compactMap(\.intValue).filter { $0 >= 0 }
      return numbers.count == values.count ? numbers : nil
    }
    guard let epoch = json["epoch"]?.intValue, let index = json["index"]?.intValue,
      let offset = json["offset"]?.intValue, let row = json["row"]?.intValue,
      let waiting = list("waiting"), let text = list("text"),
      epoch >= 0, index >= 0, offset >= 0, row >= 0
    else { return nil }
    self.epoch = epoch
    self.index = index
    self.offset = offset
    self.row = row
    self.waiting = waiting
    self.text = text
  }
}
