import JSON

/// Values of columns as JSON.
///
/// Texts must be valid UTF-8. Bytes that are not declared to be text become a string if they are
/// valid UTF-8 and `{"hex": …}` if not, as do INT96 values and UUIDs. Decimals become strings that
/// keep every digit, dates `YYYY-MM-DD`; times and timestamps stay the numbers they are stored as.
/// JSON has no number for NaN and the infinities: they become strings, so that they are not null.
enum ParquetValues {
  static func json(
    _ values: ColumnVector, _ index: Int, _ column: ParquetColumn, _ budget: inout RowBudget
  ) throws(ParquetFault) -> JSONValue {
    switch column.type {
    case .boolean:
      try budget.spend(bytes: 1)
      return .bool(values.load(index, as: UInt8.self) != 0)
    case .int32:
      try budget.spend(bytes: 8)
      let value = values.load(index, as: Int32.self)
      switch column.annotation {
      case .unsigned: return .int(Int(UInt32(bitPattern: value)))
      case .decimal(let scale): return .string(decimal(Int128(value), scale))
      case .date: return .string(date(days: Int(value)))
      default: return .int(Int(value))
      }
    case .int64:
      try budget.spend(bytes: 8)
      let value = values.load(index, as: Int64.self)
      switch column.annotation {
      case .unsigned where value < 0: return .unsigned(UInt64(bitPattern: value))
      case .decimal(let scale): return .string(decimal(Int128(value), scale))
      default: return .int(Int(value))
      }
    case .float:
      try budget.spend(bytes: 8)
      return number(Double(values.load(index, as: Float.self)))
    case .double:
      try budget.spend(bytes: 8)
      return number(values.load(index, as: Double.self))
    case .int96:
      try budget.spend(bytes: 24)
      return hexadecimal(values.bytes(index))
    case .byteArray, .fixedLengthByteArray:
      let bytes = values.bytes(index)
      try budget.spend(bytes: bytes.count)
      return try json(bytes, column, index)
    }
  }

  private static func json(
    _ bytes: UnsafeRawBufferPointer, _ column: ParquetColumn, _ index: Int
  ) throws(ParquetFault) -> JSONValue {
    switch column.annotation {
    case .string:
      if let byte = UTF8Check.firstFault(bytes) { throw .invalidUTF8(value: index, byte: byte) }
      return .string(String(decoding: bytes, as: UTF8.self))
    case .decimal(let scale) where bytes.count <= longestDecimal:
      return .string(decimal(bytes, scale))
    case .float16 where bytes.count == 2:
      return number(float16(UInt16(bytes[0]) | (UInt16(bytes[1]) << 8)))
    case .other("UUID"): return hexadecimal(bytes)
    default:
      if UTF8Check.firstFault(bytes) == nil {
        return .string(String(decoding: bytes, as: UTF8.self))
      }
      return hexadecimal(bytes)
    }
  }

  private static func number(_ value: Double) -> JSONValue {
    if value.isFinite { return .double(value) }
    return value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  }

  static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> JSONValue {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return .object(["hex": .string(String(decoding: text, as: UTF8.self))])
  }

  /// Bytes of a decimal of 76 digits, the longest that Arrow knows.
  private static let longestDecimal = 32

  /// `value` ÷ 10^`scale` with all digits.
  static func decimal(_ value: Int128, _ scale: Int) -> String {
    decimal("\(value.magnitude)", isNegative: value < 0, scale)
  }

  private static func decimal(_ digits: String, isNegative: Bool, _ scale: Int) -> String {
    let sign = isNegative ? "-" : ""
    guard (1...76).contains(scale) else { return sign + digits }
    let missing = max(0, scale + 1 - digits.count)
    let padded = String(repeating: "0", count: missing) + digits
    return sign + padded.dropLast(scale) + "." + padded.suffix(scale)
  }

  /// A number in two's complement, its highest byte first, ÷ 10^`scale` with all digits.
  private static func decimal(_ bytes: UnsafeRawBufferPointer, _ scale: Int) -> String {
    let isNegative = (bytes.first ?? 0) & 0x80 != 0
    var magnitude = Array(bytes)
    if isNegative {
      var carry = true
      for place in magnitude.indices.reversed() {
        magnitude[place] = ~magnitude[place] &+ (carry ? 1 : 0)
        carry = carry && magnitude[place] == 0
      }
    }
    // Long division by 10⁹; the remainders are the digits, the lowest first.
    var groups: [UInt64] = []
    repeat {
      var remainder: UInt64 = 0
      for place in magnitude.indices {
        let value = remainder << 8 | UInt64(magnitude[place])
        magnitude[place] = UInt8(value / 1_000_000_000)
        remainder = value % 1_000_000_000
      }
      groups.append(remainder)
    } while magnitude.contains { $0 != 0 }
    let lower = groups.dropLast().reversed().map { group in
      let text = "\(group)"
      return String(repeating: "0", count: 9 - text.count) + text
    }
    return decimal("\(groups.last ?? 0)" + lower.joined(), isNegative: isNegative, scale)
  }

  /// Days since 1970-01-01 as a date of the Gregorian calendar (algorithm of H. Hinnant,
  /// "chrono-Compatible Low-Level Date Algorithms").
  static func date(days: Int) -> String {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let day = shifted - era * 146_097
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civilMonth = month < 10 ? month + 3 : month - 9
    let civilYear = year + era * 400 + (civilMonth <= 2 ? 1 : 0)
    func padded(_ number: Int, _ width: Int) -> String {
      let text = "\(number.magnitude)"
      let zeros = String(repeating: "0", count: max(0, width - text.count))
      return (number < 0 ? "-" : "") + zeros + text
    }
    let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
    return "\(padded(civilYear, 4))-\(padded(civilMonth, 2))-\(padded(dayOfMonth, 2))"
  }

  /// IEEE 754 half precision, in its 16 bits.
  static func float16(_ bits: UInt16) -> Double {
    let sign = bits >> 15 == 0 ? 1.0 : -1.0
    let exponent = Int((bits >> 10) & 0x1f)
    let fraction = Double(bits & 0x3ff) / 1024
    switch exponent {
    case 0: return sign * fraction * 0x1p-14
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
    }
  }
}
