import Corpus
import JSON
import LanguageModel
import Synchronization
import TestSupport
import Tokenization
import Training

/// A folder with a byte tokenizer, a little text and a few conversations, and the shortest way to
/// train on them.
final class Workshop: Sendable {
  let tokenizer: Tokenizer
  private let folder: TemporaryFolder

  var path: String { folder.path }

  init() throws {
    folder = try TemporaryFolder("training")
    tokenizer = try Tokenizer(vocabulary: .bytes, pattern: .nanochat)
    try CheckpointFiles.makeFolder(path + "/tokenizer")
    try tokenizer.save(to: path + "/tokenizer")
    let sentences = (0..<60).map { "The number \($0) comes before \($0 + 1), as everyone knows. " }
    try writeShard("text", sentences)
    try writeShard("held-out", ["The number 70 comes before 71, as everyone knows.", "Hello."])
    let chats = (0..<24).map { number -> String in
      let sum = number + 3
      return #"[{"role":"user","content":"\#(number)+3?"},{"role":"assistant","content":"#
        + #"[{"type":"python","text":"\#(number)+3"},{"type":"python_output","text":"\#(sum)"},"#
        + #"{"type":"text","text":"\#(sum)"}]}]"#
    }
    try CheckpointFiles.write(
      Array(chats.joined(separator: "\n").utf8), to: path + "/chats.jsonl")
  }

  func writeShard(_ name: String, _ documents: [String]) throws {
    let writer = try TokenShardWriter(
      path: path + "/\(name).tokens", vocabularySize: tokenizer.vocabularySize, hasMask: false,
      tokenizerHash: tokenizer.shardHash)
    for text in documents {
      try writer.append(document: [tokenizer.specialTokens.bos] + tokenizer.encode(text))
    }
    try writer.finish()
  }

  /// Small enough for a step in a few milliseconds.
  static func options(_ kind: TrainingStage.Kind, steps: Int = 12) -> TrainingOptions {
    var options = TrainingOptions.defaults(for: kind)
    options.shape = .explicit(layers: 2, width: 32, heads: 2, keyValueHeads: 1)
    options.sequenceLength = 24
    options.deviceBatch = 3
    options.tokensPerStep = 3 * 24 * 2
    options.length = .steps(steps)
    options.evaluateEvery = 5
    options.sampleEvery = 6
    options.sampleTokens = 4
    options.samplePrompts = ["The number", "1"]
    options.rateFactor = kind == .base ? 1 : 0.3
    options.saveEverySeconds = 0
    return options
  }

  func inputs(_ kind: TrainingStage.Kind) -> TrainingStage.Inputs {
    var inputs = TrainingStage.Inputs()
    inputs.validationText = [path + "/held-out.tokens"]
    if kind == .base {
      inputs.text = [path + "/text.tokens"]
      inputs.tokenizer = path + "/tokenizer"
    } else {
      inputs.text = kind == .mid ? [path + "/text.tokens"] : []
      inputs.model = path + "/base"
      inputs.conversations = [path + "/chats.jsonl"]
      inputs.validationConversations = [path + "/chats.jsonl"]
    }
    return inputs
  }

  @discardableResult
  func train(
    _ kind: TrainingStage.Kind, into name: String, _ options: TrainingOptions? = nil,
    threads: Int = 1, reporter: Recorder = Recorder()
  ) throws -> TrainingSummary {
    try TrainingStage.run(
      kind: kind, options: options ?? Self.options(kind), inputs: inputs(kind),
      environment: TrainingStage.Environment(
        output: path + "/" + name, threads: threads, toolVersion: "test"),
      reporter: reporter)
  }

  func bytes(_ name: String) throws -> [UInt8] { try CheckpointFiles.read(path + "/" + name) }

  /// Names and bytes of all files of a folder, folders in it included.
  func files(_ name: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for entry in CheckpointFiles.names(in: path + "/" + name) {
      let inner = name + "/" + entry
      if CheckpointFiles.names(in: path + "/" + inner).isEmpty {
        files[entry] = try bytes(inner)
      } else {
        for (deeper, bytes) in try self.files(inner) { files[entry + "/" + deeper] = bytes }
      }
    }
    return files
  }

  func metrics(_ name: String) throws -> [JSONValue] {
    try String(decoding: bytes(name + "/metrics.jsonl"), as: UTF8.self)
      .split(separator: "\n").map { try JSONParser.parse(String($0)) }
  }
}

/// Keeps what is reported and asks to stop at a step, once.
final class Recorder: TrainingReporter {
  struct Report {
    var steps = 0
    var questions = 0
    var log: [String] = []
    var metrics: [String: JSONValue] = [:]
    var measurements: [String: JSONValue] = [:]
    var samples: [(step: Int, values: [String: Double])] = []
  }

  private let report = Mutex(Report())
  private let stopAfter: Int?
  private let stopAtQuestion: Int?

  /// Asks to stop once `stopAfter` steps were made by this process, or when it is asked whether to
  /// for the `stopAtQuestion`th time.
  init(stopAfter: Int? = nil, stopAtQuestion: Int? = nil) {
    self.stopAfter = stopAfter
    self.stopAtQuestion = stopAtQuestion
  }

  var current: Report { report.withLock { $0 } }

  var isCancelled: Bool {
    report.withLock { report in
      report.questions += 1
      return stopAfter.map { report.steps >= $0 } ?? false
        || stopAtQuestion.map { report.questions >= $0 } ?? false
    }
  }

  func progress(_ progress: TrainingProgress) { report.withLock { $0.steps += 1 } }
  func metric(_ name: String, _ value: JSONValue) { report.withLock { $0.metrics[name] = value } }
  func measurement(_ name: String, _ value: JSONValue) {
    report.withLock { $0.measurements[name] = value }
  }
  func sample(step: Int, _ values: [String: Double]) {
    report.withLock { $0.samples.append((step, values)) }
  }
  func log(_ line: String) { report.withLock { $0.log.append(line) } }
}
