/// Words for the spelling tasks.
package struct WordList: Sendable {
  package let words: [String]

  /// Reads one word a line. White space at its ends is stripped and letters are lower-cased; lines
  /// with other characters than a to z (`ice cream`), of more than 24 letters, and repeated words
  /// are left out.
  package init(path: String) throws(CorpusError) {
    let lines = try LineReader(path: path)
    var words: [String] = []
    while let line = try lines.next() { words.append(String(decoding: line, as: UTF8.self)) }
    try self.init(words)
  }

  package init(_ candidates: [String]) throws(CorpusError) {
    var seen: Set<String> = []
    var words: [String] = []
    for candidate in candidates {
      var line = Array(candidate.utf8)[...]
      while let last = line.last, last <= 0x20 { line.removeLast() }
      let letters = line.drop { $0 <= 0x20 }.map {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
      }
      guard (1...24).contains(letters.count),
        letters.allSatisfy((UInt8(ascii: "a")...UInt8(ascii: "z")).contains)
      else { continue }
      let word = String(decoding: letters, as: UTF8.self)
      if seen.insert(word).inserted { words.append(word) }
    }
    guard !words.isEmpty else { throw .generator(.emptyWordList) }
    self.words = words
  }

  /// The words on one side of the split; spelling and letter counting share it.
  package func words(in split: ItemSplit) throws(CorpusError) -> [String] {
    let chosen = words.filter { HeldOut.split(of: $0) == split }
    guard !chosen.isEmpty else { throw .generator(.emptyWordList) }
    return chosen
  }
}
