/// A reader of the Thrift compact protocol that trusts no length.
///
/// Every element of a list takes at least one byte, so a count above the bytes that are left is
/// refused before anything is reserved for it.
struct ThriftReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var position = 0
  let part: ParquetFault.Part

  enum Kind: UInt8 {
    case stop = 0, yes, no, byte, i16, i32, i64, double, binary, list, set, map, structure
  }

  init(_ bytes: UnsafeRawBufferPointer, part: ParquetFault.Part) {
    self.bytes = bytes
    self.part = part
  }

  mutating func byte() throws(ParquetFault) -> UInt8 {
    guard position < bytes.count else { throw .truncated(part) }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func unsigned() throws(ParquetFault) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      let next = try byte()
      value |= UInt64(next & 0x7f) << shift
      if next < 0x80 { return value }
    }
    throw .invalid(part, value: position)
  }

  mutating func integer() throws(ParquetFault) -> Int {
    let raw = try unsigned()
    return Int(bitPattern: UInt(raw >> 1)) ^ -Int(raw & 1)
  }

  mutating func binary() throws(ParquetFault) -> UnsafeRawBufferPointer {
    let length = try unsigned()
    guard length <= UInt64(bytes.count - position) else { throw .truncated(part) }
    defer { position += Int(length) }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
  }

  mutating func string() throws(ParquetFault) -> String {
    String(decoding: try binary(), as: UTF8.self)
  }

  /// The next field of a structure, or nil at its end. `last` carries the field number.
  mutating func field(after last: inout Int) throws(ParquetFault) -> Kind? {
    let head = try byte()
    if head == 0 { return nil }
    guard let kind = Kind(rawValue: head & 0x0f), kind != .stop else {
      throw .invalid(part, value: Int(head))
    }
    let delta = Int(head >> 4)
    let number = delta == 0 ? try integer() : last &+ delta
    guard (0...0x7fff).contains(number) else { throw .invalid(part, value: number) }
    last = number
    return kind
  }

  mutating func listHeader() throws(ParquetFault) -> (kind: Kind, count: Int) {
    let head = try byte()
    guard let kind = Kind(rawValue: head & 0x0f) else { throw .invalid(part, value: Int(head)) }
    let count = head >> 4 == 15 ? try unsigned() : UInt64(head >> 4)
    guard count <= UInt64(bytes.count - position) else { throw .truncated(part) }
    return (kind, Int(count))
  }

  mutating func skip(_ kind: Kind, depth: Int = 0) throws(ParquetFault) {
    guard depth < 32 else { throw .invalid(part, value: depth) }
    switch kind {
    case .stop: throw .invalid(part, value: 0)
    case .yes, .no: break
    case .byte: _ = try byte()
    case .i16, .i32, .i64: _ = try unsigned()
    case .double:
      guard bytes.count - position >= 8 else { throw .truncated(part) }
      position += 8
    case .binary: _ = try binary()
    case .list, .set:
      let (element, count) = try listHeader()
      for _ in 0..<count { try skipElement(element, depth: depth + 1) }
    case .map:
      let count = try unsigned()
      guard count <= UInt64(bytes.count - position) else { throw .truncated(part) }
      if count == 0 { return }
      let kinds = try byte()
      guard let key = Kind(rawValue: kinds >> 4), let value = Kind(rawValue: kinds & 0x0f) else {
        throw .invalid(part, value: Int(kinds))
      }
      for _ in 0..<count {
        try skipElement(key, depth: depth + 1)
        try skipElement(value, depth: depth + 1)
      }
    case .structure:
      var last = 0
      while let inner = try field(after: &last) { try skip(inner, depth: depth + 1) }
    }
  }

  /// In a list or map a truth value takes a byte; in a structure it is part of the field's head.
  private mutating func skipElement(_ kind: Kind, depth: Int) throws(ParquetFault) {
    if kind == .yes || kind == .no { _ = try byte() } else { try skip(kind, depth: depth) }
  }

  // MARK: Fields of an expected kind

  mutating func integer(_ kind: Kind) throws(ParquetFault) -> Int {
    switch kind {
    case .i16, .i32, .i64: return try integer()
    case .byte: return Int(Int8(bitPattern: try byte()))
    default: throw .invalid(part, value: Int(kind.rawValue))
    }
  }

  mutating func string(_ kind: Kind) throws(ParquetFault) -> String {
    guard kind == .binary else { throw .invalid(part, value: Int(kind.rawValue)) }
    return try string()
  }

  mutating func expect(_ kind: Kind, _ expected: Kind) throws(ParquetFault) {
    guard kind == expected else { throw .invalid(part, value: Int(kind.rawValue)) }
  }
}
