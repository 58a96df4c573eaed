import Corpus
package import Kernels
import LanguageModel
import Tokenization

/// One of the three stages that end in a checkpoint folder. They share one loop and differ in data
/// and options.
package enum TrainingStage {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// From nothing, on plain text.
    case base
    /// On rendered conversations, all tokens.
    case mid
    /// On the replies in conversations.
    case sft
  }

  /// Paths of what a stage reads; files, or folders that hold them.
  package struct Inputs: Sendable, Hashable {
    /// Token shards of plain text: `base`, and `mid` when text is mixed in.
    package var text: [String] = []
    package var validationText: [String] = []
    /// JSONL files of conversations, or token shards with a loss mask: `mid` and `sft`.
    package var conversations: [String] = []
    package var validationConversations: [String] = []
    /// Folder or file of the tokenizer: `base`.
    package var tokenizer: String?
    /// Checkpoint folder to start from: `mid` and `sft`.
    package var model: String?

    package init() {}
  }

  /// Where and with what a stage runs; none of it changes the result.
  package struct Environment: Sendable {
    /// Folder of the result; it may hold what an interrupted attempt left.
    package var output: String
    package var threads: Int
    /// Bytes; nil for what the machine has.
    package var memoryLimit: Int?
    package var blasKernel: BLASKernelChoice
    /// Recorded in `training.json`.
    package var toolVersion: String

    package init(
      output: String, threads: Int, memoryLimit: Int? = nil,
      blasKernel: BLASKernelChoice = .automatic, toolVersion: String = ""
    ) {
      self.output = output
      self.threads = threads
      self.memoryLimit = memoryLimit
      self.blasKernel = blasKernel
      self.toolVersion = toolVersion
    }
  }

  /// Trains a model and leaves its folder in `environment.output`; continues from the newest
  /// checkpoint there when an earlier attempt was stopped. The result's bytes depend on kind,
  /// options and inputs only.
  ///
  /// Throws `TrainingError`, or `TrainingInterrupted` once the reporter asks to stop and a
  /// checkpoint is saved.
  @discardableResult
  package static func run(
    kind: Kind, options: TrainingOptions, inputs: Inputs, environment: Environment,
    reporter: any TrainingReporter
  ) throws -> TrainingSummary {
    try options.validate()
    let data = try TrainingData.open(kind, options, inputs, workFolder: environment.output)
    let plan = try TrainingPlan.make(kind, options, data)
    for line in plan.description { reporter.log(line) }
    try plan.checkMemory(threads: environment.threads, limit: environment.memoryLimit, reporter)

    let pool: ThreadPool
    do throws(KernelError) {
      let blas = try BLAS.load(kernel: environment.blasKernel)
      reporter.log(
        "OpenBLAS \(blas.core) kernels, own kernels \(blas.variant), \(environment.threads) threads"
      )
      pool = try ThreadPool(threads: environment.threads)
    } catch { throw TrainingError.kernel(error) }
    let run = try TrainingRun(
      plan: plan, data: data, pool: pool, environment: environment, reporter: reporter)
    return try run.run()
  }
}
