extension ParquetFile {
  /// Streams the values of `column` (a field, or a member of structures named with dots) as one
  /// JSON value a line, null where null.
  package func writeColumn(
    _ column: String, to sink: @escaping JSONLinesWriter.Sink
  ) throws(CorpusError) {
    let node = try node(named: column)
    try JSONLinesWriter.stream(to: sink) { writer throws(CorpusError) in
      if case .leaf(let leaf) = node.content, columns[leaf].isText {
        try writeTexts(columns[leaf], &writer)
      } else {
        let rows = try ParquetRows(self, column: column)
        while let value = try rows.next() { try writer.write(value) }
      }
    }
  }

  /// Straight from the pages to the output, without values in between; one thread decompresses
  /// while this one writes.
  private func writeTexts(
    _ column: ParquetColumn, _ writer: inout JSONLinesWriter
  ) throws(CorpusError) {
    let source = try DocumentSource(file: self, column: column)
    let pipeline = OrderedPipeline(source: source, threads: 2)
    while let page = try pipeline.next() {
      var value = 0
      for index in 0..<page.count {
        if let levels = page.definitionLevels,
          levels.base.load(fromByteOffset: index, as: UInt8.self) != column.maximumDefinition
        {
          try writer.writeNull()
        } else {
          guard value < page.values.count else {
            throw .parquet(path: path, place: page.place, fault: .inconsistent(.definitionLevels))
          }
          try writer.writeText(page.values.bytes(value))
          value += 1
        }
      }
      if let fault = page.fault { throw fault }
    }
  }
}

extension ParquetColumn {
  /// One text a row, or null.
  fileprivate var isText: Bool {
    type == .byteArray && maximumRepetition == 0 && annotation == .string
  }
}
