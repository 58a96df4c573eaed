import Corpus
import JSON
import Testing

/// Damaged files must give an answer or a typed error: no crash, no hang, no unbounded memory.
@Suite struct DamagedParquetTests {
  private static let victims = ["plain-zstd-v1", "messages-snappy", "delta-byte-brotli-v2"]

  @Test(.timeLimit(.minutes(2)), arguments: victims)
  func everyTruncationIsRefused(name: String) throws {
    let folder = try ScratchFolder()
    let good = try contents(of: "\(fixtures)/\(name).parquet")
    for length in 0..<good.count {
      try folder.file("a.parquet", Array(good[..<length]))
      #expect(throws: CorpusError.self) { try readAll(folder.path + "/a.parquet") }
    }
  }

  /// `Scripts/fuzz parquet` goes on where this ends, led by coverage and under the sanitizer.
  @Test(.timeLimit(.minutes(2)), arguments: victims)
  func tenThousandFlipsGiveAnAnswerOrAnError(name: String) throws {
    let good = try contents(of: "\(fixtures)/\(name).parquet")
    let folder = try ScratchFolder()
    var random = SplitMix64(seed: 7)
    var refused = 0
    for _ in 0..<10_000 {
      var bytes = good
      for _ in 0..<(1 + Int(random.next() % 4)) {
        let offset = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes[offset] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[offset] = [0, 0x7f, 0x80, 0xff][Int(random.next() % 4)]
        default: bytes[offset] ^= 1 << UInt8(random.next() % 8)
        }
      }
      try folder.file("a.parquet", bytes)
      do { try readAll(folder.path + "/a.parquet") } catch is CorpusError { refused += 1 }
    }
    #expect(refused > 1000)
  }

  /// 2⁴⁰ rows without a column, in 44 bytes.
  @Test func rowsWithoutColumnsAreRefused() throws {
    let rows: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x40]
    var footer: [UInt8] = [0x15, 0x02, 0x19, 0x1c, 0x48, 0x01, 0x72, 0x15, 0x00, 0x00, 0x16]
    footer += rows
    // One row group: no columns, no bytes, all the rows.
    footer += [0x19, 0x1c, 0x19, 0x0c, 0x16, 0x00, 0x16] + rows + [0x00, 0x00]
    let magic = Array("PAR1".utf8)
    let folder = try ScratchFolder()
    let path = try folder.file(
      "a.parquet", magic + footer + [UInt8(footer.count), 0, 0, 0] + magic)
    #expect(
      throws: CorpusError.parquet(
        path: path, place: ParquetPlace(), fault: .noColumns(rows: 1 << 40))
    ) { try ParquetFile(path: path) }
  }

  /// 700 KB of footer: sixty groups in one another with names of 10 KB, and 10,000 leaves below.
  @Test func longNamesAroundManyLeavesAreRefused() throws {
    let folder = try ScratchFolder()
    func fault(depth: Int, name: Int, leaves: Int) throws -> ParquetFault? {
      var footer = FooterBytes()
      footer.group("root", children: 1)
      for level in 1..<depth {
        footer.group("\(level)" + String(repeating: "x", count: name), children: 1)
      }
      footer.group("last", children: leaves)
      for leaf in 0..<leaves { footer.leaf("\(leaf)") }
      let path = try folder.file("a.parquet", footer.file)
      do throws(CorpusError) {
        let file = try ParquetFile(path: path)
        #expect(file.columns.count == leaves)
        let error = #expect(throws: CorpusError.self) {
          try ParquetRows(file, column: String(repeating: "y", count: 300))
        }
        let message = error?.message ?? ""
        #expect(message.contains("and \(leaves - 11) more") && message.utf8.count < 3000)
        #expect(DataInspector.text(file.summary).utf8.count < 1 << 20)
        return nil
      } catch {
        guard case .parquet(path, ParquetPlace(), let fault) = error else { throw error }
        return fault
      }
    }
    let bomb = try #require(try fault(depth: 60, name: 10_000, leaves: 10_000))
    guard case .tooLarge(.columnNames, let size, 64 << 20) = bomb else {
      Issue.record("\(bomb)")
      return
    }
    #expect(size < 65 << 20)
    #expect(try fault(depth: 3, name: 10_000, leaves: 1000) == nil)
    #expect(
      try fault(depth: 3, name: 1 << 16, leaves: 1)
        == .tooLarge(.columnName, size: (1 << 16) + 1, limit: 1 << 16))
  }

  /// Reads rows, the text path and the description, whichever the file allows.
  private func readAll(_ path: String) throws {
    let file = try ParquetFile(path: path)
    let rows = ParquetRows(file)
    var count = 0
    while count < 10_000, try rows.next() != nil { count += 1 }
    if let column = file.columns.first, column.maximumRepetition == 0 {
      var bytes = 0
      try file.writeColumn(column.name) { block throws(CorpusError) in
        bytes += block.count
        if bytes > 16 << 20 { throw .unknownFileKind(path: "") }
      }
    }
  }
}
