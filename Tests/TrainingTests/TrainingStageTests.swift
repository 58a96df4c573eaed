import Corpus
import JSON
import LanguageModel
import Testing
import Tokenization
import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct TrainingStageTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test func pretrainingStartsAtTheLogarithmOfTheVocabularyAndLearns() throws {
    let recorder = Recorder()
    let summary = try workshop.train(
      .base, into: "base", Workshop.options(.base, steps: 60), reporter: recorder)
    #expect(abs(summary.firstLoss - log(265)) < 1e-4)
    #expect(summary.finalLoss < 2.5)
    let bpb = try workshop.metrics("base").compactMap { $0["validation_bpb"]?.doubleValue }
    #expect(bpb.count == 13)
    #expect(try #require(bpb.last) < #require(bpb.first) / 2)
    #expect(recorder.current.metrics["validation_bpb"]?.doubleValue == bpb.last)
    #expect(recorder.current.metrics["steps"] == 60)
    #expect(recorder.current.measurements["tokens_per_second"] != nil)
    #expect(recorder.current.measurements["peak_memory_bytes"]?.intValue ?? 0 > 1 << 20)
    #expect(
      try workshop.metrics("base").compactMap { $0["gradient_norm"]?.doubleValue }.count == 60)
  }

  @Test func theResultIsAFlatFolderWithoutTimes() throws {
    try workshop.train(.base, into: "base")
    let names = try workshop.files("base").keys.sorted()
    #expect(
      names == [
        "config.json", "generation_config.json", "metrics.jsonl", "model.safetensors",
        "optimizer.safetensors", "samples.txt", "tokenizer.json", "tokenizer_config.json",
        "training.json",
      ])
    let keys = Set(try workshop.metrics("base").flatMap { ($0.objectValue ?? [:]).keys })
    #expect(
      keys == ["step", "loss", "rate", "gradient_norm", "validation_loss", "validation_bpb"])
    let samples = String(decoding: try workshop.bytes("base/samples.txt"), as: UTF8.self)
    #expect(samples.hasPrefix("step 0\n  The number | "))
    #expect(samples.contains("step 12\n"))
  }

  @Test(arguments: [TrainingStage.Kind.base, .mid, .sft])
  func equalInputsGiveEqualBytesOnAnyNumberOfThreads(kind: TrainingStage.Kind) throws {
    if kind != .base { try workshop.train(.base, into: "base") }
    try workshop.train(kind, into: "one", threads: 1)
    try workshop.train(kind, into: "two", threads: 2)
    #expect(try workshop.files("one") == workshop.files("two"))
  }

  @Test(arguments: [TrainingStage.Kind.base, .mid, .sft])
  func aRunStoppedAnywhereAndTakenUpAgainGivesTheSameBytes(kind: TrainingStage.Kind) throws {
    if kind != .base { try workshop.train(.base, into: "base") }
    var options = Workshop.options(kind)
    if kind == .mid { options.textFraction = 0.4 }
    try workshop.train(kind, into: "whole", options)
    let expected = try workshop.files("whole")
    var stops = 0
    for (attempt, steps) in [3, 1, 5, 1].enumerated() {
      do {
        try workshop.train(
          kind, into: "parts", options, threads: 1 + attempt % 2,
          reporter: Recorder(stopAfter: steps))
      } catch let interruption as TrainingInterrupted {
        stops += 1
        #expect(CheckpointFiles.exists(interruption.checkpoint + "/training.json"))
      }
    }
    #expect(stops == 4)
    try workshop.train(kind, into: "parts", options)
    #expect(try workshop.files("parts") == expected)
  }

  @Test(.enabled(if: Precision.bf16.isSupported), arguments: [TrainingStage.Kind.base, .mid, .sft])
  func inHalfPrecisionAStoppedRunGivesTheSameBytes(kind: TrainingStage.Kind) throws {
    if kind != .base { try workshop.train(.base, into: "base") }
    var options = Workshop.options(kind)
    options.precision = .bf16
    try workshop.train(kind, into: "whole", options)
    let single = Workshop.options(kind)
    try workshop.train(kind, into: "single", single)
    #expect(
      try workshop.bytes("whole/model.safetensors") != workshop.bytes("single/model.safetensors"))
    for steps in [2, 5] {
      #expect(throws: TrainingInterrupted.self) {
        try workshop.train(
          kind, into: "parts", options, threads: 2, reporter: Recorder(stopAfter: steps))
      }
    }
    try workshop.train(kind, into: "parts", options)
    #expect(try workshop.files("parts") == workshop.files("whole"))
  }

  @Test(arguments: [TrainingStage.Kind.base, .sft])
  func aRunKilledBetweenCheckpointsRepeatsOnlyWhatWasNotSaved(kind: TrainingStage.Kind) throws {
    if kind != .base { try workshop.train(.base, into: "base") }
    var options = Workshop.options(kind)
    try workshop.train(kind, into: "whole", options)
    options.saveEverySteps = 4
    options.keepCheckpoints = 5
    // Stopped at step 11, and then everything that a kill would not have left is taken away.
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(kind, into: "killed", options, reporter: Recorder(stopAfter: 11))
    }
    let folder = workshop.path + "/killed/checkpoints"
    try CheckpointFiles.remove(folder + "/step_000011")
    // A half-written one and a damaged one are not used.
    try CheckpointFiles.makeFolder(folder + "/step_000010.partial")
    try CheckpointFiles.makeFolder(folder + "/step_000009")
    try CheckpointFiles.write(Array("{".utf8), to: folder + "/step_000009/training.json")
    #expect(
      CheckpointFiles.names(in: folder) == [
        "step_000000", "step_000004", "step_000008", "step_000009", "step_000010.partial",
      ])
    let recorder = Recorder()
    try workshop.train(kind, into: "killed", options, reporter: recorder)
    #expect(recorder.current.steps == 4)
    #expect(recorder.current.log.contains { $0.contains("continuing from step 8 of 12") })
    #expect(try workshop.files("killed") == workshop.files("whole"))
  }

  @Test func aCutWeightsFileIsNotContinuedFrom() throws {
    var options = Workshop.options(.base)
    try workshop.train(.base, into: "whole", options)
    options.saveEverySteps = 4
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(.base, into: "cut", options, reporter: Recorder(stopAfter: 9))
    }
    for step in ["step_000009", "step_000008"] {
      let path = workshop.path + "/cut/checkpoints/\(step)/model.safetensors"
      try CheckpointFiles.write(Array(try CheckpointFiles.read(path).dropLast(1000)), to: path)
    }
    let recorder = Recorder()
    try workshop.train(.base, into: "cut", options, reporter: recorder)
    #expect(recorder.current.log.filter { $0.contains("can't be used") }.count == 2)
    #expect(try workshop.files("cut") == workshop.files("whole"))
  }

  @Test func aCheckpointOfOtherSettingsIsNotContinuedFrom() throws {
    var options = Workshop.options(.base)
    options.seed = 7
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(.base, into: "out", options, reporter: Recorder(stopAfter: 5))
    }
    let recorder = Recorder()
    try workshop.train(.base, into: "out", reporter: recorder)
    #expect(recorder.current.steps == 12)
    try workshop.train(.base, into: "fresh")
    #expect(try workshop.files("out") == workshop.files("fresh"))
  }

  @Test func checkpointsAreWrittenByTime() throws {
    var options = Workshop.options(.base)
    options.saveEverySeconds = 1e-9
    options.keepCheckpoints = 100
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(.base, into: "out", options, reporter: Recorder(stopAfter: 4))
    }
    // Every step took longer than that.
    #expect(
      CheckpointFiles.names(in: workshop.path + "/out/checkpoints")
        == (1...4).map { "step_00000\($0)" })
  }

  @Test func onlyTheLastCheckpointsAndTheBestAreKept() throws {
    var options = Workshop.options(.base)
    options.saveEverySteps = 1
    options.keepCheckpoints = 2
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(.base, into: "out", options, reporter: Recorder(stopAfter: 8))
    }
    #expect(
      CheckpointFiles.names(in: workshop.path + "/out/checkpoints") == [
        "step_000005", "step_000007", "step_000008",
      ])
  }

  /// Packed rows do not depend on how they are grouped into passes, and the loss is divided by what
  /// the whole step trains on, so replies in sparse passes weigh no more.
  @Test func accumulatingGivesTheStepOfOneLargePass() throws {
    try workshop.train(.base, into: "base")
    var options = Workshop.options(.sft, steps: 1)
    options.deviceBatch = 6
    try workshop.train(.sft, into: "large", options)
    options.deviceBatch = 1
    try workshop.train(.sft, into: "small", options)
    let large = try weights("large")
    let small = try weights("small")
    let before = try weights("base")
    #expect(large.keys == small.keys)
    for (name, values) in large {
      let other = try #require(small[name])
      let start = try #require(before[name])
      let change = zip(values, start).map { abs($0 - $1) }.reduce(0, +)
      let difference = zip(values, other).map { abs($0 - $1) }.reduce(0, +)
      #expect(change > 0 && difference < 0.02 * change, "\(name): \(difference) of \(change)")
    }
  }

  private func weights(_ name: String) throws -> [String: [Float]] {
    let file = try SafetensorsFile(path: workshop.path + "/\(name)/model.safetensors")
    var all: [String: [Float]] = [:]
    for (name, entry) in file.entries {
      var values = [Float](repeating: 0, count: entry.shape.reduce(1, *))
      try values.withUnsafeMutableBufferPointer {
        try file.read(name, shape: entry.shape, into: $0)
      }
      all[name] = values
    }
    return all
  }

  // MARK: What can go wrong

  @Test func anExplodingLossStopsWithTheLastGoodWeights() throws {
    var options = Workshop.options(.base, steps: 200)
    options.matrixRate = 50
    options.embeddingRate = 500
    options.headRate = 500
    options.explosionMargin = 2
    options.saveEverySteps = 1
    do {
      try workshop.train(.base, into: "out", options)
      Issue.record("did not stop")
    } catch TrainingError.diverged(let step, _, _, let checkpoint) {
      // What was saved while the loss was good, not the weights that made it explode.
      let path = try #require(checkpoint)
      let record = try ModelFolder.readJSON(path + "/training.json")
      #expect(try #require(record["state"]?["step"]?.intValue) < step)
      #expect(
        try weights("out/" + path.dropFirst((workshop.path + "/out/").count)).values
          .allSatisfy { $0.allSatisfy(\.isFinite) })
    }
  }

  @Test func aLossThatIsNoNumberStopsWithFiniteWeights() throws {
    var options = Workshop.options(.base, steps: 200)
    options.matrixRate = 1e30
    options.embeddingRate = 1e30
    options.headRate = 1e30
    options.clip = 0
    options.explosionMargin = 1e300
    options.saveEverySteps = 1
    do {
      try workshop.train(.base, into: "out", options)
      Issue.record("did not stop")
    } catch let error as TrainingError {
      guard case .diverged(_, let loss, _, let checkpoint) = error else { throw error }
      #expect(!loss.isFinite)
      #expect("\(error)".contains("is no number at step"))
      let path = try #require(checkpoint)
      #expect(
        try weights("out/" + path.dropFirst((workshop.path + "/out/").count)).values
          .allSatisfy { $0.allSatisfy(\.isFinite) })
    }
  }

  /// A step of several passes is left between two of them, and made again as a whole.
  @Test(arguments: [TrainingStage.Kind.base, .sft])
  func aStepIsLeftBetweenItsPasses(kind: TrainingStage.Kind) throws {
    if kind != .base { try workshop.train(.base, into: "base") }
    let options = Workshop.options(kind)
    try workshop.train(kind, into: "whole", options)
    // Between steps, between passes and between parts of a validation it asks whether to stop.
    for question in 2...14 {
      #expect(throws: TrainingInterrupted.self) {
        try workshop.train(
          kind, into: "part\(question)", options, reporter: Recorder(stopAtQuestion: question))
      }
      try workshop.train(kind, into: "part\(question)", options)
      #expect(try workshop.files("part\(question)") == workshop.files("whole"))
    }
  }

  @Test func aStepFarAboveTheAverageIsLeftOut() throws {
    let tokenizer = workshop.tokenizer
    let writer = try TokenShardWriter(
      path: workshop.path + "/text.tokens", vocabularySize: tokenizer.vocabularySize,
      hasMask: false)
    for number in 0..<50 {
      try writer.append(document: [256] + tokenizer.encode("Number \(number) and so on and on."))
    }
    try writer.append(document: (0..<400).map { Int32(128 + $0 * 37 % 128) })
    try writer.finish()
    var options = Workshop.options(.base, steps: 16)
    options.outlierMargin = 1.5
    try workshop.train(.base, into: "out", options)
    let skipped = try workshop.metrics("out").filter { $0["skipped"] == 1.0 }
    #expect(!skipped.isEmpty && skipped.count <= 4)
    #expect(skipped.allSatisfy { $0["gradient_norm"] == nil && $0["step"]?.intValue ?? 0 >= 9 })
    let record = try ModelFolder.readJSON(workshop.path + "/out/training.json")
    #expect(record["state"]?["skipped_steps"] == .int(skipped.count))
  }

  @Test func aModelThatDoesNotFitInMemoryIsRefusedBeforeItIsMade() throws {
    var options = Workshop.options(.base)
    options.shape = .explicit(layers: 64, width: 8192, heads: 64, keyValueHeads: 64)
    do {
      try workshop.train(.base, into: "out", options)
      Issue.record("accepted")
    } catch TrainingError.memory(let needed, let limit, let plan) {
      #expect(needed > limit && plan.contains("activations"))
    }
    options.sequenceLength = 1 << 20
    options.deviceBatch = 1 << 16
    options.tokensPerStep = nil
    #expect(throws: TrainingError.self) { try workshop.train(.base, into: "out", options) }
  }

  @Test func aDepthWhoseHeadsDoNotDivideItsWidthNamesItsNeighbours() throws {
    var options = Workshop.options(.base)
    options.shape = .depth(5)
    do {
      try workshop.train(.base, into: "out", options)
      Issue.record("accepted")
    } catch let error as TrainingError {
      #expect("\(error)".contains("4 and 6"))
    }
  }

  @Test func missingAndForeignInputsAreNamed() throws {
    var inputs = workshop.inputs(.base)
    func fault(_ kind: TrainingStage.Kind, _ inputs: TrainingStage.Inputs) -> String {
      do {
        try TrainingStage.run(
          kind: kind, options: Workshop.options(kind), inputs: inputs,
          environment: .init(output: workshop.path + "/out", threads: 1), reporter: Recorder())
        return "accepted"
      } catch { return "\(error)" }
    }
    inputs.text = []
    #expect(fault(.base, inputs).contains("`tokens`"))
    inputs = workshop.inputs(.base)
    inputs.tokenizer = nil
    #expect(fault(.base, inputs).contains("`tokenizer`"))
    #expect(fault(.sft, TrainingStage.Inputs()).contains("`model`"))
    inputs = workshop.inputs(.sft)
    inputs.model = workshop.path + "/nowhere"
    #expect(fault(.sft, inputs).contains("nowhere"))
    try workshop.train(.base, into: "base")
    inputs = workshop.inputs(.sft)
    inputs.conversations = []
    #expect(fault(.sft, inputs).contains("`conversations`"))
  }

  @Test func anotherTokenizerThanTheModelsIsRefused() throws {
    try workshop.train(.base, into: "base")
    let path = workshop.path + "/base/training.json"
    let text = String(decoding: try CheckpointFiles.read(path), as: UTF8.self)
    let hash = workshop.tokenizer.hash
    try CheckpointFiles.write(
      Array(text.replacing(hash, with: String(hash.reversed())).utf8), to: path)
    #expect(throws: TrainingError.self) { try workshop.train(.sft, into: "out") }
  }
}
