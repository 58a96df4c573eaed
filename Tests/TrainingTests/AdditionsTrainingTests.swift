import JSON
import Kernels
import LanguageModel
import Testing
import Tokenization
import Training

/// The later additions to the model, and the other Muon, through all stages.
@Suite struct AdditionsTrainingTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private func options(_ kind: TrainingStage.Kind) -> TrainingOptions {
    var options = Workshop.options(kind)
    options.muon = .normuon
    guard kind == .base else { return options }
    for field in ModelAdditions.fields { options.additions[keyPath: field.path] = true }
    options.initialValues = .nanochat2026
    return options
  }

  @Test(arguments: [TrainingStage.Kind.base, .mid, .sft])
  func aStoppedRunGivesTheSameBytes(kind: TrainingStage.Kind) throws {
    if kind != .base { try workshop.train(.base, into: "base", options(.base)) }
    try workshop.train(kind, into: "whole", options(kind))
    for steps in [3, 4] {
      #expect(throws: TrainingInterrupted.self) {
        try workshop.train(
          kind, into: "parts", options(kind), threads: 2, reporter: Recorder(stopAfter: steps))
      }
    }
    try workshop.train(kind, into: "parts", options(kind))
    #expect(try workshop.files("parts") == workshop.files("whole"))
  }

  @Test func theFolderSaysThatTransformersCannotLoadIt() throws {
    let recorder = Recorder()
    try workshop.train(.base, into: "base", options(.base), reporter: recorder)
    #expect(recorder.current.log.contains { $0.contains("transformers can't load this model") })
    #expect(recorder.current.metrics["huggingface_loadable"] == false)
    // Fine-tuning takes the model as it is and says the same.
    try workshop.train(.sft, into: "sft", options(.sft))
    for stage in ["base", "sft"] {
      let record = try ModelFolder.readJSON(workshop.path + "/\(stage)/training.json")
      #expect(record["huggingface_loadable"] == false)
      #expect(record["additions"]?.arrayValue?.count == ModelAdditions.fields.count)
      let config = try ModelFolder.readJSON(workshop.path + "/\(stage)/config.json")
      #expect(config["model_type"] == "nanobuild_nanochat")
      #expect(config["architectures"] == ["NanobuildNanoChatForCausalLM"])
      #expect(config["nanobuild_additions"]?["smear"] == true)
    }
    let loaded = try ModelFolder.load(workshop.path + "/sft", pool: ThreadPool(threads: 1))
    #expect(loaded.model.configuration.additions.names == ModelAdditions.fields.map(\.name))
  }

  @Test func aPlainModelSaysNothingOfAdditions() throws {
    let recorder = Recorder()
    try workshop.train(.base, into: "base", reporter: recorder)
    #expect(recorder.current.metrics["huggingface_loadable"] == nil)
    let record = try ModelFolder.readJSON(workshop.path + "/base/training.json")
    #expect(record["additions"] == nil && record["huggingface_loadable"] == nil)
    for key in ["additions", "muon", "initial_values"] { #expect(record["settings"]?[key] == nil) }
    let config = try ModelFolder.readJSON(workshop.path + "/base/config.json")
    #expect(config["model_type"] == "nanochat" && config["nanobuild_additions"] == nil)
  }

  @Test func anAdditionThatIsNotKnownIsRefused() throws {
    try workshop.train(.base, into: "base", options(.base))
    let path = workshop.path + "/base/config.json"
    let text = String(decoding: try CheckpointFiles.read(path), as: UTF8.self)
    for (old, new, part) in [
      ("\"smear\"", "\"blur\"", "has `blur`"), ("\"smear\": true", "\"smear\": 3", "true or false"),
      ("nanobuild_nanochat", "nanochat", "model_type"),
    ] {
      let changed = text.replacing(old, with: new)
      #expect(changed != text)
      try CheckpointFiles.write(Array(changed.utf8), to: path)
      do throws(CheckpointError) {
        _ = try ModelFolder.describe(workshop.path + "/base")
        Issue.record("accepted")
      } catch { #expect("\(error)".contains(part), "\(error)") }
    }
  }

  @Test func aCheckpointOfAPlainRunIsNotContinuedWithAdditions() throws {
    #expect(throws: TrainingInterrupted.self) {
      try workshop.train(.base, into: "out", reporter: Recorder(stopAfter: 5))
    }
    let recorder = Recorder()
    try workshop.train(.base, into: "out", options(.base), reporter: recorder)
    #expect(recorder.current.steps == 12)
    #expect(recorder.current.log.contains { $0.contains("of another run") })
  }
}
