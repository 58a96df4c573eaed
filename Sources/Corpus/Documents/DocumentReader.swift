/// Streams documents from parquet, JSONL and text files, a batch at a time.
///
/// - Parquet: one document a row of the text column; nulls are left out.
/// - JSONL: one document a line: the member named like the column of an object, or a string.
/// - Text: a file is one document; a file above 1 MiB is cut at blank lines into documents of at
///   most 1 MiB (at line ends where there is no blank line).
///
/// Documents come in the order of files and rows, whatever the number of threads. Memory is that
/// of a few batches; a batch is a page of a parquet file or about 1 MiB of other files.
package final class DocumentReader {
  private let source: DocumentSource
  private let decoder: PageDecoder
  private let pipeline: OrderedPipeline?

  /// Paths are files or folders; of a parquet or JSONL file `column` is read. With more than one
  /// thread, that many threads decompress pages ahead of the caller.
  package init(
    paths: [String], column: String = "text", threads: Int = 1
  ) throws(CorpusError) {
    decoder = PageDecoder(pool: BufferPool())
    source = try DocumentSource(paths: paths, column: column, pool: decoder.pool)
    pipeline = threads > 1 ? OrderedPipeline(source: source, threads: threads) : nil
  }

  /// The files that are read, in order.
  package var paths: [String] { source.paths }

  /// The next documents, at least one; nil after the last.
  package func nextBatch() throws(CorpusError) -> DocumentBatch? {
    while true {
      let page: DecodedPage
      if let pipeline {
        guard let next = try pipeline.next() else { return nil }
        page = next
      } else {
        guard let work = try source.next() else { return nil }
        page = try work.decoded(decoder)
      }
      // No step would make something of the documents before it.
      if let fault = page.fault { throw fault }
      if page.values.count > 0 { return DocumentBatch(vector: page.values) }
    }
  }
}
