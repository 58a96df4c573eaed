/// The pages of a file's text column, over all row groups.
final class TextPages {
  let file: ParquetFile
  let column: ParquetColumn
  private let decoder: PageDecoder
  private var pages: ColumnPages?
  private var nextRowGroup = 0

  convenience init(path: String, column name: String, decoder: PageDecoder) throws(CorpusError) {
    let file = try ParquetFile(path: path)
    guard let leaf = try file.node(named: name).leaf else {
      throw .notText(path: path, column: name)
    }
    try self.init(file: file, column: file.columns[leaf], decoder: decoder)
  }

  /// `column` is one of `file.columns`: names need not be unique.
  init(file: ParquetFile, column: ParquetColumn, decoder: PageDecoder) throws(CorpusError) {
    guard column.type == .byteArray, column.maximumRepetition == 0 else {
      throw .notText(path: file.path, column: column.name)
    }
    self.file = file
    self.column = column
    self.decoder = decoder
  }

  func next() throws(CorpusError) -> RawPage? {
    while true {
      if let page = try pages?.next() { return page }
      guard nextRowGroup < file.rowGroupCount else { return nil }
      pages = try ColumnPages(
        file: file, column: column, rowGroup: nextRowGroup, decoder: decoder)
      nextRowGroup += 1
    }
  }

  /// Decodes and validates a page; behind the first text that is not UTF-8 nothing is left of it.
  /// Does not touch the position, so that several threads may each do this with a decoder of their
  /// own.
  func decodeText(_ raw: RawPage, _ decoder: PageDecoder) throws(CorpusError) -> DecodedPage {
    var page: DecodedPage
    do throws(ParquetFault) { page = try decoder.decode(raw) } catch {
      throw located(error, raw)
    }
    for index in 0..<page.values.count {
      guard let byte = UTF8Check.firstFault(page.values.bytes(index)) else { continue }
      let position = page.position(ofValue: index, maximumDefinition: column.maximumDefinition)
      page.fault = located(.invalidUTF8(value: position, byte: byte), raw)
      page.count = position
      page.values.count = index
      break
    }
    return page
  }

  private func located(_ fault: ParquetFault, _ raw: RawPage) -> CorpusError {
    .parquet(path: file.path, place: raw.place, fault: fault)
  }
}
