import Testing
import Training

@Suite struct TrainingOptionsTests {
  @Test func theDefaultsOfAllStagesAreValid() throws {
    for stage in [TrainingStage.Kind.base, .mid, .sft] {
      try TrainingOptions.defaults(for: stage).validate()
    }
  }

  /// The seed project passed −1 steps straight to its loop, which then trained nothing.
  @Test func lengthsThatTrainNothingAreRefused() {
    for length: TrainingOptions.Length in [
      .steps(-1), .steps(0), .tokensPerParameter(0), .tokensPerParameter(-1), .operations(0),
      .operations(.nan), .epochs(0), .epochs(.infinity),
    ] {
      var options = TrainingOptions()
      options.length = length
      #expect(throws: TrainingError.self, "\(length)") { try options.validate() }
    }
  }

  @Test func impossibleNumbersAreRefusedByName() {
    func fault(_ change: (inout TrainingOptions) -> Void) -> String? {
      var options = TrainingOptions()
      change(&options)
      do throws(TrainingError) { try options.validate() } catch {
        if case .badOption(let name, _) = error { return name }
      }
      return nil
    }
    #expect(fault { $0.deviceBatch = 0 } == "batch_rows")
    #expect(fault { $0.sequenceLength = 1 } == "sequence_length")
    #expect(fault { $0.matrixRate = .nan } == "matrix_rate")
    #expect(fault { $0.clip = -1 } == "clip")
    #expect(fault { $0.warmupRatio = 1.5 } == "warmup_ratio")
    #expect(fault { ($0.warmupRatio, $0.warmdownRatio) = (0.6, 0.6) } == "warmup_ratio")
    #expect(fault { $0.finalFraction = -0.1 } == "final_rate_fraction")
    #expect(fault { $0.keepCheckpoints = 0 } == "keep_checkpoints")
    #expect(fault { $0.evaluateEvery = -5 } == "evaluate_every")
    #expect(fault { $0.saveEverySteps = -1 } == "save_every")
    #expect(fault { $0.saveEverySeconds = -1 } == "save_interval")
    #expect(fault { $0.length = .operations(-1) } == "operations")
  }

  @Test func aStepMustBeAWholeNumberOfPasses() throws {
    var options = TrainingOptions()
    options.deviceBatch = 8
    #expect(try options.accumulation(sequenceLength: 64) == 1)
    options.tokensPerStep = 2048
    #expect(try options.accumulation(sequenceLength: 64) == 4)
    options.tokensPerStep = 1000
    do throws(TrainingError) {
      _ = try options.accumulation(sequenceLength: 64)
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains("512 or 1024 would do"))
      #expect("\(error)".contains("`batch_rows` × `sequence_length`"))
    }
    options.tokensPerStep = 100
    do throws(TrainingError) {
      _ = try options.accumulation(sequenceLength: 64)
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains(": 512 would do"))
    }
    options.deviceBatch = 1 << 16
    #expect(throws: TrainingError.self) { try options.accumulation(sequenceLength: .max) }
  }
}
