import JSON
import Kernels
import LanguageModel
import TestSupport
import Testing
import Tokenization

@Suite struct CheckpointFolderTests {
  let folder: TemporaryFolder
  let pool: ThreadPool

  init() throws {
    folder = try TemporaryFolder("checkpoint")
    pool = try ThreadPool(threads: 1)
    try ModelFolder.write(TinyModel.make(), tokenizer: TinyModel.tokenizer(), to: folder.path)
  }

  private func rewrite(_ name: String, _ change: (inout [String: JSONValue]) -> Void) throws {
    let path = folder.path + "/" + name
    var members = try #require(try ModelFolder.readJSON(path).objectValue)
    change(&members)
    try ModelFolder.writeJSON(.object(members), to: path)
  }

  private func loadError() -> CheckpointError? {
    do throws(CheckpointError) { _ = try ModelFolder.load(folder.path, pool: pool) } catch {
      return error
    }
    return nil
  }

  @Test func aFolderLoadsToTheSameModel() throws {
    let loaded = try ModelFolder.load(folder.path, pool: pool, maximumBatch: 2)
    #expect(loaded.model.configuration == TinyModel.configuration)
    #expect(try loaded.tokenizer.hash == TinyModel.tokenizer().hash)
    let ids: [Int32] = [256, 257, 72, 105, 258, 259]
    #expect(try TinyModel.logits(loaded.model, ids) == TinyModel.logits(TinyModel.make(), ids))
  }

  @Test func theConfigurationIsTransformers() throws {
    let json = try ModelFolder.readJSON(folder.path + "/config.json")
    let expected: [String: JSONValue] = [
      "architectures": ["NanoChatForCausalLM"], "model_type": "nanochat", "vocab_size": 265,
      "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
      "num_key_value_heads": 1, "intermediate_size": 128, "max_position_embeddings": 64,
      "hidden_act": "relu2", "rms_norm_eps": 1e-06, "final_logit_softcapping": 15.0,
      "rope_parameters": ["rope_type": "default", "rope_theta": 10000.0],
      "attention_bias": false, "tie_word_embeddings": false, "bos_token_id": 256,
      "eos_token_id": 260, "pad_token_id": 260, "dtype": "float32",
    ]
    for (key, value) in expected { #expect(json[key] == value, "\(key)") }
  }

  @Test(arguments: [
    ("vocab_size", JSONValue.int(264)), ("vocab_size", .int(0)), ("vocab_size", .string("x")),
    ("hidden_size", .int(1 << 40)), ("hidden_size", .int(33)), ("num_hidden_layers", .int(3)),
    ("num_hidden_layers", .int(-1)), ("num_attention_heads", .int(3)),
    ("num_key_value_heads", .int(5)), ("intermediate_size", .null),
    ("intermediate_size", .int(64)), ("model_type", .string("llama")),
    ("hidden_act", .string("gelu")), ("attention_bias", .bool(true)),
    ("tie_word_embeddings", .bool(true)), ("rms_norm_eps", .double(-1)),
    ("final_logit_softcapping", .string("15")), ("max_position_embeddings", .int(1 << 50)),
    ("rope_parameters", .object(["rope_type": "yarn"])), ("head_dim", .int(8)),
  ])
  func aConfigurationThatMakesAnotherModelIsAnError(key: String, value: JSONValue) throws {
    try rewrite("config.json") { $0[key] = value }
    #expect(loadError() != nil)
  }

  @Test func aHugeShapeIsRefusedBeforeMemoryIsTaken() throws {
    try rewrite("config.json") {
      $0["hidden_size"] = 65_536
      $0["num_attention_heads"] = 64
      $0["num_key_value_heads"] = 64
      $0["head_dim"] = nil
      $0["num_hidden_layers"] = 1024
    }
    guard case .wrongShape? = loadError() else {
      Issue.record("\(String(describing: loadError()))")
      return
    }
  }

  @Test func missingExtraAndMisshapenTensorsAreNamed() throws {
    let file = try SafetensorsFile(path: folder.path + "/model.safetensors")
    let values = [Float](repeating: 0, count: 265 * 32)
    func write(_ change: (String, [Int]) -> [(String, [Int])]) throws {
      try values.withUnsafeBytes { bytes in
        let tensors = file.names.flatMap { name in
          change(name, file.entries[name]?.shape ?? [])
        }
        try SafetensorsWriter.write(
          tensors.map { name, shape in
            SafetensorsTensor(
              name: name, type: .f32, shape: shape,
              bytes: UnsafeRawBufferPointer(rebasing: bytes[..<(shape.reduce(4, *))]))
          }, to: folder.path + "/model.safetensors")
      }
    }
    try write { name, shape in name == "lm_head.weight" ? [] : [(name, shape)] }
    guard case .missingTensor(_, "lm_head.weight")? = loadError() else {
      Issue.record("missing")
      return
    }
    try write { name, shape in
      name == "lm_head.weight" ? [(name, shape), ("extra", [1])] : [(name, shape)]
    }
    guard case .unexpectedTensor(_, "extra")? = loadError() else {
      Issue.record("extra")
      return
    }
    try write { name, shape in [(name, name == "lm_head.weight" ? shape.reversed() : shape)] }
    guard case .wrongShape(_, "lm_head.weight", [32, 265], [265, 32])? = loadError() else {
      Issue.record("shape")
      return
    }
  }

  @Test func everyTruncationOfTheWeightsIsAnError() throws {
    let path = folder.path + "/model.safetensors"
    let bytes = try CheckpointFiles.read(path)
    for count in stride(from: 0, to: bytes.count, by: 4001) {
      try CheckpointFiles.write(Array(bytes[..<count]), to: path)
      #expect(loadError() != nil)
    }
  }

  @Test func anotherTokenizerIsAnError() throws {
    var vocabulary = Vocabulary.bytes
    vocabulary.append(Array("ab".utf8))
    let larger = try Tokenizer(vocabulary: vocabulary, pattern: .nanochat)
    try CheckpointFiles.write(larger.huggingFaceJSON, to: folder.path + "/tokenizer.json")
    guard case .vocabularyMismatch(_, 265, 266)? = loadError() else {
      Issue.record("\(String(describing: loadError()))")
      return
    }
    let other = try Tokenizer(vocabulary: .bytes, pattern: .gpt4)
    try CheckpointFiles.write(other.huggingFaceJSON, to: folder.path + "/tokenizer.json")
    #expect(loadError() == nil)
    let hash = try TinyModel.tokenizer().hash
    try ModelFolder.writeJSON(
      ["tokenizer_hash": .string(hash)], to: folder.path + "/training.json")
    #expect(
      loadError()
        == .tokenizerMismatch(path: folder.path, found: other.hash, expected: hash))
  }

  @Test func missingAndDamagedFilesAreErrors() throws {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
      let path = folder.path + "/" + name
      let bytes = try CheckpointFiles.read(path)
      try CheckpointFiles.remove(path)
      #expect(loadError() != nil)
      try CheckpointFiles.write(Array(bytes.prefix(40)), to: path)
      #expect(loadError() != nil)
      try CheckpointFiles.write(bytes, to: path)
    }
    #expect(loadError() == nil)
  }
}
