import Corpus
import Synchronization
import TestSupport
import Testing
import Training

@Suite struct StepReaderTests {
  enum Rows: CaseIterable { case stream, bestFit, conversations, mixed, packed, padded }

  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Sets so small that every few steps begin a new pass over the data.
  private func source(_ rows: Rows) throws -> any BatchSource {
    let text = try TokenDataset(paths: [workshop.path + "/text.tokens"])
    var builder = try RenderedConversations.Builder(folder: workshop.path)
    for length in [5, 9, 3, 30, 8, 2, 17] {
      try builder.append(
        ids: (0..<length).map { Int32($0) }, mask: (0..<length).map { $0 % 3 == 0 ? 1 : 0 })
    }
    let conversations = try builder.finish()
    let stream = ConversationStream(conversations, seed: 4)
    return switch rows {
    case .stream: TextStream(text)
    case .bestFit: try PackedDocuments(text)
    case .conversations: stream
    case .mixed: MixedStream(stream, text: TextStream(text), textFraction: 0.3)
    case .packed: PackedConversations(conversations, padding: 7, seed: 4)
    case .padded: PaddedConversations(conversations, padding: 7, longestRow: 24, seed: 4)
    }
  }

  @Test(arguments: Rows.allCases) func rowsAndPositionsAreThoseOfAskingStepByStep(
    rows: Rows
  ) throws {
    var source = try source(rows)
    let reader = try StepReader(source, passes: 2, rows: 3, length: 24)
    // As many as the reader has: what lies behind the end of a short row is of the step before last.
    var expected = [MicroBatch](repeating: MicroBatch(rows: 3, length: 24), count: 4)
    for step in 0..<40 {
      let found = try reader.next()
      for pass in 0..<2 {
        let place = step % 2 * 2 + pass
        try source.next(&expected[place])
        #expect(found.batches[pass] == expected[place])
      }
      #expect(found.end == source.position)
    }
  }

  @Test(.enabled(if: AllocationCounter.isAvailable), arguments: Rows.allCases)
  func readingTakesNoMemory(rows: Rows) throws {
    let counter = AllocationCounter()
    let reader = try StepReader(
      CountedSource(source: source(rows), counter: counter), passes: 2, rows: 3, length: 24)
    // What the loop does with the rows, see `TrainingRun`.
    var position = SourcePosition()
    var trained = 0
    func step() throws {
      let rows = try reader.next()
      trained += rows.batches.reduce(0) { $0 + $1.trainedTokens }
      swap(&position, &rows.end)
    }
    for _ in 0..<4 { try step() }
    counter.watchThread()
    for _ in 0..<100 { try step() }
    AllocationCounter.leaveThread()
    if counter.count > 0 { counter.printFirst() }
    #expect(counter.count == 0)
    #expect(trained > 0)
  }

  @Test func aFaultIsToldToTheStepThatWantsTheRows() throws {
    let reader = try StepReader(FaultySource(good: 4), passes: 2, rows: 1, length: 8)
    for step in 0..<2 {
      let rows = try reader.next()
      #expect(rows.batches.map { $0.tokens[0] } == [Int32(2 * step), Int32(2 * step + 1)])
    }
    for _ in 0..<2 { #expect(throws: TrainingError.self) { try reader.next() } }
  }

  @Test func aReaderNobodyAsksGoesAway() throws {
    let asked = Count()
    do {
      _ = try StepReader(FaultySource(good: 100, asked: asked), passes: 3, rows: 1, length: 8)
    }
    // One step at most was read ahead, and nothing is read any more.
    let count = asked.value.load(ordering: .acquiring)
    #expect(count == 0 || count == 3)
  }

  /// Has the thread that asks it counted, once it is warm.
  private struct CountedSource: BatchSource {
    var source: any BatchSource
    let counter: AllocationCounter
    var passesToWarmUp = 8

    init(source: any BatchSource, counter: AllocationCounter) {
      self.source = source
      self.counter = counter
    }

    mutating func next(_ batch: inout MicroBatch) throws(TrainingError) {
      passesToWarmUp -= 1
      if passesToWarmUp == -1 { counter.watchThread() }
      try source.next(&batch)
    }
    func write(to position: inout SourcePosition) { source.write(to: &position) }
    mutating func seek(_ position: SourcePosition) throws(TrainingError) {
      try source.seek(position)
    }
  }

  private final class Count: Sendable {
    let value = Atomic(0)
  }

  /// Numbered passes, and then a fault.
  private struct FaultySource: BatchSource {
    let good: Int
    var asked = Count()
    var passes = 0

    mutating func next(_ batch: inout MicroBatch) throws(TrainingError) {
      asked.value.add(1, ordering: .acquiringAndReleasing)
      guard passes < good else { throw .badData(input: "tokens", problem: "there are no more") }
      batch.tokens[0] = Int32(passes)
      passes += 1
    }
    func write(to position: inout SourcePosition) { position.index = passes }
    mutating func seek(_ position: SourcePosition) throws(TrainingError) {
      passes = position.index
    }
  }
}
