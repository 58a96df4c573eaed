/// The footer of a parquet file without rows, in Thrift's compact protocol.
struct FooterBytes {
  private var elements: [UInt8] = []
  private var count = 0
  var createdBy: String?

  mutating func group(_ name: String, children: Int) {
    // Name (4) and number of children (5).
    add(
      [0x48] + Self.number(name.utf8.count) + Array(name.utf8) + [0x15] + Self.number(2 * children))
  }

  /// An optional INT32.
  mutating func leaf(_ name: String) {
    // Type (1), repetition (3), name (4).
    add([0x15, 2, 0x25, 2, 0x18] + Self.number(name.utf8.count) + Array(name.utf8))
  }

  private mutating func add(_ fields: [UInt8]) {
    elements += fields + [0]
    count += 1
  }

  var file: [UInt8] {
    // Version (1), schema (2), rows (3), row groups (4), writer (6).
    var footer = [0x15, 2, 0x19, 0xfc] + Self.number(count) + elements + [0x16, 0, 0x19, 0x0c]
    if let createdBy {
      footer += [0x28] + Self.number(createdBy.utf8.count) + Array(createdBy.utf8)
    }
    footer.append(0)
    let length = (0..<4).map { UInt8(truncatingIfNeeded: footer.count >> (8 * $0)) }
    return Array("PAR1".utf8) + footer + length + Array("PAR1".utf8)
  }

  private static func number(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
