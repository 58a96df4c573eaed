/// `'word'.count('r')`, either kind of quotes, no escapes.
struct LetterCountParser {
  let scalars: [Unicode.Scalar]
  var position = 0

  init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  mutating func parse() -> Int? {
    guard let text = literal(), take("."), take("c"), take("o", spaces: false),
      take("u", spaces: false), take("n", spaces: false), take("t", spaces: false), take("("),
      let part = literal(), take(")")
    else { return nil }
    skipSpaces()
    return position == scalars.count ? Self.count(of: part, in: text) : nil
  }

  private mutating func literal() -> ArraySlice<Unicode.Scalar>? {
    skipSpaces()
    guard position < scalars.count, scalars[position] == "'" || scalars[position] == "\"" else {
      return nil
    }
    let quote = scalars[position]
    let start = position + 1
    guard let end = scalars[start...].firstIndex(of: quote) else { return nil }
    let text = scalars[start..<end]
    guard !text.contains(where: { $0 == "\\" || $0 == "\n" || $0 == "\r" || $0 == "\0" }) else {
      return nil
    }
    position = end + 1
    return text
  }

  private mutating func take(_ scalar: Unicode.Scalar, spaces: Bool = true) -> Bool {
    if spaces { skipSpaces() }
    guard position < scalars.count, scalars[position] == scalar else { return false }
    position += 1
    return true
  }

  private mutating func skipSpaces() {
    while position < scalars.count, scalars[position] == " " { position += 1 }
  }

  /// Python's `str.count`: without overlaps; an empty part stands between all characters and at
  /// both ends.
  private static func count(
    of part: ArraySlice<Unicode.Scalar>, in text: ArraySlice<Unicode.Scalar>
  ) -> Int {
    guard !part.isEmpty else { return text.count + 1 }
    var count = 0
    var rest = text
    while rest.count >= part.count {
      if rest.starts(with: part) {
        count += 1
        rest = rest.dropFirst(part.count)
      } else {
        rest = rest.dropFirst()
      }
    }
    return count
  }
}
