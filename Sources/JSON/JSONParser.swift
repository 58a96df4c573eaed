/// A strict RFC 8259 parser over bytes that says where a text is wrong.
///
/// Foundation's decoder gives no usable place for most faults and takes a thrown error for every
/// guess at a value's type, which made reading 10,000 conversations take seconds. Nesting is
/// limited, duplicate keys are refused, and a lone surrogate escape is an error.
package struct JSONParser {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private let depthLimit: Int

  package static let defaultDepthLimit = 128
  /// What some editors put before UTF-8.
  package static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// Parses the whole of `bytes` as one value.
  package static func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, depthLimit: Int = defaultDepthLimit
  ) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes: bytes, depthLimit: depthLimit)
    parser.skipWhitespace()
    let value = try parser.value(depth: 0)
    parser.skipWhitespace()
    guard parser.position == bytes.count else { throw parser.error(.trailingContent) }
    return value
  }

  package static func parse(
    _ bytes: [UInt8], depthLimit: Int = defaultDepthLimit
  ) throws(JSONError) -> JSONValue {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONError> in
      do throws(JSONError) { return .success(try parse(buffer, depthLimit: depthLimit)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  package static func parse(_ text: String) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8))
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  // MARK: Values

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < depthLimit else { throw error(.tooDeep(limit: depthLimit)) }
    guard let byte = peek() else { throw error(.unexpectedEnd) }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      let isMark = position == 0 && bytes.starts(with: Self.byteOrderMark)
      throw error(isMark ? .byteOrderMark : .unexpectedByte(byte, expected: "a JSON value"))
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var members: [String: JSONValue] = [:]
    skipWhitespace()
    if peek() == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipWhitespace()
      try expect(UInt8(ascii: "\""), "a key in double quotes", consume: false)
      let keyPosition = position
      let key = try string()
      skipWhitespace()
      try expect(UInt8(ascii: ":"), "`:`")
      skipWhitespace()
      let member = try value(depth: depth + 1)
      guard members.updateValue(member, forKey: key) == nil else {
        position = keyPosition
        throw error(.duplicateKey(key))
      }
      skipWhitespace()
      guard let byte = peek() else { throw error(.unexpectedEnd) }
      if byte == UInt8(ascii: "}") {
        position += 1
        return .object(members)
      }
      try expect(UInt8(ascii: ","), "`,` or `}`")
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipWhitespace()
    if peek() == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      skipWhitespace()
      elements.append(try value(depth: depth + 1))
      skipWhitespace()
      guard let byte = peek() else { throw error(.unexpectedEnd) }
      if byte == UInt8(ascii: "]") {
        position += 1
        return .array(elements)
      }
      try expect(UInt8(ascii: ","), "`,` or `]`")
    }
  }

  private mutating func literal(
    _ text: StaticString, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    for index in 0..<text.utf8CodeUnitCount {
      guard let byte = peek() else { throw error(.unexpectedEnd) }
      guard byte == text.utf8Start[index] else {
        throw error(.unexpectedByte(byte, expected: "`\(text)`"))
      }
      position += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    var isInteger = true
    if peek() == UInt8(ascii: "-") { position += 1 }
    let firstDigit = position
    skipDigits()
    let digits = position - firstDigit
    guard digits > 0, digits == 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
      position = start
      throw error(.invalidNumber)
    }
    if peek() == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      try requireDigits(from: start)
    }
    if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      try requireDigits(from: start)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      position = start
      throw error(.numberOutOfRange)
    }
    return .double(value)
  }

  private mutating func requireDigits(from start: Int) throws(JSONError) {
    let before = position
    skipDigits()
    if position == before {
      position = start
      throw error(.invalidNumber)
    }
  }

  // MARK: Strings

  private mutating func string() throws(JSONError) -> String {
    let opening = position
    position += 1
    var start = position
    var decoded: [UInt8] = []
    while true {
      guard let byte = peek() else { throw error(.unexpectedEnd) }
      switch byte {
      case UInt8(ascii: "\""):
        let tail = UnsafeBufferPointer(rebasing: bytes[start..<position])
        position += 1
        if decoded.isEmpty {
          guard let text = String(validating: tail, as: UTF8.self) else {
            position = opening
            throw error(.invalidUTF8)
          }
          return text
        }
        decoded.append(contentsOf: tail)
        guard let text = String(validating: decoded, as: UTF8.self) else {
          position = opening
          throw error(.invalidUTF8)
        }
        return text
      case UInt8(ascii: "\\"):
        decoded.append(contentsOf: bytes[start..<position])
        try escape(into: &decoded)
        start = position
      case 0..<0x20:
        throw error(.controlCharacter)
      default:
        position += 1
      }
    }
  }

  private mutating func escape(into decoded: inout [UInt8]) throws(JSONError) {
    let start = position
    position += 1
    guard let byte = peek() else { throw error(.unexpectedEnd) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0c)
    case UInt8(ascii: "n"): decoded.append(0x0a)
    case UInt8(ascii: "r"): decoded.append(0x0d)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal(from: start)
      if (0xd800..<0xdc00).contains(code), position + 1 < bytes.count,
        bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let low = try hexadecimal(from: start)
        guard (0xdc00..<0xe000).contains(low) else {
          position = start
          throw error(.invalidEscape)
        }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        position = start
        throw error(.invalidEscape)
      }
      decoded.append(contentsOf: Character(scalar).utf8)
    default:
      position = start
      throw error(.invalidEscape)
    }
  }

  private mutating func hexadecimal(from start: Int) throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek() else { throw error(.unexpectedEnd) }
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        position = start
        throw error(.invalidEscape)
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  // MARK: Bytes

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipDigits() {
    while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      position += 1
    }
  }

  private mutating func skipWhitespace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  private mutating func expect(
    _ byte: UInt8, _ expected: String, consume: Bool = true
  ) throws(JSONError) {
    guard let found = peek() else { throw error(.unexpectedEnd) }
    guard found == byte else { throw error(.unexpectedByte(found, expected: expected)) }
    if consume { position += 1 }
  }

  private func error(_ reason: JSONError.Reason) -> JSONError {
    let before = bytes[..<min(position, bytes.count)]
    let line = before.reduce(1) { $1 == 0x0a ? $0 + 1 : $0 }
    let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    return JSONError(
      reason: reason, offset: position, line: line, column: position - lineStart + 1)
  }
}
