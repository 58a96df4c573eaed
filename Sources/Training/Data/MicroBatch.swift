/// The rows of one pass: `rows` × `length` tokens and what each should be followed by.
package struct MicroBatch: Sendable, Hashable {
  package var rows: Int
  /// Rows shorter than the batch was made for leave the end of the arrays unused.
  package var length: Int
  package var tokens: [Int32]
  /// −1 where nothing is learnt.
  package var targets: [Int32]

  package init(rows: Int, length: Int) {
    self.rows = rows
    self.length = length
    tokens = [Int32](repeating: 0, count: rows * length)
    targets = [Int32](repeating: -1, count: rows * length)
  }

  package var trainedTokens: Int {
    targets[..<(rows * length)].reduce(0) { $1 >= 0 ? $0 + 1 : $0 }
  }
}

/// Endless rows in a fixed order, with a position from which the same rows follow again.
package protocol BatchSource {
  /// Overwrites `batch`; may change its length up to the one it was made with.
  mutating func next(_ batch: inout MicroBatch) throws(TrainingError)
  /// Overwrites `position` with the place from which the next rows are made.
  func write(to position: inout SourcePosition)
  /// Continues exactly where `position` was taken.
  mutating func seek(_ position: SourcePosition) throws(TrainingError)
}

extension BatchSource {
  package var position: SourcePosition {
    var position = SourcePosition()
    write(to: &position)
    return position
  }
}
