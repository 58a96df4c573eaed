package import JSON

extension GPTConfiguration {
  /// The `config.json` of transformers' `NanoChatForCausalLM`; ids of the special tokens follow the
  /// learned vocabulary, of which `bos` is the first and `assistantEnd` ends a reply. A model with
  /// additions says that it is of another type, which transformers refuses to load.
  package func huggingFaceJSON(bos: Int32, assistantEnd: Int32) -> JSONValue {
    guard !additions.isEmpty, var members = plainJSON(bos, assistantEnd).objectValue else {
      return plainJSON(bos, assistantEnd)
    }
    members["architectures"] = [.string(ModelAdditions.architecture)]
    members["model_type"] = .string(ModelAdditions.modelType)
    members[ModelAdditions.configurationKey] = additions.json
    return .object(members)
  }

  private func plainJSON(_ bos: Int32, _ assistantEnd: Int32) -> JSONValue {
    [
      "architectures": ["NanoChatForCausalLM"],
      "model_type": "nanochat",
      "vocab_size": .int(vocabularySize),
      "hidden_size": .int(width),
      "num_hidden_layers": .int(layers),
      "num_attention_heads": .int(heads),
      "num_key_value_heads": .int(keyValueHeads),
      "head_dim": .int(headSize),
      "intermediate_size": .int(mlpWidth),
      "max_position_embeddings": .int(sequenceLength),
      "hidden_act": "relu2",
      "rms_norm_eps": Self.number(normEpsilon),
      "rope_parameters": ["rope_type": "default", "rope_theta": Self.number(rotaryBase)],
      "final_logit_softcapping": Self.number(logitSoftcap),
      "attention_bias": false,
      "attention_dropout": 0.0,
      "tie_word_embeddings": false,
      "use_cache": true,
      "initializer_range": 0.02,
      "bos_token_id": .int(Int(bos)),
      "eos_token_id": .int(Int(assistantEnd)),
      "pad_token_id": .int(Int(assistantEnd)),
      "dtype": "float32",
      "torch_dtype": "float32",
    ]
  }

  /// Reads such a file; every value that would make another model is refused by its name.
  package init(huggingFace json: JSONValue, path: String) throws(CheckpointError) {
    func fault(_ key: String, _ problem: String) -> CheckpointError {
      .badValue(path: path, key: key, problem: problem)
    }
    func count(_ key: String) throws(CheckpointError) -> Int {
      guard let value = json[key]?.intValue, value > 0 else {
        throw fault(key, json[key] == nil ? "is missing" : "must be a positive integer")
      }
      return value
    }
    func real(_ key: String, _ value: JSONValue?, default standard: Float) throws(CheckpointError)
      -> Float
    {
      guard let value, !value.isNull else { return standard }
      guard let number = value.doubleValue, Float(number).isFinite, number > 0 else {
        throw fault(key, "must be a positive number")
      }
      return Float(number)
    }
    let additions = json[ModelAdditions.configurationKey]
    let type = additions == nil ? "nanochat" : ModelAdditions.modelType
    guard json["model_type"] == .string(type) else {
      throw fault("model_type", "must be \"\(type)\"")
    }
    guard json["hidden_act"] ?? "relu2" == "relu2" else {
      throw fault("hidden_act", "must be \"relu2\"")
    }
    for key in ["attention_bias", "tie_word_embeddings"] where json[key]?.boolValue == true {
      throw fault(key, "must be false")
    }
    let rope = json["rope_parameters"] ?? json["rope_scaling"]
    guard rope?["rope_type"] ?? "default" == "default" else {
      throw fault("rope_parameters", "must be of the default type")
    }
    let heads = try count("num_attention_heads")
    self.init(
      vocabularySize: try count("vocab_size"), layers: try count("num_hidden_layers"),
      width: try count("hidden_size"), heads: heads,
      keyValueHeads: json["num_key_value_heads"] == nil ? heads : try count("num_key_value_heads"),
      sequenceLength: try count("max_position_embeddings"),
      mlpWidth: try count("intermediate_size"))
    if let size = json["head_dim"]?.intValue, size != headSize {
      throw fault("head_dim", "must be `hidden_size` / `num_attention_heads`")
    }
    if let additions { self.additions = try ModelAdditions(json: additions, path: path) }
    normEpsilon = try real("rms_norm_eps", json["rms_norm_eps"], default: 1e-6)
    rotaryBase = try real(
      "rope_theta", rope?["rope_theta"] ?? json["rope_theta"], default: 10_000)
    logitSoftcap = try real(
      "final_logit_softcapping", json["final_logit_softcapping"], default: 15)
    do throws(LanguageModelError) { try validate() } catch { throw .model(path: path, error) }
  }

  /// The shortest decimal of the float, not the long one of its value as a double.
  private static func number(_ value: Float) -> JSONValue {
    .double(Double(value.description) ?? Double(value))
  }
}
