#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// JSON text with sorted keys and shortest round-trip numbers: equal values give equal bytes.
package enum JSONWriter {
  /// The text of `value`; `pretty` indents by two spaces and puts each member on its own line.
  ///
  /// JSON has no infinities and no NaN; they are written as `null`.
  package static func text(_ value: JSONValue, pretty: Bool = false) -> String {
    var output = ""
    write(value, into: &output, indentation: pretty ? 0 : nil)
    return output
  }

  package static func bytes(_ value: JSONValue, pretty: Bool = false) -> [UInt8] {
    Array(text(value, pretty: pretty).utf8)
  }

  /// Appends `text` as a JSON string, quotes included.
  package static func writeString(_ text: String, into output: inout String) {
    output.append("\"")
    defer { output.append("\"") }
    // Most texts need no escapes: keys of tasks are made of tens of thousands.
    let isPlain = text.utf8.withContiguousStorageIfAvailable { bytes in
      bytes.allSatisfy { byte in
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0x7f
      }
    }
    if isPlain == true { return output.append(text) }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output.append("\\\"")
      case "\\": output.append("\\\\")
      case "\n": output.append("\\n")
      case "\r": output.append("\\r")
      case "\t": output.append("\\t")
      case "\u{0}"..."\u{1f}", "\u{7f}":
        let code = String(scalar.value, radix: 16)
        output.append("\\u" + String(repeating: "0", count: 4 - code.count) + code)
      default: output.unicodeScalars.append(scalar)
      }
    }
  }

  private static func write(_ value: JSONValue, into output: inout String, indentation: Int?) {
    switch value {
    case .null: output.append("null")
    case .bool(let value): output.append(value ? "true" : "false")
    case .int(let value): output.append(String(value))
    case .unsigned(let value): output.append(String(value))
    case .double(let value): output.append(value.isFinite ? "\(value)" : "null")
    case .string(let value): writeString(value, into: &output)
    case .array(let elements):
      writeList(elements, "[", "]", into: &output, indentation: indentation) {
        write($0, into: &$1, indentation: $2)
      }
    case .object(let members):
      writeList(sorted(members), "{", "}", into: &output, indentation: indentation) {
        writeString($0.key, into: &$1)
        $1.append($2 == nil ? ":" : ": ")
        write($0.value, into: &$1, indentation: $2)
      }
    }
  }

  /// Members in the order in which they are written: that of their names' bytes.
  package static func sorted(
    _ members: [String: JSONValue]
  ) -> [(key: String, value: JSONValue)] {
    members.sorted { precedes($0.key, $1.key) }
  }

  private static func precedes(_ a: String, _ b: String) -> Bool {
    let isBefore = a.utf8.withContiguousStorageIfAvailable { a in
      b.utf8.withContiguousStorageIfAvailable { b in
        guard let first = a.baseAddress, let second = b.baseAddress else {
          return a.count < b.count
        }
        let order = memcmp(first, second, min(a.count, b.count))
        return order == 0 ? a.count < b.count : order < 0
      }
    }
    return (isBefore ?? nil) ?? a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  private static func writeList<Element>(
    _ elements: [Element], _ opening: String, _ closing: String, into output: inout String,
    indentation: Int?, element: (Element, inout String, Int?) -> Void
  ) {
    output.append(opening)
    let inner = indentation.map { $0 + 2 }
    for (index, item) in elements.enumerated() {
      if index > 0 { output.append(",") }
      if let inner { output.append("\n" + String(repeating: " ", count: inner)) }
      element(item, &output, inner)
    }
    if let indentation, !elements.isEmpty {
      output.append("\n" + String(repeating: " ", count: indentation))
    }
    output.append(closing)
  }
}
