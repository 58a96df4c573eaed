extension ParquetFile {
  /// Streams the values of `column` (a field, or a member of structures named with dots) as one
  /// JSON value a line, null where null.
  package func writeColumn(
    _ column: String, to sink: @escaping JSONLinesWriter.Sink
  ) throws(CorpusError) {
    var writer = JSONLinesWriter(sink: sink)
    let isText: (ParquetColumn) -> Bool = {
      $0.name == column && $0.path.count == 1 && $0.type == .byteArray
        && $0.maximumRepetition == 0 && $0.annotation == .string
    }
    if let text = columns.first(where: isText) {
      try writeTexts(text, &writer)
    } else {
      let rows = try ParquetRows(self, column: column)
      while let value = try rows.next() { try writer.write(value) }
    }
    try writer.finish()
  }

  /// Straight from the pages to the output, without values in between; one thread decompresses
  /// while this one writes.
  private func writeTexts(
    _ column: ParquetColumn, _ writer: inout JSONLinesWriter
  ) throws(CorpusError) {
    let source = try DocumentSource(file: self, column: column.name)
    let pipeline = OrderedPipeline(source: source, threads: 2)
    while let page = try pipeline.next() {
      var value = 0
      for index in 0..<page.count {
        if let levels = page.definitionLevels,
          levels.base.load(fromByteOffset: index, as: UInt8.self) != column.maximumDefinition
        {
          try writer.writeNull()
        } else {
          try writer.writeText(page.values.bytes(value))
          value += 1
        }
      }
    }
  }
}
