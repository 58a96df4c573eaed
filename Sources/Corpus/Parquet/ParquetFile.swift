/// A parquet file whose footer has been read and checked.
///
/// Values are read one page of one column at a time; see `ParquetLimits` for what that may take.
package final class ParquetFile: Sendable {
  package let path: String
  let file: InputFile
  let metadata: ParquetMetadata
  let schema: ParquetSchema

  package init(path: String) throws(CorpusError) {
    let file = try InputFile(path: path)
    self.path = path
    self.file = file
    let footer = try Self.readFooter(file)
    do throws(ParquetFault) {
      let metadata = try ParquetMetadata(footer: footer.bytes)
      schema = try ParquetSchema(elements: metadata.schema)
      try Self.check(metadata, schema)
      self.metadata = metadata
    } catch {
      throw .parquet(path: path, place: ParquetPlace(), fault: error)
    }
  }

  static let magic = Array("PAR1".utf8)
  /// In its place, and at the end, where the footer is encrypted.
  static let encryptedMagic = Array("PARE".utf8)

  package var columns: [ParquetColumn] { schema.columns }
  package var rowGroupCount: Int { metadata.rowGroups.count }
  package var rowCount: Int { metadata.rowCount }
  package var byteCount: Int { file.size }
  package func rowCount(ofRowGroup index: Int) -> Int { metadata.rowGroups[index].rowCount }

  /// Of the fields, then of what is below them.
  var columnNames: NameList {
    let below = columns.lazy.filter { $0.path.count > 1 }.map(\.name)
    return NameList([AnyCollection(schema.fields.lazy.map(\.key)), AnyCollection(below)].joined())
  }

  private static func readFooter(_ file: InputFile) throws(CorpusError) -> PageBuffer {
    func fault(_ fault: ParquetFault) -> CorpusError {
      .parquet(path: file.path, place: ParquetPlace(), fault: fault)
    }
    let start = try file.prefix(4)
    if start == encryptedMagic { throw fault(.encrypted) }
    guard start == magic else { throw fault(.notParquet) }
    // Both marks and the footer's length.
    guard file.size >= 12 else { throw fault(.cutShort) }
    do throws(ParquetFault) {
      let pool = BufferPool()
      let tail = try pool.buffer(count: 8)
      guard try read(file, at: file.size - 8, into: tail) else {
        throw ParquetFault.truncated(.footer)
      }
      guard Array(tail.bytes.suffix(4)) == magic else {
        if Array(tail.bytes.suffix(4)) == encryptedMagic { throw ParquetFault.encrypted }
        throw ParquetFault.cutShort
      }
      let length = Int(tail.base.loadUnaligned(as: UInt32.self))
      guard length <= file.size - 12 else {
        throw ParquetFault.invalid(.footerLength, value: length)
      }
      guard length <= ParquetLimits.footerBytes else {
        throw ParquetFault.tooLarge(.footer, size: length, limit: ParquetLimits.footerBytes)
      }
      let footer = try pool.buffer(count: length)
      guard try read(file, at: file.size - 8 - length, into: footer) else {
        throw ParquetFault.truncated(.footer)
      }
      return footer
    } catch {
      throw fault(error)
    }
  }

  private static func read(
    _ file: InputFile, at offset: Int, into buffer: PageBuffer
  ) throws(ParquetFault) -> Bool {
    do throws(CorpusError) {
      return try file.read(at: offset, into: buffer.mutableBytes) == buffer.count
    } catch {
      return false
    }
  }

  private static func check(
    _ metadata: ParquetMetadata, _ schema: ParquetSchema
  ) throws(ParquetFault) {
    var rows = 0
    for group in metadata.rowGroups {
      guard group.columns.count == schema.columns.count else {
        throw .invalid(.rowGroup, value: group.columns.count)
      }
      for (chunk, column) in zip(group.columns, schema.columns) where chunk.type != column.type {
        throw .inconsistent(.columnChunk)
      }
      let sum = rows.addingReportingOverflow(group.rowCount)
      guard !sum.overflow else { throw .invalid(.rowCount, value: group.rowCount) }
      rows = sum.partialValue
    }
    guard rows == metadata.rowCount else { throw .inconsistent(.rowCount) }
    // No page would bound them: a few bytes could ask for empty rows without end.
    guard rows == 0 || !schema.columns.isEmpty else { throw .noColumns(rows: rows) }
  }
}
