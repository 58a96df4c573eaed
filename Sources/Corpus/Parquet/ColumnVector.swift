/// Where a text stands in its storage, in bytes.
struct ByteSpan {
  var start: UInt32
  var length: UInt32
}

/// The values of a page (or a dictionary) that are not null, without a copy where possible.
///
/// Values of fixed width stand one after the other in `storage` from `offset` on; texts stand
/// anywhere in it, where `spans` says.
struct ColumnVector: Sendable {
  var count: Int
  var storage: PageBuffer
  var offset = 0
  /// Bytes a value; 0 for texts.
  var width: Int
  /// `count` values of `ByteSpan`; nil for values of fixed width.
  var spans: PageBuffer?

  /// The bytes of value `index`, which must be below `count`.
  func bytes(_ index: Int) -> UnsafeRawBufferPointer {
    guard let spans else {
      return UnsafeRawBufferPointer(start: storage.base + offset + index * width, count: width)
    }
    let span = (spans.base + index * MemoryLayout<ByteSpan>.stride).load(as: ByteSpan.self)
    return UnsafeRawBufferPointer(start: storage.base + Int(span.start), count: Int(span.length))
  }

  func load<Value: BitwiseCopyable>(_ index: Int, as type: Value.Type) -> Value {
    (storage.base + offset + index * width).loadUnaligned(as: type)
  }

  /// The sum of the texts' lengths.
  var textByteCount: Int {
    guard let spans else { return count * width }
    let pointer = spans.base.assumingMemoryBound(to: ByteSpan.self)
    return (0..<count).reduce(0) { $0 + Int(pointer[$1].length) }
  }
}

/// One page's levels and values.
struct DecodedPage: Sendable {
  /// Levels, that is values and nulls.
  var count: Int
  /// One byte a level; nil when every value is present or nothing repeats.
  var definitionLevels: PageBuffer?
  var repetitionLevels: PageBuffer?
  var values: ColumnVector
  var place: ParquetPlace
  /// What is wrong with the value that follows these, if they are not all of the page.
  var fault: CorpusError?

  /// Where value `index` stands among the values and nulls of the page.
  func position(ofValue index: Int, maximumDefinition: Int) -> Int {
    guard let definitionLevels else { return index }
    var left = index
    for (position, level) in definitionLevels.bytes.prefix(count).enumerated()
    where level == maximumDefinition {
      if left == 0 { return position }
      left -= 1
    }
    return index
  }
}
