import Corpus
import Testing
import Training

@Suite struct TextRowsTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Document i has `lengths[i]` tokens, the first of them 256 and the rest i.
  private func dataset(_ lengths: [Int]) throws -> TokenDataset {
    let path = workshop.path + "/documents.tokens"
    let writer = try TokenShardWriter(path: path, vocabularySize: 265, hasMask: false)
    for (index, length) in lengths.enumerated() {
      try writer.append(
        document: (0..<length).map { $0 == 0 ? 256 : Int32(index) })
    }
    try writer.finish()
    return try TokenDataset(paths: [path])
  }

  @Test func theStreamDropsOneTokenAPassAndGoesRoundForEver() throws {
    var source = TextStream(try dataset([4, 3]))
    var batch = MicroBatch(rows: 2, length: 2)
    try source.next(&batch)
    #expect(batch.tokens == [256, 0, 0, 0])
    #expect(batch.targets == [0, 0, 0, 256])
    try source.next(&batch)
    #expect(batch.tokens == [1, 1, 256, 0])
    #expect(batch.targets == [1, 256, 0, 0])
    #expect(source.position.epoch == 1 && source.position.index == 3)
  }

  @Test func packedRowsBeginWithADocumentAndHoldNoPadding() throws {
    var source = try PackedDocuments(try dataset([5, 9, 3, 30, 8, 2, 1]))
    var batch = MicroBatch(rows: 4, length: 10)
    for _ in 0..<30 {
      try source.next(&batch)
      #expect(batch.trainedTokens == 40)
      for row in 0..<4 {
        let tokens = Array(batch.tokens[(row * 10)..<(row * 10 + 10)])
        #expect(tokens[0] == 256)
        #expect(Array(tokens[1...]) == Array(batch.targets[(row * 10)..<(row * 10 + 9)]))
      }
    }
  }

  @Test func noDocumentWaitsTwice() throws {
    var source = try PackedDocuments(try dataset((0..<40).map { 2 + $0 * 7 % 31 }))
    var batch = MicroBatch(rows: 1, length: 12)
    var epochs = Set<Int>()
    for _ in 0..<200 {
      try source.next(&batch)
      let position = source.position
      epochs.insert(position.epoch)
      #expect(Set(position.waiting).count == position.waiting.count)
    }
    #expect(epochs.count > 3)
  }

  @Test(arguments: [false, true])
  func aSavedPositionIsExact(isPacked: Bool) throws {
    let documents = try dataset((0..<200).map { 1 + $0 * 7 % 31 })
    func make() throws -> any BatchSource {
      isPacked ? try PackedDocuments(documents) : TextStream(documents)
    }
    var source = try make()
    var batch = MicroBatch(rows: 3, length: 12)
    for stop in [0, 1, 40] {
      for _ in 0..<stop { try source.next(&batch) }
      var resumed = try make()
      try resumed.seek(try #require(SourcePosition(json: source.position.json)))
      for _ in 0..<60 {
        var other = batch
        try source.next(&batch)
        try resumed.next(&other)
        #expect(batch == other)
      }
    }
    var position = SourcePosition()
    position.index = documents.count
    #expect(throws: TrainingError.self) { try source.seek(position) }
  }

  @Test func mixedRowsTakeTheirShareFromTheText() throws {
    var builder = try RenderedConversations.Builder(folder: workshop.path)
    try builder.append(ids: [Int32](repeating: 99, count: 7), mask: [UInt8](repeating: 1, count: 7))
    let conversations = try builder.finish()
    var source = MixedStream(
      ConversationStream(conversations, seed: 1), text: TextStream(try dataset([50])),
      textFraction: 0.25)
    var batch = MicroBatch(rows: 8, length: 5)
    try source.next(&batch)
    let isText = (0..<8).map { batch.tokens[$0 * 5 + 1] != 99 }
    #expect(isText == [false, false, false, true, false, false, false, true])
    var resumed = MixedStream(
      ConversationStream(conversations, seed: 1), text: TextStream(try dataset([50])),
      textFraction: 0.25)
    try resumed.seek(source.position)
    var other = batch
    try source.next(&batch)
    try resumed.next(&other)
    #expect(batch == other)
  }

  @Test func aPackedRunTakenUpAgainGivesTheSameBytes() throws {
    var options = Workshop.options(.base)
    options.textRows = .bestFit
    try workshop.train(.base, into: "whole", options)
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(.base, into: "parts", options, reporter: Recorder(stopAfter: 7))
    }
    try workshop.train(.base, into: "parts", options)
    #expect(try workshop.files("parts") == workshop.files("whole"))
  }
}
