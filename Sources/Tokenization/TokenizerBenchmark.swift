/// How fast this machine splits, encodes and trains.
package enum TokenizerBenchmark {
  package struct Result: Sendable, Hashable {
    /// Bytes of text that were used.
    package var bytes: Int
    package var tokens: Int
    /// Megabytes (10⁶ bytes) a second on one thread.
    package var splitRate: Double
    /// The same for encoding with an empty piece cache, by number of threads.
    package var encodeRates: [Int: Double]
    package var trainSeconds: Double
    package var trainThreads: Int
    /// Learned and special tokens of the tokenizer that was trained.
    package var vocabularySize: Int
  }

  /// Trains on `documents`, then splits and encodes them with the tokenizer that came out, or with
  /// `tokenizer` if it is given.
  package static func run(
    _ documents: DocumentBuffer, tokenizer: Tokenizer? = nil, vocabularySize: Int = 65_536,
    pattern: SplitPattern = .gpt4, threads: Int = 0
  ) throws -> Result {
    let threads = threads > 0 ? threads : ThreadTeam.processorCount
    let clock = ContinuousClock()
    let trainer = BPETrainer(
      BPETrainer.Options(vocabularySize: vocabularySize, pattern: pattern, threads: threads))
    var start = clock.now
    let trained = try trainer.train(source: { buffer in
      buffer = documents
      return false
    })
    let trainSeconds = seconds(clock.now - start)
    let tokenizer = tokenizer ?? trained.tokenizer
    let splitter = Splitter(tokenizer.pattern)
    start = clock.now
    documents.bytes.withUnsafeBufferPointer { bytes in
      var position = 0
      for end in documents.ends {
        _ = splitter.countPieces(UnsafeBufferPointer(rebasing: bytes[position..<end]))
        position = end
      }
    }
    let megabytes = Double(documents.bytes.count) / 1e6
    var result = Result(
      bytes: documents.bytes.count, tokens: 0,
      splitRate: megabytes / max(seconds(clock.now - start), 1e-9), encodeRates: [:],
      trainSeconds: trainSeconds, trainThreads: threads,
      vocabularySize: trained.tokenizer.vocabularySize)
    for count in Set([1, threads]).sorted() {
      let encoder = BatchEncoder(tokenizer, threads: count)
      var batch = EncodedBatch()
      start = clock.now
      result.tokens = encodeInParts(documents, encoder, &batch)
      result.encodeRates[count] = megabytes / max(seconds(clock.now - start), 1e-9)
    }
    return result
  }

  /// As a step does it: some megabytes at a time, the ids of each part replacing the last ones.
  private static func encodeInParts(
    _ documents: DocumentBuffer, _ encoder: BatchEncoder, _ batch: inout EncodedBatch
  ) -> Int {
    documents.bytes.withUnsafeBufferPointer { bytes in
      var tokens = 0
      var start = 0
      var ends: [Int] = []
      for (index, end) in documents.ends.enumerated() {
        ends.append(end - start)
        if end - start < 4 << 20, index + 1 < documents.count { continue }
        encoder.encode(
          UnsafeBufferPointer(rebasing: bytes[start..<end]), ends: ends, into: &batch)
        tokens += batch.ids.count
        ends.removeAll(keepingCapacity: true)
        start = end
      }
      return tokens
    }
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
