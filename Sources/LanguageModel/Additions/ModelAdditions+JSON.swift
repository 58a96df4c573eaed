package import JSON

extension ModelAdditions {
  static let configurationKey = "nanobuild_additions"
  /// `model_type` and architecture of a folder that transformers must not take for a NanoChat.
  static let modelType = "nanobuild_nanochat"
  static let architecture = "NanobuildNanoChatForCausalLM"

  /// The member of `config.json`: each addition in use is true.
  package var json: JSONValue {
    .object(Dictionary(uniqueKeysWithValues: names.map { ($0, JSONValue.bool(true)) }))
  }

  /// Refuses what this version does not know, since the model would compute something else.
  package init(json: JSONValue, path: String) throws(CheckpointError) {
    func fault(_ problem: String) -> CheckpointError {
      .badValue(path: path, key: Self.configurationKey, problem: problem)
    }
    guard let members = json.objectValue else { throw fault("must be a mapping") }
    for (key, value) in members {
      guard let field = Self.fields.first(where: { $0.name == key }) else {
        throw fault(
          "has `\(key)`, which this version does not know; it knows "
            + Self.fields.map { "`\($0.name)`" }.joined(separator: ", "))
      }
      guard let flag = value.boolValue else { throw fault("`\(key)` must be true or false") }
      self[keyPath: field.path] = flag
    }
  }
}
