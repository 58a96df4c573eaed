/// What a split pattern asks of a character.
///
/// The raw values are stored in the tables; `undecided` stands only in the table of first bytes.
enum CharacterClass {
  static let symbol: UInt8 = 0
  static let letter: UInt8 = 1
  static let number: UInt8 = 2
  /// White space other than CR and LF.
  static let blank: UInt8 = 3
  /// CR or LF.
  static let lineEnd: UInt8 = 4
  /// The first byte of a character outside ASCII: it has to be decoded.
  static let undecided: UInt8 = 5
}

/// The class of every code point, as two small tables that live as long as the process.
///
/// `firstByte` has 256 entries. `blocks` maps a code point's upper bits to a block of 256 classes
/// in `classes`; equal blocks are stored once, so the whole takes about 40 KB.
struct UnicodeClasses: @unchecked Sendable {
  let firstByte: UnsafePointer<UInt8>
  let blocks: UnsafePointer<UInt8>
  let classes: UnsafePointer<UInt8>

  /// Built at first use and never freed or changed, which is why it may cross threads.
  static let shared = UnicodeClasses()

  private init() {
    var stored: [[UInt8]: UInt8] = [:]
    var flat: [UInt8] = []
    var index: [UInt8] = []
    var cursors = [
      RangeCursor(UnicodeRanges.letters, CharacterClass.letter),
      RangeCursor(UnicodeRanges.numbers, CharacterClass.number),
      RangeCursor(UnicodeRanges.whitespace, CharacterClass.blank),
    ]
    for block in UInt32(0)..<0x1100 {
      var entries = [UInt8](repeating: CharacterClass.symbol, count: 256)
      for cursor in cursors.indices { cursors[cursor].fill(&entries, from: block << 8) }
      if block == 0 {
        entries[0x0a] = CharacterClass.lineEnd
        entries[0x0d] = CharacterClass.lineEnd
      }
      if let known = stored[entries] {
        index.append(known)
      } else {
        let next = UInt8(truncatingIfNeeded: stored.count)
        stored[entries] = next
        index.append(next)
        flat += entries
      }
    }
    precondition(stored.count <= 256, "the character classes need wider block numbers")
    var first = [UInt8](repeating: CharacterClass.undecided, count: 256)
    for byte in 0..<0x80 { first[byte] = flat[Int(index[0]) << 8 + byte] }
    firstByte = Self.permanentCopy(first)
    blocks = Self.permanentCopy(index)
    classes = Self.permanentCopy(flat)
  }

  private static func permanentCopy(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
    copy.initialize(from: bytes, count: bytes.count)
    return UnsafePointer(copy)
  }

  /// The class of a code point below 0x110000.
  @inline(__always)
  func of(_ codePoint: UInt32) -> UInt8 {
    let block = Int(blocks[Int(codePoint >> 8)])
    return classes[block &<< 8 | Int(codePoint & 0xff)]
  }

  /// The class and length in bytes of the character at `position`, whose first byte is not ASCII.
  ///
  /// A byte that starts no well-formed UTF-8 sequence counts as one symbol of one byte.
  func decode(
    _ position: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> (class: UInt8, length: Int) {
    let first = UInt32(position[0])
    let available = end - position
    if first < 0xe0 {
      guard first >= 0xc2, available >= 2, Self.continues(position[1]) else { return (0, 1) }
      return (of((first & 0x1f) << 6 | UInt32(position[1] & 0x3f)), 2)
    }
    if first < 0xf0 {
      guard available >= 3, Self.continues(position[1]), Self.continues(position[2]) else {
        return (0, 1)
      }
      let code =
        (first & 0x0f) << 12 | UInt32(position[1] & 0x3f) << 6 | UInt32(position[2] & 0x3f)
      guard code >= 0x800, code < 0xd800 || code > 0xdfff else { return (0, 1) }
      return (of(code), 3)
    }
    guard first < 0xf5, available >= 4, Self.continues(position[1]), Self.continues(position[2]),
      Self.continues(position[3])
    else { return (0, 1) }
    let code =
      (first & 0x07) << 18 | UInt32(position[1] & 0x3f) << 12 | UInt32(position[2] & 0x3f) << 6
      | UInt32(position[3] & 0x3f)
    guard code >= 0x10000, code < 0x110000 else { return (0, 1) }
    return (of(code), 4)
  }

  @inline(__always)
  private static func continues(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}

/// Walks ascending ranges while blocks of 256 code points are filled in order.
private struct RangeCursor {
  private let ranges: [UInt32]
  private let value: UInt8
  private var next = 0

  init(_ ranges: [UInt32], _ value: UInt8) {
    self.ranges = ranges
    self.value = value
  }

  mutating func fill(_ entries: inout [UInt8], from start: UInt32) {
    let end = start + 256
    while next < ranges.count, ranges[next] < end {
      let first = max(ranges[next], start)
      let last = min(ranges[next + 1], end - 1)
      for code in first...last { entries[Int(code - start)] = value }
      if ranges[next + 1] >= end { return }
      next += 2
    }
  }
}
