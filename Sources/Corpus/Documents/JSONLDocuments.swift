import JSON

/// The documents of a JSONL file.
final class JSONLDocuments {
  private static let batchBytes = 1 << 20

  private let lines: LineReader
  private let field: String
  private var collector: DocumentCollector

  init(path: String, field: String, pool: BufferPool) throws(CorpusError) {
    lines = try LineReader(path: path)
    self.field = field
    collector = DocumentCollector(pool: pool)
  }

  func next() throws(CorpusError) -> DocumentBatch? {
    while collector.byteCount < Self.batchBytes, collector.count < 1 << 16,
      let line = try lines.next()
    {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      guard let text = try document(line) else { continue }
      collector.append(text.utf8)
    }
    if collector.count == 0 { return nil }
    do throws(ParquetFault) { return try collector.take() } catch {
      throw .system(path: lines.path, operation: .read, code: 12)
    }
  }

  /// Nil for a null.
  private func document(_ line: ArraySlice<UInt8>) throws(CorpusError) -> String? {
    let value = try lines.parse(line)
    switch value {
    case .string(let text): return text
    case .object(let members):
      guard let member = members[field] else { throw fault(.missingField(field)) }
      if member.isNull { return nil }
      guard let text = member.stringValue else {
        throw fault(.expected("a string in `\(field)`", found: member.kindDescription))
      }
      return text
    default:
      throw fault(
        .expected("an object with `\(field)` or a string", found: value.kindDescription))
    }
  }

  private func fault(_ fault: LineFault) -> CorpusError {
    .line(path: lines.path, line: lines.line, column: 1, fault: fault)
  }
}

extension LineReader {
  /// Parses a line as JSON; errors name the file, the line and the byte.
  func parse(_ bytes: ArraySlice<UInt8>) throws(CorpusError) -> JSONValue {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONError> in
      do throws(JSONError) { return .success(try JSONParser.parse(buffer)) } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error):
      throw .line(path: path, line: line, column: error.column, fault: .json(error.message))
    }
  }
}
