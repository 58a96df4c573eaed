import JSON
import TestSupport
import Testing
import Training

@Suite struct ConversationRowsTests {
  /// Conversation i is `lengths[i]` tokens 1000·i, 1000·i + 1, …; the second half is trained on.
  private func set(_ lengths: [Int]) throws -> RenderedConversations {
    let folder = try TemporaryFolder("rows")
    var builder = try RenderedConversations.Builder(folder: folder.path)
    for (index, length) in lengths.enumerated() {
      try builder.append(
        ids: (0..<length).map { Int32(1000 * (index + 1) + $0) },
        mask: (0..<length).map { $0 >= length / 2 ? 1 : 0 })
    }
    return try builder.finish()
  }

  @Test func theSetKnowsItsCounts() throws {
    let conversations = try set([4, 0, 7, 1])
    #expect(conversations.count == 3)
    #expect(conversations.tokenCount == 12)
    #expect(conversations.trainedTokenCount == 2 + 4 + 1)
    #expect(try set([]).count == 0)
  }

  @Test func packedRowsHoldWholeConversationsAndTrainOnlyOnReplies() throws {
    let conversations = try set([5, 9, 3, 30, 8, 2])
    var source = PackedConversations(conversations, padding: 7, seed: 1)
    var batch = MicroBatch(rows: 2, length: 15)
    for _ in 0..<20 {
      source.next(&batch)
      for row in 0..<2 {
        let tokens = Array(batch.tokens[(row * 15)..<(row * 15 + 15)])
        let targets = Array(batch.targets[(row * 15)..<(row * 15 + 15)])
        for (place, target) in targets.enumerated() where target >= 0 {
          // A target follows its own conversation's token, never the padding or another one.
          #expect(target == tokens[place] + 1)
          let length = [5, 9, 3, 30, 8, 2][Int(target) / 1000 - 1]
          #expect(Int(target) % 1000 >= length / 2)
          if place < 14 { #expect(tokens[place + 1] == target) }
        }
        #expect(tokens[0] % 1000 == 0)
      }
    }
  }

  @Test func aPassOverPackedRowsPlacesEveryConversationOnce() throws {
    let conversations = try set([5, 9, 3, 8, 2, 6, 6, 4])
    var source = PackedConversations(conversations, padding: 0, seed: 5)
    let rows = source.rowCount(epochs: 1, length: 15)
    #expect(rows >= 3 && rows <= 5)
    #expect(source.position == PackedConversations(conversations, padding: 0, seed: 5).position)
    var seen: [Int32: Int] = [:]
    var batch = MicroBatch(rows: 1, length: 15)
    while seen.count < 8 {
      source.next(&batch)
      for token in batch.tokens where token >= 1000 && token % 1000 == 0 {
        seen[token, default: 0] += 1
      }
    }
    #expect(seen.count == 8)
  }

  /// The long ones don't come twice before the short ones come once, however small the set.
  @Test(arguments: [1, 10, 300]) func noPassBeginsBeforeTheOneBeforeIsPlaced(count: Int) throws {
    let lengths = (0..<count).map { 2 + $0 * 7 % 13 }
    let conversations = try set(lengths)
    var source = PackedConversations(conversations, padding: 0, seed: 5)
    let rowsOfAPass = source.rowCount(epochs: 1, length: 15)
    var seen = [Int](repeating: 0, count: count)
    var batch = MicroBatch(rows: 1, length: 15)
    for row in 1...(3 * rowsOfAPass) {
      source.next(&batch)
      for token in batch.tokens where token >= 1000 && token % 1000 == 0 {
        seen[Int(token) / 1000 - 1] += 1
      }
      let (fewest, most) = (seen.min() ?? 0, seen.max() ?? 0)
      #expect(most - fewest <= 1)
      if row == rowsOfAPass { #expect(fewest >= 1) }
    }
  }

  @Test func aConversationLongerThanARowIsCut() throws {
    var packed = PackedConversations(try set([100]), padding: 0, seed: 1)
    var batch = MicroBatch(rows: 1, length: 60)
    packed.next(&batch)
    #expect(batch.tokens == (0..<60).map { Int32(1000 + $0) })
    #expect(batch.targets[59] == 1060 && batch.targets[48] == -1 && batch.targets[49] == 1050)
    var padded = PaddedConversations(try set([100]), padding: 0, longestRow: 60, seed: 1)
    var other = MicroBatch(rows: 1, length: 60)
    padded.next(&other)
    #expect(other == batch)
  }

  @Test func paddedRowsAreAsLongAsTheLongest() throws {
    var source = PaddedConversations(try set([4, 9]), padding: 5, longestRow: 15, seed: 1)
    var batch = MicroBatch(rows: 2, length: 15)
    source.next(&batch)
    #expect(batch.length == 8)
    let rows = (0..<2).map { row in
      (
        Array(batch.tokens[(row * 8)..<(row * 8 + 8)]),
        Array(batch.targets[(row * 8)..<(row * 8 + 8)])
      )
    }
    let short = try #require(rows.first { $0.0[0] == 1000 })
    #expect(short.0 == [1000, 1001, 1002, 5, 5, 5, 5, 5])
    #expect(short.1 == [-1, 1002, 1003, -1, -1, -1, -1, -1])
    #expect(batch.trainedTokens == 2 + 5)
  }

  @Test func aStreamTrainsOnEveryTokenAndDropsOneAPass() throws {
    let conversations = try set([4, 3])
    var source = ConversationStream(conversations, seed: 3)
    var batch = MicroBatch(rows: 1, length: 6)
    source.next(&batch)
    #expect(batch.trainedTokens == 6)
    #expect(Array(batch.tokens[1...]) == Array(batch.targets[..<5]))
    let seen = Set(batch.tokens).union([batch.targets[5]])
    #expect(seen == [1000, 1001, 1002, 1003, 2000, 2001, 2002])
    #expect(source.position.epoch == 1 && source.position.index == 0)
  }

  @Test(arguments: [0, 1, 2])
  func everySourceContinuesExactlyFromASavedPosition(kind: Int) throws {
    let conversations = try set((0..<300).map { 2 + $0 * 7 % 23 })
    func make() -> any BatchSource {
      switch kind {
      case 0: ConversationStream(conversations, seed: 9)
      case 1: PackedConversations(conversations, padding: 0, seed: 9)
      default: PaddedConversations(conversations, padding: 0, longestRow: 16, seed: 9)
      }
    }
    var source = make()
    var batch = MicroBatch(rows: 3, length: 16)
    for stop in [0, 1, 17, 120] {
      source = make()
      for _ in 0..<stop { try source.next(&batch) }
      let saved = try #require(SourcePosition(json: source.position.json))
      var resumed = make()
      try resumed.seek(saved)
      for _ in 0..<80 {
        batch = MicroBatch(rows: 3, length: 16)
        var other = batch
        try source.next(&batch)
        try resumed.next(&other)
        #expect(batch == other)
      }
    }
  }

  @Test func positionsOutsideTheDataAreErrors() throws {
    let conversations = try set([4, 3])
    var position = SourcePosition()
    position.index = 2
    var stream = ConversationStream(conversations, seed: 3)
    #expect(throws: TrainingError.self) { try stream.seek(position) }
    var packed = PackedConversations(conversations, padding: 0, seed: 3)
    #expect(throws: TrainingError.self) { try packed.seek(position) }
    position.index = 0
    position.waiting = [5]
    #expect(throws: TrainingError.self) { try packed.seek(position) }
    #expect(SourcePosition(json: ["epoch": -1]) == nil)
    #expect(SourcePosition(json: .null) == nil)
  }

  @Test func passesAreShuffledDifferentlyAndSeedsDiffer() throws {
    let conversations = try set([Int](repeating: 2, count: 40))
    func firsts(seed: Int, epochs: Int) throws -> [[Int32]] {
      var source = PaddedConversations(conversations, padding: 0, longestRow: 8, seed: seed)
      return (0..<epochs).map { _ in
        var batch = MicroBatch(rows: 40, length: 8)
        source.next(&batch)
        return (0..<40).map { batch.tokens[$0] }
      }
    }
    let two = try firsts(seed: 1, epochs: 2)
    #expect(two[0] != two[1])
    #expect(two[0].sorted() == two[1].sorted())
    #expect(try firsts(seed: 1, epochs: 1)[0] == two[0])
    #expect(try firsts(seed: 2, epochs: 1)[0] != two[0])
  }
}
