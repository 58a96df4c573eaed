/// The tool a model may call: arithmetic and letter counting with Python's results.
///
/// A parser of its own, never an evaluator of code: filters in front of Python's `eval` have been
/// escaped by users. Length and integer size are bounded, so no time limit is needed.
package enum Calculator {
  /// Longer expressions have no result.
  package static let maximumLength = 256
  /// Integers beyond this have no result; expressions within `maximumLength` stay below it.
  static let maximumBits = 4096

  /// The text a Python prompt would print for `expression`, or nil when it is neither arithmetic
  /// (`+ - * / // ( )` over integers and decimal fractions) nor a count of letters
  /// (`'word'.count('r')`), or when evaluating it fails.
  ///
  /// Commas are removed first (`1,000+5`). A whole result has no `.0`: GSM8K's annotations have none.
  package static func result(of expression: String) -> String? {
    guard expression.unicodeScalars.count <= maximumLength else { return nil }
    let scalars = expression.unicodeScalars.filter { $0 != "," }
    let bytes = scalars.allSatisfy(\.isASCII) ? scalars.map { UInt8($0.value) } : []
    if !bytes.isEmpty, bytes.allSatisfy(isArithmetic) {
      var parser = ArithmeticParser(bytes: bytes)
      return parser.parse()?.text
    }
    var parser = LetterCountParser(scalars: Array(scalars))
    return parser.parse().map(String.init)
  }

  private static func isArithmetic(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: " "):
      true
    default: false
    }
  }
}
