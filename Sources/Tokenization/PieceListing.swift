#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
package import JSON

/// A token as `nanobuild tokens` shows it.
package struct ListedToken: Sendable, Hashable {
  package let id: Int32
  package let bytes: [UInt8]
  /// The number of its piece in the text, from 0.
  package let piece: Int

  /// The bytes as text, with control characters and broken UTF-8 as `\xNN`.
  package var text: String { PieceListing.readable(bytes[...]) }
}

/// The pieces, ids and bytes of a text, for people and for programs.
package enum PieceListing {
  /// Every token of `text` with the piece it lies in.
  package static func tokens(
    of text: UnsafeBufferPointer<UInt8>, _ tokenizer: Tokenizer
  ) -> [ListedToken] {
    let encoder = PieceEncoder(tokenizer, cacheBits: 10)
    var listed: [ListedToken] = []
    var start = 0
    for (piece, length) in Splitter(tokenizer.pattern).pieceLengths(text).enumerated() {
      var ids: [Int32] = []
      encoder.encodePiece(
        UnsafeBufferPointer(rebasing: text[start..<(start + length)]), into: &ids)
      for id in ids {
        listed.append(ListedToken(id: id, bytes: Array(tokenizer.bytes(of: id)), piece: piece))
      }
      start += length
    }
    return listed
  }

  package static func tokens(of text: String, _ tokenizer: Tokenizer) -> [ListedToken] {
    var text = text
    return text.withUTF8 { tokens(of: $0, tokenizer) }
  }

  /// One line of the JSON-lines mode: the ids of the JSON string `line` as a JSON array.
  ///
  /// `number` is the line's, for errors.
  package static func jsonLine(
    _ line: UnsafeBufferPointer<UInt8>, number: Int, _ encoder: PieceEncoder,
    into output: inout [UInt8]
  ) throws(JSONLinesError) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(line) } catch {
      throw .invalidLine(number, error)
    }
    guard let text = value.stringValue else {
      throw .notAString(number, found: value.kindDescription)
    }
    var ids: [Int32] = []
    var copy = text
    copy.withUTF8 { encoder.encode($0, into: &ids) }
    output.append(UInt8(ascii: "["))
    for (index, id) in ids.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      output.append(contentsOf: String(id).utf8)
    }
    output.append(UInt8(ascii: "]"))
    output.append(UInt8(ascii: "\n"))
  }

  /// Reads JSON strings from a file descriptor, one a line, and writes their ids as they come.
  ///
  /// Ends at the end of the input. A line that is no JSON string ends it with `.invalidLine`.
  package static func runJSONLines(
    _ tokenizer: Tokenizer, input: Int32, output: Int32
  ) throws(JSONLinesError) {
    let encoder = PieceEncoder(tokenizer)
    var pending: [UInt8] = []
    var answer: [UInt8] = []
    var line = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var isAtEnd = false
    while !isAtEnd {
      let count = read(input, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw .inputFailed(errno: errno)
      }
      isAtEnd = count == 0
      let searchFrom = pending.count
      pending.append(contentsOf: chunk[..<count])
      if isAtEnd, pending.last.map({ $0 != UInt8(ascii: "\n") }) ?? false {
        pending.append(UInt8(ascii: "\n"))
      }
      var start = 0
      var search = searchFrom
      while let end = pending[search...].firstIndex(of: UInt8(ascii: "\n")) {
        line += 1
        let fault = pending[start..<end].withUnsafeBufferPointer { bytes -> JSONLinesError? in
          do throws(JSONLinesError) {
            try jsonLine(bytes, number: line, encoder, into: &answer)
          } catch {
            return error
          }
          return nil
        }
        if let fault { throw fault }
        start = end + 1
        search = start
      }
      pending.removeFirst(start)
      if answer.count >= 1 << 16 || isAtEnd || pending.isEmpty {
        try write(answer, output)
        answer.removeAll(keepingCapacity: true)
      }
    }
  }

  private static func write(_ bytes: [UInt8], _ output: Int32) throws(JSONLinesError) {
    var start = 0
    while start < bytes.count {
      let written = bytes[start...].withUnsafeBytes { rest in
        #if canImport(Glibc)
          Glibc.write(output, rest.baseAddress, rest.count)
        #else
          Darwin.write(output, rest.baseAddress, rest.count)
        #endif
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw .outputFailed(errno: errno)
      }
      start += written
    }
  }

  /// The bytes as text: what cannot be shown as it is becomes `\xNN`.
  package static func readable(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    var rest = bytes
    while let first = rest.first {
      let length = characterLength(rest)
      if length > 0,
        let scalar = String(decoding: rest.prefix(length), as: UTF8.self).unicodeScalars.first,
        scalar.value >= 0x20, scalar.value != 0x7f, !(0x80..<0xa0).contains(scalar.value)
      {
        text.unicodeScalars.append(scalar)
        rest = rest.dropFirst(length)
      } else {
        let digits = String(first, radix: 16)
        text += "\\x" + (digits.count < 2 ? "0" : "") + digits
        rest = rest.dropFirst()
      }
    }
    return text
  }

  /// The length of the well-formed character at the start of `bytes`; 0 if there is none.
  private static func characterLength(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress, bytes.count > 0 else { return 0 }
      if bytes[0] < 0x80 { return 1 }
      let length = UnicodeClasses.shared.decode(start, start + bytes.count).length
      return length > 1 ? length : 0
    }
  }
}

/// Why reading JSON strings line by line ended.
package enum JSONLinesError: Error, Sendable, Hashable {
  /// The line's number, from 1.
  case invalidLine(Int, JSONError)
  /// A JSON value of another kind.
  case notAString(Int, found: String)
  case inputFailed(errno: Int32)
  case outputFailed(errno: Int32)
}

extension JSONLinesError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidLine(let line, let error): "line \(line), column \(error.column): \(error.message)"
    case .notAString(let line, let found): "line \(line): expected a JSON string, found \(found)"
    case .inputFailed(let code): "cannot read: \(String(cString: strerror(code)))"
    case .outputFailed(let code): "cannot write: \(String(cString: strerror(code)))"
    }
  }
}
