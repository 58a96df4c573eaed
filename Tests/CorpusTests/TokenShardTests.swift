import Corpus
import Testing

@Suite struct TokenShardTests {
  @Test(arguments: [300, 65_536, 65_537])
  func whatIsWrittenIsRead(vocabulary: Int) throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.tokens"
    let documents: [[Int32]] = [[1, 2, Int32(vocabulary - 1)], [], [5], Array(0..<200)]
    let writer = try TokenShardWriter(path: path, vocabularySize: vocabulary, hasMask: true)
    for document in documents {
      try writer.append(document: document, mask: document.map { UInt8($0 & 1) })
    }
    try writer.finish()
    let shard = try TokenShard(path: path)
    #expect(shard.bytesPerToken == (vocabulary > 65_536 ? 4 : 2))
    #expect(shard.documentCount == 4)
    #expect(try (0..<4).map { try ids(shard, shard.documentRange($0)) } == documents)
    var mask = [UInt8](repeating: 9, count: 204)
    try shard.readMask(0..<204, into: &mask)
    #expect(mask == documents.flatMap { $0 }.map { UInt8($0 & 1) })
  }

  @Test func unfinishedAndDamagedShardsAreRefused() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.tokens"
    let writer = try TokenShardWriter(path: path, vocabularySize: 100, hasMask: false)
    try writer.append(document: [1, 2, 3])
    #expect(throws: CorpusError.tokenShard(path: path, fault: .notATokenShard)) {
      try TokenShard(path: path)
    }
    try writer.finish()
    let good = try contents(of: path)
    for length in 0..<good.count {
      try folder.file("a.tokens", Array(good[..<length]))
      #expect(throws: CorpusError.self) { try TokenShard(path: path) }
    }
    for offset in 0..<64 {
      var bad = good
      bad[offset] ^= 0x10
      try folder.file("a.tokens", bad)
      #expect(throws: CorpusError.self) { try TokenShard(path: path) }
    }
  }

  @Test func idsOutsideTheVocabularyAreRefused() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/a.tokens"
    let writer = try TokenShardWriter(path: path, vocabularySize: 10, hasMask: false)
    for id: Int32 in [10, -1] {
      #expect(throws: CorpusError.self) { try writer.append(document: [1, id]) }
    }
    try writer.append(document: [1, 9])
    try writer.finish()
    var bytes = try contents(of: path)
    bytes[66] = 77
    try folder.file("a.tokens", bytes)
    let shard = try TokenShard(path: path)
    #expect(
      throws: CorpusError.tokenShard(
        path: path, fault: .tokenOutOfVocabulary(position: 1, token: 77, vocabulary: 10))
    ) { try ids(shard, 0..<2) }
    #expect(throws: CorpusError.self) { try ids(shard, 1..<3) }
  }

  @Test func shardsNameTheirTokenizerOrLeaveItOpen() throws {
    let folder = try ScratchFolder()
    func shard(_ name: String, _ hash: UInt64) throws -> TokenShard {
      let path = folder.path + "/\(name).tokens"
      let writer = try TokenShardWriter(
        path: path, vocabularySize: 9, hasMask: false, tokenizerHash: hash)
      try writer.append(document: [1, 2])
      try writer.finish()
      return try TokenShard(path: path)
    }
    let hash: UInt64 = 0xfedc_ba98_7654_3210
    let old = try shard("old", 0)
    let known = try shard("known", hash)
    #expect(old.tokenizerHash == 0 && known.tokenizerHash == hash)
    // What was written before there were hashes, and still is what a reader of then understands.
    #expect(try contents(of: old.path)[40..<56].allSatisfy { $0 == 0 })
    #expect(try contents(of: known.path)[8] == 1)
    #expect(try TokenDataset(shards: [old]).tokenizerHash == 0)
    #expect(try TokenDataset(shards: [old, known, old]).tokenizerHash == hash)
    let other = try shard("other", 1)
    #expect(
      throws: CorpusError.tokenShard(path: other.path, fault: .mixed("tokenizer"))
    ) { try TokenDataset(shards: [known, old, other]) }
  }

  @Test func dataSetsReadAcrossShards() throws {
    let folder = try ScratchFolder()
    var next: Int32 = 0
    for (index, lengths) in [[3, 2], [4], [1, 1, 5]].enumerated() {
      let writer = try TokenShardWriter(
        path: folder.path + "/\(index).tokens", vocabularySize: 100, hasMask: false)
      for length in lengths {
        try writer.append(document: (0..<length).map { next + Int32($0) })
        next += Int32(length)
      }
      try writer.finish()
    }
    let data = try TokenDataset(paths: [folder.path])
    #expect(data.count == 16)
    #expect(data.documentCount == 6)
    for lower in 0..<16 {
      for upper in lower...16 {
        var found = [Int32](repeating: -1, count: upper - lower)
        try data.read(lower..<upper, into: &found)
        #expect(found == (lower..<upper).map { Int32($0) })
      }
    }
    #expect(
      (0..<6).map { data.documentRange($0) } == [0..<3, 3..<5, 5..<9, 9..<10, 10..<11, 11..<16])
    #expect(
      (0..<16).map { data.document(at: $0) } == [0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 5, 5, 5, 5, 5])
  }

  private func ids(_ shard: TokenShard, _ range: Range<Int>) throws -> [Int32] {
    var found = [Int32](repeating: -1, count: range.count)
    try shard.read(range, into: &found)
    return found
  }
}
