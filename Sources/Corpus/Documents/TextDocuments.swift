/// The documents of a text file: the whole of a small one, pieces of a large one.
final class TextDocuments {
  static let largestDocument = 1 << 20

  private let file: InputFile
  private let pool: BufferPool
  private var offset = 0
  private var line = 1

  init(path: String, pool: BufferPool) throws(CorpusError) {
    file = try InputFile(path: path)
    self.pool = pool
  }

  func next() throws(CorpusError) -> DocumentBatch? {
    guard offset < file.size else { return nil }
    let window = min(Self.largestDocument, file.size - offset)
    do throws(ParquetFault) {
      let buffer = try pool.buffer(count: window)
      let count: Int
      do throws(CorpusError) {
        count = try file.read(at: offset, into: buffer.mutableBytes)
      } catch { throw .truncated(.values) }
      guard count > 0 else {
        offset = file.size
        return nil
      }
      let isLast = offset + count >= file.size || count < window
      let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
      let length = isLast ? count : Self.cut(bytes)
      let start = line
      let document = UnsafeRawBufferPointer(rebasing: bytes[..<length])
      if let byte = UTF8Check.firstFault(document) {
        let before = document[..<byte]
        line = start + before.lazy.filter { $0 == 0x0a }.count
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        throw ParquetFault.invalidUTF8(value: line, byte: byte - lineStart + 1)
      }
      line += document.lazy.filter { $0 == 0x0a }.count
      offset += length
      var trimmed = length
      while trimmed > 0, [0x0a, 0x0d, 0x20].contains(bytes[trimmed - 1]) { trimmed -= 1 }
      let spans = try pool.buffer(count: MemoryLayout<ByteSpan>.stride)
      spans.base.storeBytes(
        of: ByteSpan(start: 0, length: UInt32(trimmed)), as: ByteSpan.self)
      return DocumentBatch(
        vector: ColumnVector(
          count: trimmed > 0 ? 1 : 0, storage: buffer, width: 0, spans: spans))
    } catch {
      guard case .invalidUTF8(let line, let column) = error else {
        throw .system(path: file.path, operation: .read, code: 5)
      }
      throw .line(path: file.path, line: line, column: column, fault: .invalidUTF8)
    }
  }

  /// Where a document that can't hold all of the rest ends: behind the last blank line, else
  /// behind the last line, else before the last code point.
  private static func cut(_ bytes: UnsafeRawBufferPointer) -> Int {
    var lastLine: Int?
    var index = bytes.count - 1
    while index > 0 {
      if bytes[index] == 0x0a {
        if lastLine == nil { lastLine = index + 1 }
        if bytes[index - 1] == 0x0a { return index + 1 }
        if bytes[index - 1] == 0x0d, index > 1, bytes[index - 2] == 0x0a { return index + 1 }
      }
      index -= 1
    }
    if let lastLine { return lastLine }
    var end = bytes.count - 1
    while end > 1, bytes.count - end < 4, bytes[end] & 0xc0 == 0x80 { end -= 1 }
    return end
  }
}
