import BuildEngine
import JSON
import PipelineFile
import Steps
import TestSupport
import Testing

@Suite struct EstimateTests {
  private let text = """
    nanobuild: 1
    assets:
      text:
        step: data.fetch
        partitions: {shard: 000..009}
        with: {url: "https://example.org/{shard}.parquet", approximate_size: 100MB}
      tokenizer:
        step: tokenizer.train
        inputs: {text: text}
        with: {vocab_size: 4096}
      tokens:
        step: tokenizer.encode
        partitions: text
        inputs: {text: text, tokenizer: tokenizer}
      pretrain:
        step: train.base
        inputs: {tokens: tokens, tokenizer: tokenizer}
        with: {depth: 4, sequence_length: 256, batch_rows: 16, steps: 100}
      sft:
        step: train.sft
        inputs: {model: pretrain, conversations: tokens_of_chats}
        with: {steps: 10}
      tokens_of_chats:
        step: data.conversations
        with: {sources: [{generator: arithmetic, count: 1000}]}
      mix:
        step: data.conversations
        with:
          size: 1000000
          sources:
            - {generator: arithmetic, count: 1000, weight: 3}
            - {generator: arithmetic, count: 1000, epochs: 2}
    """

  private func estimates(
    stale: [String: Int], history: [TaskRecord] = []
  ) throws -> [String: WorkEstimate] {
    let folder = try TemporaryFolder()
    try folder.write("pipeline.yaml", text)
    let loaded = try PipelineLoader(catalog: BuiltinSteps.catalog)
      .load(folder.path + "/pipeline.yaml")
    var known: [String: PipelineEstimator.Known] = [:]
    for asset in loaded.pipeline.assets {
      let total = asset.partitions?.values.count ?? 1
      let count = stale[asset.name] ?? 0
      known[asset.name] = PipelineEstimator.Known(
        stale: count, total: total, currentBytes: 0, metrics: [:],
        history: asset.name == "pretrain" ? history : [], memoryLimit: nil,
        stalePartitions: Array((asset.partitions?.values ?? []).prefix(count)))
    }
    var estimator = PipelineEstimator(
      pipeline: loaded.pipeline, root: folder.path, cores: 2,
      measureSpeed: { MachineSpeed(processor: "test", cores: 2, gigaflops: 100) })
    let list = estimator.estimate(known)
    return Dictionary(list.map { ($0.asset, $0) }) { first, _ in first }
  }

  @Test func aDownloadCountsOnlyStalePartitions() throws {
    let found = try estimates(stale: ["text": 3])
    #expect(found["text"]?.download == 300_000_000)
    #expect(found["text"]?.disk == 300_000_000)
    #expect(found.count == 1)
  }

  @Test func trainingTimeIsItsOperationsOverTheMeasuredSpeed() throws {
    let found = try estimates(stale: ["pretrain": 1, "sft": 1])
    let training = try #require(found["pretrain"]?.training)
    #expect(training.layers == 4)
    #expect(training.width == 256)
    #expect(training.parameters == 4 * 12 * 256 * 256 + 2 * 4096 * 256)
    #expect(training.steps == 100)
    #expect(training.tokens == 409_600)
    // 6 for each weight but the embedding's, attention, and Muon's products beside them.
    let perToken = Double(6 * (4 * 12 * 256 * 256 + 4096 * 256) + 12 * 4 * 256 * 256)
    #expect(training.operations > perToken * 409_600)
    #expect(training.operations < perToken * 409_600 * 1.2)
    let seconds = try #require(found["pretrain"]?.seconds)
    #expect(abs(seconds - training.operations / 70e9) < 1e-9 * seconds)
    let eight = try #require(found["pretrain"]?.secondsOnEightCores)
    #expect(abs(eight * 4 - seconds) < 1e-9 * seconds)
    // A later stage takes the shape of the model it starts from.
    #expect(found["sft"]?.training?.parameters == training.parameters)
    #expect(found["sft"]?.training?.tokens == 40_960)
  }

  @Test func aMixtureIsEstimatedByTheSizeThatWasAskedFor() throws {
    let found = try estimates(stale: ["mix": 1, "tokens_of_chats": 1])
    #expect(found["tokens_of_chats"]?.disk == 250_000)
    #expect(found["mix"]?.disk == 250_000_000)
    #expect(try #require(found["mix"]?.memory) > 100_000_000)
    #expect(try #require(found["mix"]?.seconds) > 10)
  }

  @Test func aPastRunOfSimilarSizeDecidesTheTime() throws {
    func run(tokens: Int, seconds: Double) -> TaskRecord {
      TaskRecord(
        run: "r", task: TaskName(asset: "pretrain"), step: "train.base", outcome: "ran", started: 0,
        seconds: seconds, digest: nil, inputBytes: 0, outputBytes: 0, reason: "",
        numbers: ["peak_memory_bytes": 123_456_789],
        metrics: ["tokens": .int(tokens), "parameters": .int(4 * 12 * 256 * 256 + 2 * 4096 * 256)])
    }
    let similar = try estimates(
      stale: ["pretrain": 1], history: [run(tokens: 204_800, seconds: 30)])["pretrain"]
    #expect(similar?.basis == .history(1))
    #expect(similar?.seconds == 60)
    #expect(similar?.memory == 123_456_789)
    let tiny = try estimates(
      stale: ["pretrain": 1], history: [run(tokens: 4096, seconds: 30)])["pretrain"]
    #expect(tiny?.basis == .computed)
  }
}
