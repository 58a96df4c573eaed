package import JSON
package import Kernels
package import Tokenization

/// A model read from its folder, ready to run.
package struct LoadedModel: Sendable {
  package let path: String
  package let model: GPT
  package let tokenizer: Tokenizer
  /// What `training.json` says; null in a folder that another program wrote.
  package let training: JSONValue
}

/// The folder of a checkpoint, as transformers loads it and as this program does.
package enum ModelFolder {
  package static let weights = "model.safetensors"
  package static let configuration = "config.json"
  package static let optimizer = "optimizer.safetensors"
  package static let training = "training.json"
  package static let tokenizerHashKey = "tokenizer_hash"

  // MARK: Reading

  /// Reads weights and tokenizer from the folder at `path`, for inference or for training on.
  ///
  /// Nothing of the folder is trusted: shapes are compared before memory is taken for them, and the
  /// tokenizer must be the one the model was trained with. `sequence` is the longest the model runs
  /// at once, its own length by default.
  package static func load(
    _ path: String, pool: ThreadPool, maximumBatch: Int = 1, sequence: Int? = nil,
    inferenceOnly: Bool = true
  ) throws(CheckpointError) -> LoadedModel {
    let description = try describe(path)
    let model = try makeModel(
      description.configuration, path: path, pool: pool, maximumBatch: maximumBatch,
      sequence: sequence ?? description.configuration.sequenceLength, inferenceOnly: inferenceOnly)
    try readWeights(path + "/" + weights, into: model)
    return LoadedModel(
      path: path, model: model, tokenizer: description.tokenizer, training: description.training)
  }

  /// All of a model but its weights.
  package struct Description: Sendable {
    package let configuration: GPTConfiguration
    package let tokenizer: Tokenizer
    package let training: JSONValue
  }

  package static func describe(_ path: String) throws(CheckpointError) -> Description {
    let configurationPath = path + "/" + configuration
    let shape = try GPTConfiguration(
      huggingFace: try readJSON(configurationPath), path: configurationPath)
    let tokenizer: Tokenizer
    do throws(TokenizerError) { tokenizer = try Tokenizer.load(path + "/tokenizer.json") } catch {
      throw .tokenizer(error)
    }
    guard tokenizer.vocabularySize == shape.vocabularySize else {
      throw .vocabularyMismatch(
        path: path, model: shape.vocabularySize, tokenizer: tokenizer.vocabularySize)
    }
    let trainingPath = path + "/" + training
    let record: JSONValue =
      CheckpointFiles.exists(trainingPath) ? try readJSON(trainingPath) : .null
    if let expected = record[tokenizerHashKey]?.stringValue, expected != tokenizer.hash {
      throw .tokenizerMismatch(path: path, found: tokenizer.hash, expected: expected)
    }
    return Description(configuration: shape, tokenizer: tokenizer, training: record)
  }

  /// Fills a model from a safetensors file that holds exactly its tensors.
  package static func readWeights(_ path: String, into model: GPT) throws(CheckpointError) {
    let file = try SafetensorsFile(path: path)
    try check(file, holds: model.parameters.map { ($0.name, [$0.rows, $0.columns]) })
    for parameter in model.parameters {
      try file.read(
        parameter.name, shape: [parameter.rows, parameter.columns], into: parameter.value.buffer)
    }
  }

  private static func makeModel(
    _ configuration: GPTConfiguration, path: String, pool: ThreadPool, maximumBatch: Int,
    sequence: Int, inferenceOnly: Bool
  ) throws(CheckpointError) -> GPT {
    // A folder of a few bytes must not make the program ask for terabytes.
    try check(
      try SafetensorsFile(path: path + "/" + weights),
      holds: configuration.parameterShapes.map { ($0.name, [$0.rows, $0.columns]) })
    do throws(LanguageModelError) {
      return try GPT(
        configuration: configuration, pool: pool, maximumBatch: maximumBatch,
        trainingSequence: sequence, inferenceOnly: inferenceOnly)
    } catch {
      throw .model(path: path, error)
    }
  }

  private static func check(
    _ file: SafetensorsFile, holds tensors: [(name: String, shape: [Int])]
  ) throws(CheckpointError) {
    for (name, shape) in tensors {
      guard let entry = file.entries[name] else {
        throw .missingTensor(path: file.path, name: name)
      }
      guard entry.shape == shape else {
        throw .wrongShape(path: file.path, name: name, found: entry.shape, expected: shape)
      }
    }
    guard file.entries.count > tensors.count else { return }
    let known = Set(tensors.map(\.name))
    if let extra = file.names.first(where: { !known.contains($0) }) {
      throw .unexpectedTensor(path: file.path, name: extra)
    }
  }

  /// Reads a JSON file of the folder.
  package static func readJSON(_ path: String) throws(CheckpointError) -> JSONValue {
    let bytes = try CheckpointFiles.read(path, limit: 1 << 28)
    do throws(JSONError) { return try JSONParser.parse(bytes) } catch {
      throw .malformed(path: path, reason: .notJSON(error.description))
    }
  }

  // MARK: Optimiser

  package static func writeOptimizer(
    _ optimizer: OptimizerSet, to folder: String
  ) throws(CheckpointError) {
    try SafetensorsWriter.write(
      optimizer.state.map { entry in
        SafetensorsTensor(
          name: entry.name, type: .f32, shape: entry.tensor.shape,
          bytes: UnsafeRawBufferPointer(entry.tensor.buffer))
      }, to: folder + "/" + ModelFolder.optimizer)
  }

  package static func readOptimizer(
    _ optimizer: OptimizerSet, from folder: String
  ) throws(CheckpointError) {
    let file = try SafetensorsFile(path: folder + "/" + ModelFolder.optimizer)
    let state = optimizer.state
    try check(file, holds: state.map { ($0.name, $0.tensor.shape) })
    for entry in state {
      try file.read(entry.name, shape: entry.tensor.shape, into: entry.tensor.buffer)
    }
  }
}
