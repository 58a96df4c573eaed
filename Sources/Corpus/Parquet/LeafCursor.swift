import JSON

/// Walks one column of a row group level by level, a page in memory at a time.
struct LeafCursor {
  let column: ParquetColumn
  private let path: String
  private var pages: ColumnPages
  private let decoder: PageDecoder
  private var page: DecodedPage?
  private var position = 0
  private var valueIndex = 0

  init(
    file: ParquetFile, column: ParquetColumn, rowGroup: Int, decoder: PageDecoder
  ) throws(CorpusError) {
    self.column = column
    path = file.path
    self.decoder = decoder
    pages = try ColumnPages(file: file, column: column, rowGroup: rowGroup, decoder: decoder)
  }

  /// The levels at the cursor, or nil at the end of the column.
  mutating func levels() throws(CorpusError) -> (definition: Int, repetition: Int)? {
    while true {
      if let page, position < page.count {
        let definition = page.definitionLevels.map {
          Int($0.base.load(fromByteOffset: position, as: UInt8.self))
        }
        let repetition = page.repetitionLevels.map {
          Int($0.base.load(fromByteOffset: position, as: UInt8.self))
        }
        return (definition ?? column.maximumDefinition, repetition ?? 0)
      }
      guard let raw = try pages.next() else { return nil }
      do throws(ParquetFault) { page = try decoder.decode(raw) } catch {
        throw .parquet(path: path, place: raw.place, fault: error)
      }
      position = 0
      valueIndex = 0
    }
  }

  /// Passes over a level that carries no value.
  mutating func skip() { position += 1 }

  /// Takes the value at the cursor, whose definition level must be the highest.
  mutating func take(budget: inout RowBudget) throws(CorpusError) -> JSONValue {
    guard let page else { return .null }
    defer {
      position += 1
      valueIndex += 1
    }
    do throws(ParquetFault) {
      return try ParquetValues.json(page.values, valueIndex, column, &budget)
    } catch {
      var fault = error
      if case .invalidUTF8(_, let byte) = error {
        fault = .invalidUTF8(value: position, byte: byte)
      }
      throw .parquet(path: path, place: page.place, fault: fault)
    }
  }

  func fault(_ fault: ParquetFault) -> CorpusError {
    .parquet(
      path: path, place: page?.place ?? ParquetPlace(column: column.name), fault: fault)
  }
}

/// Bounds what one row as values may take in memory: a few bytes of run-length data and a dictionary
/// can describe a row of terabytes.
struct RowBudget {
  private var values = ParquetLimits.valuesPerRow
  private var bytes = ParquetLimits.rowBytes

  /// `count` bytes of content, and what the value itself takes.
  mutating func spend(bytes count: Int) throws(ParquetFault) {
    values -= 1
    bytes -= count + ParquetLimits.bytesPerValue
    guard values >= 0 else {
      throw .tooLarge(
        .valueCount, size: ParquetLimits.valuesPerRow + 1,
        limit: ParquetLimits.valuesPerRow)
    }
    guard bytes >= 0 else {
      throw .tooLarge(
        .values, size: ParquetLimits.rowBytes - bytes,
        limit: ParquetLimits.rowBytes)
    }
  }
}
