/// Streams documents from parquet, JSONL and text files, a batch at a time.
///
/// - Parquet: one document a row of the text column; nulls are left out.
/// - JSONL: one document a line: the member named like the column of an object, or a string.
/// - Text: a file is one document; a file above 1 MiB is cut at blank lines into documents of at
///   most 1 MiB (at line ends where there is no blank line).
///
/// Documents come in the order of files and rows. Memory is that of one batch, which is a page of
/// a parquet file or about 1 MiB of other files.
package final class DocumentReader {
  private let files: [(path: String, kind: CorpusFileKind)]
  private let column: String
  private let decoder = PageDecoder(pool: BufferPool())
  private var nextFile = 0
  private var source: Source = .none

  private enum Source {
    case none
    case parquet(TextPages)
    case lines(JSONLDocuments)
    case text(TextDocuments)
  }

  /// Paths are files or folders; of a parquet or JSONL file `column` is read.
  package init(paths: [String], column: String = "text") throws(CorpusError) {
    files = try DocumentFiles.expand(paths, kinds: [.parquet, .jsonLines, .text])
    self.column = column
  }

  /// The files that are read, in order.
  package var paths: [String] { files.map(\.path) }

  /// The file that the last batch came from.
  package var currentPath: String? { nextFile > 0 ? files[nextFile - 1].path : nil }

  /// The next documents, at least one; nil after the last.
  package func nextBatch() throws(CorpusError) -> DocumentBatch? {
    while true {
      let batch: DocumentBatch?
      switch source {
      case .none: batch = nil
      case .parquet(let pages):
        batch = try pages.next().map { page throws(CorpusError) in
          DocumentBatch(vector: try pages.decodeText(page, decoder).values)
        }
      case .lines(let lines): batch = try lines.next()
      case .text(let text): batch = try text.next()
      }
      if let batch {
        if batch.count > 0 { return batch }
      } else {
        guard nextFile < files.count else {
          source = .none
          return nil
        }
        let (path, kind) = files[nextFile]
        nextFile += 1
        switch kind {
        case .parquet:
          source = .parquet(try TextPages(path: path, column: column, decoder: decoder))
        case .jsonLines:
          source = .lines(try JSONLDocuments(path: path, field: column, pool: decoder.pool))
        case .text: source = .text(try TextDocuments(path: path, pool: decoder.pool))
        case .tokenShard: throw .unknownFileKind(path: path)
        }
      }
    }
  }
}
