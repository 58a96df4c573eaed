import Corpus
import Testing

@Suite struct DocumentReaderTests {

  @Test func sampleShardGivesItsDocuments() throws {
    let reader = try DocumentReader(paths: [sampleData + "/shard_00000.parquet"])
    var count = 0
    var bytes = 0
    while let batch = try reader.nextBatch() {
      count += batch.count
      bytes += batch.byteCount
    }
    #expect(count == 1551)
    #expect(bytes > 1_000_000)
  }

  @Test func tokenShardRoundTrip() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.tokens"
    let writer = try TokenShardWriter(path: path, vocabularySize: 70000, hasMask: true)
    try writer.append(document: [1, 2, 69999], mask: [0, 1, 1])
    try writer.append(document: [5], mask: [1])
    try writer.finish()
    let shard = try TokenShard(path: path)
    #expect(shard.count == 4)
    var ids = [Int32](repeating: 0, count: 4)
    try shard.read(0..<4, into: &ids)
    #expect(ids == [1, 2, 69999, 5])
    var mask = [UInt8](repeating: 9, count: 4)
    try shard.readMask(0..<4, into: &mask)
    #expect(mask == [0, 1, 1, 1])
    #expect(shard.documentRange(1) == 3..<4)
  }
}
