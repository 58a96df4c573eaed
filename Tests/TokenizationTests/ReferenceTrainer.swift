/// Byte-level BPE counted anew at every step, in whole pieces.
enum ReferenceTrainer {
  /// The spellings learned after the 256 bytes.
  static func learn(_ pieces: [[UInt8]], merges: Int) -> [[UInt8]] {
    var words = pieces.map { $0.map { Int($0) } }
    var spellings = (0..<256).map { [UInt8($0)] }
    while spellings.count < 256 + merges {
      var counts: [Pair: Int] = [:]
      for word in words {
        for (left, right) in zip(word, word.dropFirst()) {
          counts[Pair(left: left, right: right), default: 0] += 1
        }
      }
      let known = Set(spellings)
      let candidates = counts.filter { pair, _ in
        !known.contains(spellings[pair.left] + spellings[pair.right])
      }
      let best = candidates.min { first, second in
        if first.value != second.value { return first.value > second.value }
        return (first.key.left, first.key.right) < (second.key.left, second.key.right)
      }
      guard let pair = best?.key else { break }
      spellings.append(spellings[pair.left] + spellings[pair.right])
      words = words.map { merged($0, pair, spellings.count - 1) }
    }
    return Array(spellings.dropFirst(256))
  }

  struct Pair: Hashable {
    var left: Int
    var right: Int
  }

  private static func merged(_ word: [Int], _ pair: Pair, _ id: Int) -> [Int] {
    var result: [Int] = []
    var index = 0
    while index < word.count {
      if index + 1 < word.count, word[index] == pair.left, word[index + 1] == pair.right {
        result.append(id)
        index += 2
      } else {
        result.append(word[index])
        index += 1
      }
    }
    return result
  }
}
