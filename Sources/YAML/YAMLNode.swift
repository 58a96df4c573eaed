package import Diagnostics

/// A node of a YAML document, with its place.
///
/// Nodes are views into the document's flat tables: a file of a million nodes costs no allocation
/// for each. An alias is the very node it names.
package struct YAMLNode: Sendable {
  package enum Kind: UInt8, Sendable {
    case scalar, sequence, mapping
  }

  package let document: YAMLDocument
  let index: Int

  private var record: YAMLDocument.Record { document.records[index] }

  package var kind: Kind { record.kind }

  /// The text of a scalar, escapes and folding done; empty for a collection.
  package var text: String {
    let record = record
    guard record.kind == .scalar else { return "" }
    let start = Int(record.first)
    return document.text.withUnsafeBufferPointer {
      String(decoding: $0[start..<start + Int(record.count)], as: UTF8.self)
    }
  }

  /// A scalar without quotes, block style or `!!str`, so that it may be a number, boolean or null.
  package var isPlain: Bool { record.isPlain }

  /// Short enough to be a null; spares most scalars the comparison.
  var hasLengthOfNull: Bool { record.count <= 4 }

  /// The tag as written in full, or nil when there is none.
  package var tag: String? { document.tags[index] }

  /// The number of elements or of key-value pairs; 0 for a scalar.
  package var count: Int {
    let record = record
    switch record.kind {
    case .scalar: return 0
    case .sequence: return Int(record.count)
    case .mapping: return Int(record.count) / 2
    }
  }

  // MARK: Places

  /// 1-based line of the first character.
  package var line: Int { Int(record.line) }
  /// 1-based column of the first character, in characters.
  package var column: Int { Int(record.column) }
  /// 1-based place just past the last character; for a block collection, where the next token starts.
  package var end: (line: Int, column: Int) { (Int(record.endLine), Int(record.endColumn)) }

  package var location: SourceLocation {
    guard document.hasLines else { return SourceLocation(file: document.file, line: 0, column: 0) }
    let record = record
    return SourceLocation(
      file: document.file, line: Int(record.line), column: Int(record.column))
  }

  /// Characters to underline: the whole node when it stands on one line, otherwise one.
  package var width: Int {
    let record = record
    guard record.endLine == record.line, record.endColumn > record.column else { return 1 }
    return Int(record.endColumn - record.column)
  }

  // MARK: Children

  /// Elements of a sequence; empty for anything else.
  package var elements: Elements {
    let record = record
    let isSequence = record.kind == .sequence
    return Elements(
      document: document, first: Int(record.first), count: isSequence ? Int(record.count) : 0)
  }

  /// Pairs of a mapping in the order of the file; empty for anything else. Keys are scalars.
  package var pairs: Pairs {
    let record = record
    let isMapping = record.kind == .mapping
    return Pairs(
      document: document, first: Int(record.first), count: isMapping ? Int(record.count) / 2 : 0)
  }

  /// The value for a key of a mapping.
  package subscript(key: String) -> YAMLNode? {
    pairs.first { $0.key.text == key }?.value
  }

  package struct Elements: RandomAccessCollection, Sendable {
    let document: YAMLDocument
    let first: Int
    package let count: Int

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }
    package subscript(position: Int) -> YAMLNode {
      YAMLNode(document: document, index: Int(document.children[first + position]))
    }
  }

  package struct Pairs: RandomAccessCollection, Sendable {
    let document: YAMLDocument
    let first: Int
    package let count: Int

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }
    package subscript(position: Int) -> (key: YAMLNode, value: YAMLNode) {
      let base = first + 2 * position
      return (
        YAMLNode(document: document, index: Int(document.children[base])),
        YAMLNode(document: document, index: Int(document.children[base + 1]))
      )
    }
  }
}

extension YAMLNode: Equatable {
  /// The same node of the same document; contents are not compared.
  package static func == (left: YAMLNode, right: YAMLNode) -> Bool {
    left.index == right.index && left.document === right.document
  }
}
