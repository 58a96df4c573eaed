/// The learned tokens in the order of their ids, with the bytes each one spells.
package struct Vocabulary: Sendable, Hashable {
  /// All spellings one after the other.
  private(set) var storage: [UInt8] = []
  /// `offsets[id] ..< offsets[id + 1]` is the place of a token in `storage`.
  private(set) var offsets: [Int] = [0]

  /// Eight times the largest vocabulary in use; the encoder's tables have 21 bits for an id.
  package static let largestSize = PairTable.limit - SpecialTokens.count

  package init() {}

  /// The 256 single bytes in order, as every training starts.
  package static var bytes: Vocabulary {
    var vocabulary = Vocabulary()
    for byte in UInt8.min...UInt8.max { vocabulary.append(CollectionOfOne(byte)) }
    return vocabulary
  }

  package var count: Int { offsets.count - 1 }

  package mutating func append(_ token: some Collection<UInt8>) {
    storage.append(contentsOf: token)
    offsets.append(storage.count)
  }

  package subscript(id: Int) -> ArraySlice<UInt8> { storage[offsets[id]..<offsets[id + 1]] }

  package func length(_ id: Int) -> Int { offsets[id + 1] - offsets[id] }

  /// Appends the token made of two others.
  mutating func appendMerge(_ left: Int, _ right: Int) {
    storage.append(contentsOf: storage[offsets[left]..<offsets[left + 1]])
    storage.append(contentsOf: storage[offsets[right]..<offsets[right + 1]])
    offsets.append(storage.count)
  }

  /// Ids by spelling.
  ///
  /// The first broken rule is thrown: every single byte is there, no token is empty, and no two
  /// spell the same bytes.
  package func validatedIndex() throws(VocabularyFaultError) -> SpellingIndex {
    guard count <= Self.largestSize else { throw VocabularyFaultError(.tooManyTokens(count)) }
    var index = SpellingIndex(capacity: count)
    for id in 0..<count {
      guard length(id) > 0 else { throw VocabularyFaultError(.emptyToken(id: id)) }
      if let first = index.insert(id, in: self) {
        throw VocabularyFaultError(.duplicateToken(first: first, second: id))
      }
    }
    for byte in UInt8.min...UInt8.max where index.id(of: [byte][...], in: self) == nil {
      throw VocabularyFaultError(.missingByte(byte))
    }
    return index
  }
}

/// A fault without the file it was found in.
package struct VocabularyFaultError: Error, Sendable, Hashable {
  package let fault: VocabularyFault
  init(_ fault: VocabularyFault) { self.fault = fault }
}

/// An open-addressing table from spellings to ids that keeps no copy of the bytes.
package struct SpellingIndex: Sendable {
  private var slots: [Int32]
  private var filled = 0

  init(capacity: Int) {
    var size = 64
    while size < capacity * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
  }

  /// Adds a token; if its spelling is there already, nothing changes and that id is returned.
  mutating func insert(_ id: Int, in vocabulary: Vocabulary) -> Int? {
    if (filled + 1) * 2 > slots.count { grow(vocabulary) }
    let token = vocabulary[id]
    var slot = Self.hash(token) & (slots.count - 1)
    while slots[slot] >= 0 {
      if vocabulary[Int(slots[slot])] == token { return Int(slots[slot]) }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = Int32(id)
    filled += 1
    return nil
  }

  func id(of token: ArraySlice<UInt8>, in vocabulary: Vocabulary) -> Int? {
    var slot = Self.hash(token) & (slots.count - 1)
    while slots[slot] >= 0 {
      if vocabulary[Int(slots[slot])] == token { return Int(slots[slot]) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private mutating func grow(_ vocabulary: Vocabulary) {
    let old = slots
    slots = [Int32](repeating: -1, count: old.count * 2)
    for id in old where id >= 0 {
      var slot = Self.hash(vocabulary[Int(id)]) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = id
    }
  }

  private static func hash(_ token: ArraySlice<UInt8>) -> Int {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in token { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return Int(truncatingIfNeeded: (value ^ (value >> 29)) & 0x7fff_ffff_ffff_ffff)
  }
}
