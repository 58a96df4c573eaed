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

  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }
}
