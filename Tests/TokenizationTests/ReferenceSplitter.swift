import Tokenization

/// The split patterns as they are written, alternative by alternative, over decoded characters.
///
/// Slow and plain: what the state machine has to agree with. Classes come from the published JSON
/// and not from the generated tables.
struct ReferenceSplitter {
  private enum Kind { case letter, number, whitespace, symbol }
  private struct Character {
    var code: UInt32
    var length: Int
    var kind: Kind
  }

  private let letters: [ClosedRange<UInt32>]
  private let numbers: [ClosedRange<UInt32>]
  private let whitespace: [ClosedRange<UInt32>]

  init(letters: [[Int]], numbers: [[Int]], whitespace: [[Int]]) {
    func ranges(_ list: [[Int]]) -> [ClosedRange<UInt32>] {
      list.map { UInt32($0[0])...UInt32($0[1]) }
    }
    self.letters = ranges(letters)
    self.numbers = ranges(numbers)
    self.whitespace = ranges(whitespace)
  }

  func pieceLengths(_ bytes: [UInt8], _ pattern: SplitPattern) -> [Int] {
    let text = decode(bytes)
    var lengths: [Int] = []
    var start = 0
    while start < text.count {
      let count = max(1, matched(text[start...], pattern))
      lengths.append(text[start..<(start + count)].reduce(0) { $0 + $1.length })
      start += count
    }
    return lengths
  }

  /// The number of characters the first alternative that fits takes.
  private func matched(_ text: ArraySlice<Character>, _ pattern: SplitPattern) -> Int {
    let alternatives: [(ArraySlice<Character>) -> Int?] =
      switch pattern {
      case .gpt4: [
        { contraction($0, folds: true) }, { optionalMarkAndLetters($0) },
        { run($0, .number, limit: 3) }, { spaceAndRun($0, .symbol, lineEnds: true) },
        { toLastLineEnd($0) }, { whitespaceBeforeLast($0) }, { run($0, .whitespace) },
      ]
      case .nanochat: [
        { contraction($0, folds: true) }, { optionalMarkAndLetters($0) },
        { run($0, .number, limit: 2) }, { spaceAndRun($0, .symbol, lineEnds: true) },
        { toLastLineEnd($0) }, { whitespaceBeforeLast($0) }, { run($0, .whitespace) },
      ]
      case .gpt2: [
        { contraction($0, folds: false) }, { spaceAndRun($0, .letter, lineEnds: false) },
        { spaceAndRun($0, .number, lineEnds: false) },
        { spaceAndRun($0, .symbol, lineEnds: false) },
        { whitespaceBeforeLast($0) }, { run($0, .whitespace) },
      ]
      }
    for alternative in alternatives {
      if let count = alternative(text) { return count }
    }
    return 1
  }

  // MARK: Alternatives

  private func contraction(_ text: ArraySlice<Character>, folds: Bool) -> Int? {
    guard text.first?.code == 0x27 else { return nil }
    let rest = text.dropFirst().prefix(2).map { character -> String in
      if folds, character.code == 0x17f { return "s" }
      let scalar = Unicode.Scalar(character.code).map { String($0) } ?? "?"
      return folds && character.code < 0x80 ? scalar.lowercased() : scalar
    }
    guard let first = rest.first else { return nil }
    if ["s", "d", "m", "t"].contains(first) { return 2 }
    return ["ll", "ve", "re"].contains(rest.joined()) ? 3 : nil
  }

  private func optionalMarkAndLetters(_ text: ArraySlice<Character>) -> Int? {
    guard let first = text.first else { return nil }
    if first.kind == .letter { return run(text, .letter) }
    if first.kind == .number || isLineEnd(first) { return nil }
    return run(text.dropFirst(), .letter).map { $0 + 1 }
  }

  private func spaceAndRun(
    _ text: ArraySlice<Character>, _ kind: Kind, lineEnds: Bool
  ) -> Int? {
    var count = text.first?.code == 0x20 ? 1 : 0
    guard let length = run(text.dropFirst(count), kind) else { return nil }
    count += length
    if lineEnds { count += text.dropFirst(count).prefix { isLineEnd($0) }.count }
    return count
  }

  private func toLastLineEnd(_ text: ArraySlice<Character>) -> Int? {
    let white = text.prefix { $0.kind == .whitespace }
    return white.lastIndex { isLineEnd($0) }.map { $0 - text.startIndex + 1 }
  }

  private func whitespaceBeforeLast(_ text: ArraySlice<Character>) -> Int? {
    let count = text.prefix { $0.kind == .whitespace }.count
    if count == text.count { return count > 0 ? count : nil }
    return count > 1 ? count - 1 : nil
  }

  private func run(_ text: ArraySlice<Character>, _ kind: Kind, limit: Int = .max) -> Int? {
    let count = text.prefix { $0.kind == kind }.count
    return count > 0 ? min(count, limit) : nil
  }

  private func isLineEnd(_ character: Character) -> Bool {
    character.code == 0x0a || character.code == 0x0d
  }

  // MARK: Characters

  /// Swift's own decoder finds well-formed characters; every other byte is a symbol of its own.
  private func decode(_ bytes: [UInt8]) -> [Character] {
    var text: [Character] = []
    var index = 0
    while index < bytes.count {
      var found: (scalar: Unicode.Scalar, length: Int)?
      for length in 1...4 where found == nil && index + length <= bytes.count {
        let part = bytes[index..<(index + length)]
        if let string = String(validating: part, as: UTF8.self), let scalar = string.unicodeScalars.first {
          found = (scalar, length)
        }
      }
      if let found {
        text.append(
          Character(
            code: found.scalar.value, length: found.length, kind: kind(found.scalar.value)))
        index += found.length
      } else {
        text.append(Character(code: .max, length: 1, kind: .symbol))
        index += 1
      }
    }
    return text
  }

  private func kind(_ code: UInt32) -> Kind {
    if contains(letters, code) { return .letter }
    if contains(numbers, code) { return .number }
    return contains(whitespace, code) ? .whitespace : .symbol
  }

  private func contains(_ ranges: [ClosedRange<UInt32>], _ code: UInt32) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < code { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(code)
  }
}
