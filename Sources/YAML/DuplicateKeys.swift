/// Finds equal keys of a mapping by their bytes, in time linear in the number of keys.
struct DuplicateKeys {
  /// Positions of keys in an open-addressing table, 0 for free; kept between mappings.
  private var table: [Int] = []

  /// Positions in `children` of keys that stood earlier in the same mapping, each with the position
  /// of the first. Merge keys may stand several times.
  mutating func find(
    in children: [UInt32], from first: Int, records: [YAMLDocument.Record], text: [UInt8]
  ) -> [(position: Int, earlier: Int)] {
    let count = (children.count - first) / 2
    guard count > 1 else { return [] }
    return text.withUnsafeBufferPointer { text in
      records.withUnsafeBufferPointer { records in
        children.withUnsafeBufferPointer { children in
          let keys = Keys(children: children, records: records, text: text)
          return count <= 12
            ? Self.compareAll(keys, first: first) : hashAll(keys, first: first, count: count)
        }
      }
    }
  }

  private static func compareAll(_ keys: Keys, first: Int) -> [(position: Int, earlier: Int)] {
    var found: [(position: Int, earlier: Int)] = []
    var position = first + 2
    while position < keys.children.count {
      var earlier = first
      while earlier < position {
        if keys.areEqual(earlier, position) {
          found.append((position, earlier))
          break
        }
        earlier += 2
      }
      position += 2
    }
    return found
  }

  private mutating func hashAll(
    _ keys: Keys, first: Int, count: Int
  ) -> [(position: Int, earlier: Int)] {
    var size = 64
    while size < count * 2 { size *= 2 }
    table = Array(repeating: 0, count: size)
    var found: [(position: Int, earlier: Int)] = []
    for position in stride(from: first, to: keys.children.count, by: 2) {
      var hasher = Hasher()
      hasher.combine(bytes: UnsafeRawBufferPointer(keys[position]))
      var slot = hasher.finalize() & (size - 1)
      while table[slot] != 0, !keys.areEqual(table[slot] - 1, position) {
        slot = (slot + 1) & (size - 1)
      }
      if table[slot] == 0 {
        table[slot] = position + 1
      } else {
        found.append((position, table[slot] - 1))
      }
    }
    return found
  }

  private struct Keys {
    let children: UnsafeBufferPointer<UInt32>
    let records: UnsafeBufferPointer<YAMLDocument.Record>
    let text: UnsafeBufferPointer<UInt8>

    subscript(position: Int) -> UnsafeBufferPointer<UInt8> {
      let record = records[Int(children[position])]
      let start = Int(record.first)
      return UnsafeBufferPointer(rebasing: text[start..<start + Int(record.count)])
    }

    func areEqual(_ left: Int, _ right: Int) -> Bool {
      let leftRecord = records[Int(children[left])]
      let rightRecord = records[Int(children[right])]
      guard leftRecord.count == rightRecord.count else { return false }
      let bytes = self[left]
      let others = self[right]
      var index = 0
      while index < bytes.count {
        if bytes[index] != others[index] { return false }
        index += 1
      }
      // Two `<<` are two merges, not a duplicate.
      return !(leftRecord.isPlain && rightRecord.isPlain && bytes.elementsEqual([0x3c, 0x3c]))
    }
  }
}
