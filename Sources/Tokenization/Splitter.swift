/// Cuts bytes into the pieces of a split pattern, one after the other.
///
/// A state machine over UTF-8 in place of the regular expression: the alternatives are decided by
/// the class of at most two characters. A byte outside well-formed UTF-8 counts as one symbol, so
/// any bytes can be split, and the pieces joined are the text.
package struct Splitter: Sendable {
  package let pattern: SplitPattern
  private let classes: UnicodeClasses
  private let numberLimit: Int
  private let isFourthGeneration: Bool

  package init(_ pattern: SplitPattern) {
    self.pattern = pattern
    classes = .shared
    numberLimit = pattern.numberLimit
    isFourthGeneration = pattern != .gpt2
  }

  /// The lengths in bytes of the pieces of `text`.
  package func pieceLengths(_ text: UnsafeBufferPointer<UInt8>) -> [Int] {
    var lengths: [Int] = []
    guard var position = text.baseAddress else { return lengths }
    let end = position + text.count
    while position < end {
      let next = pieceEnd(position, end)
      lengths.append(next - position)
      position = next
    }
    return lengths
  }

  /// The number of pieces of `text`.
  package func countPieces(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    guard var position = text.baseAddress else { return 0 }
    let end = position + text.count
    var count = 0
    while position < end {
      position = pieceEnd(position, end)
      count &+= 1
    }
    return count
  }

  /// The end of the piece that starts at `start`, which must be before `end`.
  @inline(__always)
  func pieceEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    isFourthGeneration ? fourthGenerationEnd(start, end) : secondGenerationEnd(start, end)
  }

  // MARK: GPT-4's alternatives

  @inline(__always)
  private func fourthGenerationEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    let byte = start[0]
    let kind = classes.firstByte[Int(byte)]
    let next = start + 1
    if kind == CharacterClass.letter { return lettersEnd(next, end) }
    if byte == UInt8(ascii: " "), next < end,
      classes.firstByte[Int(next[0])] == CharacterClass.letter
    {
      return lettersEnd(next + 1, end)
    }
    return fourthGenerationRest(start, end)
  }

  @inline(never)
  private func fourthGenerationRest(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    let (kind, length) = character(start, end)
    let next = start + length
    switch kind {
    case CharacterClass.letter:
      return lettersEnd(next, end)
    case CharacterClass.number:
      return numbersEnd(next, end, limit: numberLimit - 1)
    case CharacterClass.symbol:
      if start[0] == UInt8(ascii: "'"), let end = contractionEnd(next, end, foldsCase: true) {
        return end
      }
      guard next < end else { return next }
      let following = character(next, end)
      if following.class == CharacterClass.letter {
        return lettersEnd(next + following.length, end)
      }
      return lineEndsEnd(symbolsEnd(next, end), end)
    case CharacterClass.blank:
      guard next < end else { return next }
      let following = character(next, end)
      if following.class == CharacterClass.letter {
        return lettersEnd(next + following.length, end)
      }
      if following.class == CharacterClass.symbol, start[0] == UInt8(ascii: " ") {
        return lineEndsEnd(symbolsEnd(next + following.length, end), end)
      }
      return whitespaceEnd(start, end, endsAtLine: true)
    default:
      return whitespaceEnd(start, end, endsAtLine: true)
    }
  }

  // MARK: GPT-2's alternatives

  private func secondGenerationEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    var (kind, length) = character(start, end)
    var next = start + length
    if start[0] == UInt8(ascii: "'"), let end = contractionEnd(next, end, foldsCase: false) {
      return end
    }
    if start[0] == UInt8(ascii: " "), next < end {
      let following = character(next, end)
      if following.class <= CharacterClass.number {
        kind = following.class
        length = following.length
        next += length
      }
    }
    switch kind {
    case CharacterClass.letter: return lettersEnd(next, end)
    case CharacterClass.number: return numbersEnd(next, end, limit: .max)
    case CharacterClass.symbol: return symbolsEnd(next, end)
    default: return whitespaceEnd(start, end, endsAtLine: false)
    }
  }

  // MARK: Runs

  @inline(__always)
  private func character(
    _ position: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> (class: UInt8, length: Int) {
    let kind = classes.firstByte[Int(position[0])]
    return kind == CharacterClass.undecided ? classes.decode(position, end) : (kind, 1)
  }

  /// Skips letters, eight ASCII bytes at a time: words end inside one load, so the length of a
  /// word costs no branch that could be mispredicted.
  @inline(__always)
  private func lettersEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    var position = start
    while end - position >= 8 {
      let word = UnsafeRawPointer(position).loadUnaligned(as: UInt64.self).littleEndian
      let others = Self.nonLetters(word)
      if others == 0 {
        position += 8
        continue
      }
      position += others.trailingZeroBitCount &>> 3
      if position[0] < 0x80 { return position }
      break
    }
    return lettersTail(position, end)
  }

  @inline(never)
  private func lettersTail(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    var position = start
    while position < end {
      let (kind, length) = character(position, end)
      guard kind == CharacterClass.letter else { return position }
      position += length
    }
    return position
  }

  /// The top bit of each byte of the result tells that the byte is no ASCII letter.
  @inline(__always)
  private static func nonLetters(_ word: UInt64) -> UInt64 {
    let high: UInt64 = 0x8080_8080_8080_8080
    let ones: UInt64 = 0x0101_0101_0101_0101
    let lower = (word | 0x20 &* ones) & ~high
    let fromA = lower &+ (0x80 - 0x61) &* ones
    let pastZ = lower &+ (0x80 - 0x7b) &* ones
    return (fromA & ~pastZ & ~word & high) ^ high
  }

  private func numbersEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, limit: Int
  ) -> UnsafePointer<UInt8> {
    var position = start
    var left = limit
    while left > 0, position < end {
      let (kind, length) = character(position, end)
      guard kind == CharacterClass.number else { break }
      position += length
      left -= 1
    }
    return position
  }

  private func symbolsEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    var position = start
    while position < end {
      let (kind, length) = character(position, end)
      guard kind == CharacterClass.symbol else { break }
      position += length
    }
    return position
  }

  private func lineEndsEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    var position = start
    while position < end, classes.firstByte[Int(position[0])] == CharacterClass.lineEnd {
      position += 1
    }
    return position
  }

  /// The end of a piece that starts with the white space at `start`.
  ///
  /// `\s*[\r\n]` (only when `endsAtLine`), `\s+(?!\S)` and `\s+` in this order: up to the last line
  /// end of the run; else the run without its last character if something follows; else all of it.
  private func whitespaceEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, endsAtLine: Bool
  ) -> UnsafePointer<UInt8> {
    var position = start
    var last = start
    var afterLine = start
    while position < end {
      let (kind, length) = character(position, end)
      guard kind >= CharacterClass.blank else { break }
      last = position
      position += length
      if kind == CharacterClass.lineEnd { afterLine = position }
    }
    if endsAtLine, afterLine > start { return afterLine }
    if position == end || last == start { return position }
    return last
  }

  /// The end of `s`, `d`, `m`, `t`, `ll`, `ve` or `re` at `start`, just after an apostrophe.
  ///
  /// Folding case also accepts U+017F, the long s, whose simple fold is `s`.
  private func contractionEnd(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, foldsCase: Bool
  ) -> UnsafePointer<UInt8>? {
    let available = end - start
    guard available >= 1 else { return nil }
    let fold: UInt8 = foldsCase ? 0x20 : 0
    let first = Self.folded(start[0], fold)
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "d"), UInt8(ascii: "m"), UInt8(ascii: "t"):
      return start + 1
    default: break
    }
    guard available >= 2 else { return nil }
    let second = Self.folded(start[1], fold)
    switch (first, second) {
    case (UInt8(ascii: "l"), UInt8(ascii: "l")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "r"), UInt8(ascii: "e")):
      return start + 2
    default:
      return foldsCase && start[0] == 0xc5 && start[1] == 0xbf ? start + 2 : nil
    }
  }

  @inline(__always)
  private static func folded(_ byte: UInt8, _ fold: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5a ? byte | fold : byte
  }
}
