/// Gathers documents one after the other into a batch.
struct DocumentCollector {
  private let pool: BufferPool
  private var bytes: [UInt8] = []
  private var spans: [ByteSpan] = []

  init(pool: BufferPool) {
    self.pool = pool
  }

  var byteCount: Int { bytes.count }
  var count: Int { spans.count }

  mutating func append(_ text: some Collection<UInt8>) {
    let start = bytes.count
    bytes.append(contentsOf: text)
    spans.append(ByteSpan(start: UInt32(start), length: UInt32(bytes.count - start)))
  }

  /// The documents gathered so far; the collector is empty afterwards.
  mutating func take() throws(ParquetFault) -> DocumentBatch {
    let storage = try pool.buffer(count: bytes.count)
    storage.mutableBytes.copyBytes(from: bytes)
    let places = try pool.buffer(count: spans.count * MemoryLayout<ByteSpan>.stride)
    spans.withUnsafeBytes { places.mutableBytes.copyMemory(from: $0) }
    let vector = ColumnVector(count: spans.count, storage: storage, width: 0, spans: places)
    bytes.removeAll(keepingCapacity: true)
    spans.removeAll(keepingCapacity: true)
    return DocumentBatch(vector: vector)
  }
}
