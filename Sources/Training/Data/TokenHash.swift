import Corpus

/// A 64-bit hash of token sequences, to tell one training set from another.
struct TokenHash {
  private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

  private mutating func add(_ value: UInt64) {
    state = (state ^ value) &* 0x9fb2_1c65_1e98_df25
    state ^= state >> 32
  }

  mutating func add(_ dataset: TokenDataset) throws(TrainingError) {
    add(UInt64(dataset.count))
    var buffer = [Int32](repeating: 0, count: 1 << 16)
    var position = 0
    while position < dataset.count {
      let range = position..<min(dataset.count, position + buffer.count)
      let failure = buffer.withUnsafeMutableBufferPointer { buffer -> CorpusError? in
        guard let base = buffer.baseAddress else { return nil }
        do throws(CorpusError) { try dataset.read(range, into: base) } catch { return error }
        return nil
      }
      if let failure { throw .corpus(failure) }
      for place in 0..<range.count { add(UInt64(UInt32(bitPattern: buffer[place]))) }
      position = range.upperBound
    }
  }

  mutating func add(_ conversations: RenderedConversations) {
    add(UInt64(conversations.count))
    for index in 0..<conversations.count {
      let length = conversations.length(index)
      add(UInt64(length))
      for offset in 0..<length {
        let (id, isTrained) = conversations.token(index, offset)
        add(UInt64(UInt32(bitPattern: id)) | (isTrained ? 1 << 32 : 0))
      }
    }
  }

  var text: String { state.hexadecimal }
}
