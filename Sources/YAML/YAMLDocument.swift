/// The nodes of one YAML document in flat tables.
package final class YAMLDocument: Sendable {
  /// One node. `first` and `count` are a range of `text` for a scalar, else of `children`.
  struct Record: Sendable {
    var first: UInt32
    var count: UInt32
    var line: UInt32
    var column: UInt32
    var endLine: UInt32
    var endColumn: UInt32
    var kind: YAMLNode.Kind
    var isPlain: Bool
  }

  /// The file as it is shown to the user.
  package let file: String
  /// False for a text on the command line, whose places are shown without line and column.
  package let hasLines: Bool
  let records: [Record]
  /// Record numbers; a mapping has keys and values in turns.
  let children: [UInt32]
  /// The texts of all scalars, UTF-8.
  let text: [UInt8]
  /// Tags by record number.
  let tags: [Int: String]
  private let rootIndex: Int

  package var root: YAMLNode { YAMLNode(document: self, index: rootIndex) }

  init(
    file: String, hasLines: Bool, records: [Record], children: [UInt32], text: [UInt8],
    tags: [Int: String], root: Int
  ) {
    self.file = file
    self.hasLines = hasLines
    self.records = records
    self.children = children
    self.text = text
    self.tags = tags
    rootIndex = root
  }

  /// A document of one scalar that is taken as it is, such as a string on the command line.
  package convenience init(scalar: String, isPlain: Bool, file: String) {
    let bytes = Array(scalar.utf8)
    let record = Record(
      first: 0, count: UInt32(clamping: bytes.count), line: 1, column: 1, endLine: 1, endColumn: 1,
      kind: .scalar, isPlain: isPlain)
    self.init(
      file: file, hasLines: false, records: [record], children: [], text: bytes, tags: [:],
      root: 0)
  }
}
