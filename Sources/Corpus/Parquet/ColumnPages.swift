/// Fetches the pages of one column in one row group, in order, without decoding them.
struct ColumnPages {
  let file: ParquetFile
  let column: ParquetColumn
  private let chunk: ParquetMetadata.ColumnChunk
  private let rowGroup: Int
  private let decoder: PageDecoder
  private var offset = 0
  private var end = 0
  private var valuesLeft: Int
  private var page = 0
  private var dictionary: ColumnVector?

  /// `decoder` is used for the dictionary only.
  init(
    file: ParquetFile, column: ParquetColumn, rowGroup: Int, decoder: PageDecoder
  ) throws(CorpusError) {
    self.file = file
    self.column = column
    self.rowGroup = rowGroup
    self.decoder = decoder
    let group = file.metadata.rowGroups[rowGroup]
    chunk = group.columns[column.index]
    valuesLeft = chunk.valueCount
    if column.maximumRepetition == 0, chunk.valueCount != group.rowCount {
      throw located(.inconsistent(.valueCount), page: nil)
    }
    // A column without values may have no pages, and then its offset means nothing.
    if valuesLeft == 0 { return }
    var start = chunk.dataPageOffset
    if let dictionary = chunk.dictionaryPageOffset, dictionary > 0, dictionary < start {
      start = dictionary
    }
    let limit = file.file.size - 8
    guard start >= 4, start <= limit else {
      throw located(.invalid(.columnOffset, value: start), page: nil)
    }
    guard chunk.compressedSize >= 0, chunk.compressedSize <= limit - start else {
      throw located(.truncated(.columnChunk), page: nil)
    }
    offset = start
    end = start + chunk.compressedSize
  }

  /// The next data page, or nil after the last.
  mutating func next() throws(CorpusError) -> RawPage? {
    while valuesLeft > 0 {
      let raw: RawPage
      do throws(PlacedFault) { raw = try fetch() } catch {
        switch error {
        case .fault(let fault): throw located(fault, page: page)
        case .other(let error): throw error
        }
      }
      page += 1
      switch raw.header.kind {
      case .other: continue
      case .dictionary:
        guard dictionary == nil else { throw located(.inconsistent(.dictionary), page: page - 1) }
        do throws(ParquetFault) { dictionary = try decoder.decodeDictionary(raw) } catch {
          throw located(error, page: page - 1)
        }
      case .data, .dataV2:
        guard raw.header.valueCount <= valuesLeft else {
          throw located(.inconsistent(.valueCount), page: page - 1)
        }
        valuesLeft -= raw.header.valueCount
        return raw
      }
    }
    return nil
  }

  private enum PlacedFault: Error {
    case fault(ParquetFault)
    case other(CorpusError)
  }

  private mutating func fetch() throws(PlacedFault) -> RawPage {
    let (header, length) = try readHeader()
    guard header.compressedSize <= end - offset - length else {
      throw .fault(.truncated(.page))
    }
    let body: PageBuffer
    do throws(ParquetFault) {
      body = try decoder.pool.buffer(count: header.compressedSize)
    } catch { throw .fault(error) }
    try read(at: offset + length, into: body.mutableBytes)
    offset += length + header.compressedSize
    return RawPage(
      header: header, body: body, column: column, codec: chunk.codec, dictionary: dictionary,
      place: ParquetPlace(rowGroup: rowGroup, column: column.name, page: page))
  }

  /// A header's length is not known before it is parsed: reads a little, and more when that ends
  /// inside the header (statistics with long texts).
  private func readHeader() throws(PlacedFault) -> (PageHeader, Int) {
    var window = 256
    while true {
      let available = min(window, end - offset)
      do throws(ParquetFault) {
        let buffer = try decoder.pool.buffer(count: available)
        if let fault = tryRead(at: offset, into: buffer.mutableBytes) { throw fault }
        return try PageHeader.parse(buffer.bytes)
      } catch {
        guard error == .truncated(.pageHeader) else { throw .fault(error) }
        guard available == window else { throw .fault(.truncated(.pageHeader)) }
        guard window < ParquetLimits.pageHeaderBytes else {
          throw .fault(
            .tooLarge(.pageHeader, size: window, limit: ParquetLimits.pageHeaderBytes))
        }
        window *= 8
      }
    }
  }

  private func tryRead(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) -> ParquetFault? {
    do throws(PlacedFault) { try read(at: offset, into: buffer) } catch {
      return .truncated(.columnChunk)
    }
    return nil
  }

  private func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(PlacedFault) {
    let count: Int
    do throws(CorpusError) { count = try file.file.read(at: offset, into: buffer) } catch {
      throw .other(error)
    }
    // The file was longer when it was opened.
    guard count == buffer.count else { throw .fault(.truncated(.columnChunk)) }
  }

  private func located(_ fault: ParquetFault, page: Int?) -> CorpusError {
    .parquet(
      path: file.path,
      place: ParquetPlace(rowGroup: rowGroup, column: column.name, page: page), fault: fault)
  }
}
