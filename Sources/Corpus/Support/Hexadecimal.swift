extension UInt64 {
  /// Sixteen lower-case digits, as hashes are shown.
  package var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
