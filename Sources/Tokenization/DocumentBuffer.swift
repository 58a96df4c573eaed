/// Some documents one after the other: what a source of text fills and the trainer reads.
package struct DocumentBuffer: Sendable {
  /// The bytes of all documents.
  package private(set) var bytes: [UInt8] = []
  /// The end of each document in `bytes`.
  package private(set) var ends: [Int] = []

  package init() {}

  package var count: Int { ends.count }

  package mutating func append(_ document: UnsafeBufferPointer<UInt8>) {
    bytes.append(contentsOf: document)
    ends.append(bytes.count)
  }

  package mutating func append(_ document: [UInt8]) {
    bytes.append(contentsOf: document)
    ends.append(bytes.count)
  }

  /// Appends the documents of a file that has a NUL byte between any two of them.
  package mutating func append(contentsOfFile path: String) throws(TokenizerError) {
    let text = try TokenizerFiles.read(path)
    for document in text.split(separator: 0) {
      bytes.append(contentsOf: document)
      ends.append(bytes.count)
    }
  }

  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }
}
