/// Fetches what documents are made from, file after file: the part of reading that has an order.
///
/// For one thread at a time, which is what makes it safe to hand between threads.
final class DocumentSource: @unchecked Sendable {
  /// A batch that is done, or a page still to be decompressed.
  enum Work {
    case batch(DocumentBatch)
    case page(RawPage, of: TextPages)

    /// The values; a page is decompressed by `decoder`, and may be on any thread.
    func decoded(_ decoder: PageDecoder) throws(CorpusError) -> DecodedPage {
      switch self {
      case .batch(let batch):
        DecodedPage(count: batch.count, values: batch.vector, place: ParquetPlace())
      case .page(let page, let pages): try pages.decodeText(page, decoder)
      }
    }
  }

  private enum Open {
    case none
    case parquet(TextPages)
    case lines(JSONLDocuments)
    case text(TextDocuments)
  }

  private static let kinds: [CorpusFileKind] = [.parquet, .jsonLines, .text]

  private let files: [(path: String, kind: CorpusFileKind)]
  private let column: String
  private let decoder: PageDecoder
  private var nextFile = 0
  private var open = Open.none

  init(paths: [String], column: String, pool: BufferPool) throws(CorpusError) {
    files = try DocumentFiles.expand(paths, kinds: Self.kinds)
    self.column = column
    decoder = PageDecoder(pool: pool)
  }

  /// The pages of one column of a file that is open already, whatever its name.
  init(file: ParquetFile, column: ParquetColumn) throws(CorpusError) {
    files = []
    self.column = column.name
    decoder = PageDecoder(pool: BufferPool())
    open = .parquet(try TextPages(file: file, column: column, decoder: decoder))
  }

  var paths: [String] { files.map(\.path) }
  var pool: BufferPool { decoder.pool }

  func next() throws(CorpusError) -> Work? {
    while true {
      switch open {
      case .none: break
      case .parquet(let pages):
        if let page = try pages.next() { return .page(page, of: pages) }
      case .lines(let lines): if let batch = try lines.next() { return .batch(batch) }
      case .text(let text): if let batch = try text.next() { return .batch(batch) }
      }
      guard nextFile < files.count else {
        open = .none
        return nil
      }
      let (path, kind) = files[nextFile]
      nextFile += 1
      switch kind {
      case .parquet:
        open = .parquet(try TextPages(path: path, column: column, decoder: decoder))
      case .jsonLines:
        open = .lines(try JSONLDocuments(path: path, field: column, pool: decoder.pool))
      case .text: open = .text(try TextDocuments(path: path, pool: decoder.pool))
      case .tokenShard:
        throw .wrongFileKind(path: path, found: kind, accepted: Self.kinds)
      }
    }
  }
}
