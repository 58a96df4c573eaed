import LanguageModel
import Testing
import Training

/// A checkpoint that can't be used is as if it were not there.
@Suite struct DamagedCheckpointTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  enum Damage: CaseIterable { case noSamples, wrongTypeInOptimizer }

  /// What was read before the damage showed stays behind nowhere.
  @Test(arguments: Damage.allCases) func aDamagedCheckpointLeavesNothingInAFreshRun(
    damage: Damage
  ) throws {
    var options = Workshop.options(.base)
    try workshop.train(.base, into: "whole", options)
    options.saveEverySteps = 5
    options.keepCheckpoints = 1
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(.base, into: "cut", options, reporter: Recorder(stopAfter: 8))
    }
    for name in CheckpointFiles.names(in: workshop.path + "/cut/checkpoints") {
      let folder = workshop.path + "/cut/checkpoints/" + name
      switch damage {
      case .noSamples: try CheckpointFiles.remove(folder + "/samples.txt")
      case .wrongTypeInOptimizer:
        // All tensors but the last are read before.
        let path = folder + "/optimizer.safetensors"
        var bytes = try CheckpointFiles.read(path)
        let type = Array(#""F32""#.utf8)
        let last = try #require(
          (0..<(bytes.count - type.count)).last {
            bytes[$0..<($0 + type.count)].elementsEqual(type)
          })
        bytes[last + 1] = UInt8(ascii: "I")
        try CheckpointFiles.write(bytes, to: path)
      }
    }
    let recorder = Recorder()
    try workshop.train(.base, into: "cut", options, reporter: recorder)
    #expect(recorder.current.log.contains { $0.contains("can't be used") })
    #expect(recorder.current.steps == 12)
    #expect(try workshop.files("cut") == workshop.files("whole"))
  }
}
